"""PostgreSQL servers for tests, from Debian or from the wheel `pgserver`, each with its own socket and port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

# The environment variable with the address of the server, for subprocesses of tests.
SERVER_VARIABLE = "HEX_BLOCKS_TEST_POSTGRES"
# PostgreSQL refuses to run as root.
NOBODY = 65534


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: from the wheel if it is installed, otherwise Debian's."""
    if (wheel := find_spec("pgserver")) and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: int(file.parts[-3]))
    return of_debian[-1].parent if of_debian else None


class PostgresServer:
    """A server with its own data folder, which is deleted with it.

    Args:
        found: The folder of PostgreSQL's programs.
        host: The address that it listens on, besides its socket.
        within: The network namespace that it runs in.
        **settings: Settings of the server.
    """

    def __init__(self, found: Path, host: str = "127.0.0.1", within: str | None = None, **settings: str) -> None:
        # The path of a socket must be short, but the folder of a test may be long.
        self.folder = Path(tempfile.mkdtemp(prefix="hb-pg-"))
        self.run_as: dict[str, Any] = {}
        if os.getuid() == 0:
            self.run_as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            found = self._reachable(found)
            os.chown(self.folder, NOBODY, NOBODY)
        self._programs = found
        self._settings = {"fsync": "off", "max_connections": "200", **settings}
        self.port = free_port()
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        self._host = host
        self._before: list[str] = []
        if within:
            # Only root can enter a namespace, but the server must run as another user.
            as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            self._before = ["ip", "netns", "exec", within, *as_nobody]
            with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("\nhost all all samenet trust\n")
        self.start()

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def address(self, database: str = "postgres", user: str = "postgres", *, port: int | None = None) -> str:
        """Return the address of a database, through the socket or a port."""
        if port is not None:
            return f"postgresql://{user}@{self._host}:{port}/{database}"
        return f"postgresql://{user}@/{database}?{urlencode({'host': str(self.folder), 'port': self.port})}"

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        given = [f"-c{name}={value}" for name, value in self._settings.items()]
        place = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", self._host, "-p", str(self.port)]
        run_as = {} if self._before else self.run_as
        with (self.folder / "log").open("ab") as log:
            command = [*self._before, str(self._programs / "postgres"), *place, *given]
            # A process group of its own, so that signals reach all of its processes.
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **run_as)
        until(self._answers)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it and close its connections. SIGQUIT is like a crash, after which it needs a recovery."""
        self.thaw()
        self._process.send_signal(how)
        self._process.wait(60)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it and start it again."""
        self.stop(how)
        self.start()

    def freeze(self) -> None:
        """Suspend all of its processes, with open connections."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume its processes."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and delete its data."""
        if self._process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with closing(connected(self.address(database))) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def connections(self, database: str) -> int:
        """Return the number of connections to a database."""
        return len(self.ask(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}'"))

    def _signal(self, which: signal.Signals) -> None:
        for process in [self._process.pid, *children_of(self._process.pid)]:
            # A process of a closed connection may have ended meanwhile.
            with suppress(ProcessLookupError):
                os.kill(process, which)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text(errors="replace")
        try:
            psycopg.connect(self.address(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _reachable(self, found: Path) -> Path:
        """Return a folder with the programs that all users can read; a virtual environment may be private."""
        if all(folder.stat().st_mode & 0o001 for folder in found.parents):
            return found
        self.folder.chmod(0o755)
        # The programs of the wheel need its libraries beside them.
        packages = found.parents[2]
        for folder in packages.glob("pgserver*"):
            shutil.copytree(folder, self.folder / folder.name, symlinks=True)
        return self.folder / found.relative_to(packages)

    def _run(self, program: str, *given: str) -> None:
        command = [str(self._programs / program), *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder, **self.run_as)
        assert done.returncode == 0, done.stdout + done.stderr


def connected(address: str) -> psycopg.Connection[Any]:
    """Return a connection to a server, as soon as the server accepts connections."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def make_database(server: str, name: str) -> None:
    """Create an empty database if there is none of that name."""
    until(lambda: _is_made(server, name))


def _is_made(server: str, name: str) -> bool:
    try:
        with closing(connected(server)) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return True
            # Another process may create it at the same time.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(f"CREATE DATABASE {name}".encode())
    except psycopg.OperationalError:
        # The server is restarting.
        return False
    return True


def drop_databases(server: str, beginning: str) -> None:
    """Delete the databases whose names begin with a text, and close their connections."""
    with closing(connected(server)) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (beginning,))
        for (name,) in found.fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def address_in(server: str, database: str, user: str = "postgres") -> str:
    """Return the address of another database on the same server."""
    known = psycopg.conninfo.conninfo_to_dict(server)
    place = urlencode({"host": known["host"], "port": known["port"]}, quote_via=quote)
    return f"postgresql://{user}@/{database}?{place}"


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def children_of(process: int) -> list[int]:
    """Return the IDs of the child processes of a process."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def until(true: Any, seconds: float = 30.0) -> None:
    """Wait until a function returns true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Wire:
    """A TCP proxy to a server that can break or stall connections.

    Args:
        port: The port of the server.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._ends: list[socket.socket] = []
        self._silent = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset all connections, like a router that has lost them."""
        while self._ends:
            end = self._ends.pop()
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def fall_silent(self) -> None:
        """Stop forwarding data, without closing connections."""
        self._silent.set()

    def speak(self) -> None:
        """Forward new connections again; earlier ones are lost."""
        self.cut()
        self._silent.clear()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    # The server is away, and will be back.
                    near.close()
                    continue
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while said := one.recv(65536):
                if not self._silent.is_set():
                    other.sendall(said)
            other.shutdown(socket.SHUT_RDWR)


class Pooler:
    """A PgBouncer in front of a server."""

    def __init__(self, server: PostgresServer, mode: str, **settings: str) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="hb-pb-"))
        lines = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "auth_type": "any",
            "pool_mode": mode,
            "unix_socket_dir": "",
            **settings,
        }
        file = self._folder / "pgbouncer.ini"
        to = f"* = host={server.folder} port={server.port} user=postgres"
        file.write_text("\n".join(["[databases]", to, "[pgbouncer]", *(f"{name} = {lines[name]}" for name in lines)]))
        shutil.chown(self._folder, *([NOBODY, NOBODY] if os.getuid() == 0 else [os.getuid()]))
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self._process = subprocess.Popen([program, "-q", str(file)], stderr=subprocess.DEVNULL, **server.run_as)
        until(self._listens)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)
        shutil.rmtree(self._folder)

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0
