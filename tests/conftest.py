"""The fixtures of all tests.

A clean environment, the registry, connections to a local server or sandbox, the command.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.cli import main
from hex_blocks.clock import Clock, DrivenClock
from hex_blocks.i18n import texts
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.store import Record
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.declared_errors import DeclaredErrors
from tests.documents import missing, needed_by
from tests.faulty import Act, Faulty, when
from tests.starts import TITLE, Through

if TYPE_CHECKING:
    from tests.postgres import PostgresServer

REPOSITORY = Path(__file__).parents[1]
# A background job ignores Ctrl-C and so do its child processes; commands that tests interrupt must not ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

TOKEN = "hxtp_token_of_the_tests"
VARIABLES = (
    "HEX_API_TOKEN",
    "HEX_API_BASE_URL",
    "HEX_BLOCKS_ALLOWED_HOSTS",
    "HEX_BLOCKS_BUDGET",
    "HEX_BLOCKS_RECORD",
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "COLUMNS",
    "NO_COLOR",
    "FORCE_COLOR",
)

# How much faster time passes in a process with the fast clock, so that waiting for a run takes little real time.
SPEED = 60
FAST = f"""
import hex_blocks.clock


class SystemClock(hex_blocks.clock.FastClock):
    def __init__(self):
        super().__init__({SPEED})


hex_blocks.clock.SystemClock = SystemClock
"""


class WrongClock(DrivenClock):
    """A clock with a wrong time of day, which otherwise runs like another clock."""

    def __init__(self, right: Clock, wrong_by: float = 0.0) -> None:
        super().__init__()
        self.right = right
        self.wrong_by = wrong_by

    def time(self) -> float:
        return self.right.time() + self.wrong_by

    def monotonic(self) -> float:
        return self.right.monotonic()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        return self.right.wait(seconds, stop)


def environment_for(base_url: str, origin: str, token: str) -> dict[str, str]:
    """Return the environment variables that connect a process to a local Hex."""
    return {"HEX_API_BASE_URL": base_url, "HEX_BLOCKS_ALLOWED_HOSTS": origin, "HEX_API_TOKEN": token}


RunTool = Callable[..., dict[str, Any]]
Finished = subprocess.CompletedProcess[str]
RunCommand = Callable[..., Finished]
Install = Callable[..., Path]
WriteCatalogue = Callable[[Path, dict[str, str]], None]


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of folders that do not exist yet, one for each test without `tmp_path`."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in count())


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """Hide the machine's token, language and record of runs from the tests and their subprocesses."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    # Most tests need no folder, and creating one would take longer than many tests do.
    home = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else next(homes)
    monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("HEX_BLOCKS_CONFIG_DIR", str(home / "config"))
    # No keyring; tests of the keyring set their own.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def check_error_sentences(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that creates an error without a sentence or without a value for one of its placeholders."""
    made: list[HexError] = []
    make = HexError.__init__

    def make_and_remember(error: HexError, *given: Any, **values: Any) -> None:
        make(error, *given, **values)
        made.append(error)

    monkeypatch.setattr(HexError, "__init__", make_and_remember)
    yield
    assert all(error.message() and error.document()["message"] for error in made)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this session, which subprocesses of tests find through the environment."""
    # Imported here, because the environments of other hosts have no driver for it.
    from tests.postgres import SERVER_VARIABLE, PostgresServer, programs

    found = programs()
    if found is None:
        reason = "PostgreSQL is not installed: apt-get install postgresql, or pip install pgserver"
        # In CI these tests must run.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with PostgresServer(found) as server:
        os.environ[SERVER_VARIABLE] = server.address()
        yield server
        del os.environ[SERVER_VARIABLE]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The tools of hex_blocks, without plugins."""
    return Registry.load(plugins=False)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def connection(httpserver: HTTPServer, clock: DrivenClock) -> Iterator[Connection]:
    """A connection to the test's HTTP server; the input `baseUrl` of calls is ignored."""
    origin = httpserver.url_for("").rstrip("/")
    with Connection(TOKEN, f"{origin}/api/v1", allowed_hosts=(origin,), pinned=True, clock=clock) as made:
        yield made


@pytest.fixture
def sandbox(clock: DrivenClock) -> Iterator[Sandbox]:
    """A sandbox with Hex's rate limits."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def connect(sandbox: Sandbox, clock: DrivenClock) -> Iterator[Callable[..., Connection]]:
    """Return a function that makes connections to the sandbox: connect(token)."""
    with ExitStack() as open_ones:

        def connect_with(token: str = TOKENS.personal) -> Connection:
            return open_ones.enter_context(
                Connection(token, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock)
            )

        yield connect_with


@pytest.fixture
def run(registry: Registry, connect: Callable[..., Connection]) -> RunTool:
    """Return a function that runs a tool on the sandbox: run("hex_ask", {…}, token=…) returns its outputs."""
    connections: dict[str, Connection] = {}

    def run_tool(tool_id: str, inputs: dict[str, Any], token: str = TOKENS.personal, **more: Any) -> dict[str, Any]:
        connection = connections.setdefault(token, connect(token))
        return hex_on(connection).call(registry[tool_id], inputs, **more)

    return run_tool


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    return sandbox.world.project(TITLE).id


@pytest.fixture
def started(sandbox: Sandbox, project: str) -> Callable[[], list[str]]:
    """Return a function that returns the IDs of the runs that were started during the test, newest first."""
    before = {run.id for run in sandbox.world.runs(project)}
    return lambda: [run.id for run in sandbox.world.runs(project) if run.id not in before]


@pytest.fixture
def through(sandbox: Sandbox, clock: DrivenClock) -> Iterator[Through]:
    """Return a function that makes a connection through a faulty proxy: through(act, …)."""
    with Faulty(when("POST"), upstream=sandbox.origin) as proxy, ExitStack() as open_ones:

        def connect(*acts: Act, record: Record | None = None, **options: Any) -> Connection:
            proxy.play(*acts)
            options = {"clock": clock, "timeout": 0.3, "patience": 60.0, **options}
            made = Connection(TOKENS.personal, proxy.base_url, allowed_hosts=(proxy.origin,), pinned=True, **options)
            if record is not None:
                use_record(made, record)
            return open_ones.enter_context(made)

        yield connect


@pytest.fixture
def start(registry: Registry, project: str) -> RunTool:
    """Return a function that starts the project: start(connection, key="k") returns the outputs."""

    def start_it(connection: Connection, key: str | None = "daily", **inputs: Any) -> dict[str, Any]:
        given = {"projectId": project, "idempotencyKey": key, **inputs}
        return hex_on(connection).call("hex_run_project", given)

    return start_it


@pytest.fixture
def asked(sandbox: Sandbox) -> Callable[[], list[str]]:
    """Return a function that returns the operations that the sandbox has received, in order."""
    return lambda: [str(request.operation_id) for request in sandbox.requests]


@pytest.fixture
def fast(tmp_path: Path) -> dict[str, str]:
    """Environment variables that give a process the fast clock."""
    folder = tmp_path / "fast"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAST)
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
def hex_blocks(tmp_path: Path) -> RunCommand:
    """Return a function that runs `python -m hex_blocks` as a process, in an empty folder.

    hex_blocks("tools", "--json", stdin="", env={"LANG": "de"}) returns the completed process.
    """
    empty = tmp_path / "elsewhere"
    empty.mkdir()

    def run(*arguments: str, stdin: str = "", env: dict[str, str] | None = None, **options: Any) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "hex_blocks", *arguments],
            input=stdin,
            env=os.environ | {"PYTHONWARNINGS": "error"} | (env or {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **{"cwd": empty, **options},
        )

    return run


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[RunCommand]:
    """Return a function that runs the command line in this process, in an empty folder, which is much faster.

    here("projects", "--sandbox", stdin="") returns the same as `hex_blocks`, for tests that need no process.
    """
    before = signal.getsignal(signal.SIGTERM)
    empty = tmp_path / "here"
    empty.mkdir()

    def run(*arguments: str, stdin: str | bytes = "", env: dict[str, str] | None = None, cwd: Path = empty) -> Finished:
        monkeypatch.chdir(cwd)
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["hex-blocks", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return subprocess.CompletedProcess(arguments, code if isinstance(code, int) else 1, said.out, said.err)

    yield run
    logger = logging.getLogger("hex_blocks.api")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    signal.signal(signal.SIGTERM, before)
    texts.set_language(None)


@pytest.fixture(autouse=True)
def no_languages_of_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the folders of translations that a test has added or replaced."""
    monkeypatch.setattr(texts, "_folders", [])
    package = texts.PACKAGE
    yield
    if texts._folders or package != texts.PACKAGE:
        texts._catalogues.cache_clear()


@pytest.fixture(scope="session")
def write_catalogue() -> WriteCatalogue:
    """Return a function that writes a compiled gettext catalogue, as in packages of plugins."""

    def write(path: Path, translations: dict[str, str]) -> None:
        words = {"": "Content-Type: text/plain; charset=UTF-8\n"} | translations
        pairs = [(english.encode(), words[english].encode()) for english in sorted(words)]
        tables, texts_ = [b"", b""], b""
        start = 28 + 16 * len(pairs)
        for column in (0, 1):
            for pair in pairs:
                tables[column] += struct.pack("<2I", len(pair[column]), start + len(texts_))
                texts_ += pair[column] + b"\0"
        head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(head + tables[0] + tables[1] + texts_)

    return write


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Return a function that builds and installs the wheel of a project, without dependencies and without a network.

    install(folder, "--target", "…", python=…) returns the wheel.
    """

    def build_and_install(project: Path, *options: str, python: Path | str = sys.executable) -> Path:
        out = tmp_path_factory.mktemp("wheels")
        run_quietly(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(project))
        wheel = next(out.glob("*.whl"))
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
        uv = ["uv", "pip", "install", "--offline", "--python", str(python)]
        run_quietly(*(pip if find_spec("pip") else uv), "--no-deps", "--no-index", *options, str(wheel))
        return wheel

    return build_and_install


def run_quietly(*command: str) -> None:
    """Run a command that must succeed. If it fails, the error contains its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(DeclaredErrors(config))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need a missing document of Hex; one test reports this."""
    absent = set(missing())
    needing = [item for item in items if needed_by(item) & absent] if absent else []
    if not needing:
        return
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]
