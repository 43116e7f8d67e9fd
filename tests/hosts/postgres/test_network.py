"""A machine that the network loses: nothing comes from it any more, and nothing says that it is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.store import Start
from tests.conftest import REPOSITORY
from tests.postgres import PostgresServer, programs

pytest.importorskip("pgserver", reason="run by make test-hosts")

HEX = "https://app.hex.tech/api/v1"
# Within this, each side finds out that the other one is gone.
FOUND_OUT = 30.0


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


class Network:
    """Two machines and the wire between them, apart from all other networks."""

    def __init__(self) -> None:
        self.here, self.there = f"hb{os.getpid()}a", f"hb{os.getpid()}b"
        for name in (self.here, self.there):
            ip(f"netns add {name}")
        ip(f"-n {self.here} link add wire type veth peer name wire netns {self.there}")
        for name, address in ((self.here, "10.77.0.1"), (self.there, "10.77.0.2")):
            ip(f"-n {name} address add {address}/24 dev wire")
            ip(f"-n {name} link set wire up")

    def cut(self) -> None:
        ip(f"-n {self.there} link set wire down")

    def mend(self) -> None:
        ip(f"-n {self.there} link set wire up")

    def remove(self) -> None:
        for name in (self.here, self.there):
            ip(f"netns delete {name}")


@pytest.fixture
def network() -> Iterator[Network]:
    if os.getuid() != 0 or not shutil.which("ip"):
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("network namespaces need an administrator, and iproute2")
    made = Network()
    yield made
    made.remove()


@pytest.fixture
def server(network: Network) -> Iterator[PostgresServer]:
    found = programs()
    assert found
    with PostgresServer(found, "10.77.0.1", network.here) as made:
        yield made


HOLDER = f"""
import sys, time
from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.store import RecordBusyError, Start
record = PostgresRecord(sys.argv[1])
with record.lock_key("{HEX}", "k") as ours:
    print(ours, flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    try:
        record.intend("{HEX}", Start("k", "project", "of the machine that was lost", 2.0, 2.0))
    except RecordBusyError as error:
        print(type(error).__name__, flush=True)
    print(time.monotonic() - began, flush=True)
    sys.stdin.readline()
    print(record.find("{HEX}", "k").fingerprint, flush=True)
"""


def test_a_machine_that_the_network_loses_frees_its_key_and_writes_nothing_under_it(
    network: Network, server: PostgresServer
) -> None:
    record = PostgresRecord(server.address())
    address = server.address(port=server.port)
    holder = subprocess.Popen(
        ["ip", "netns", "exec", network.there, sys.executable, "-c", HOLDER, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline() == "True\n"

    network.cut()
    holder.stdin.write("write\n")
    holder.stdin.flush()
    cut_at = time.monotonic()
    with record.lock_key(HEX, "k") as ours:
        freed_after = time.monotonic() - cut_at
        record.intend(HEX, Start("k", "project", "of the other machine", 1.0, 1.0))
        said, lost_after = holder.stdout.readline().strip(), float(holder.stdout.readline())
    network.mend()
    rest = holder.communicate("read\n", timeout=60)[0].strip()
    record.close()

    assert ours
    assert said == "RecordLostError"
    assert max(freed_after, lost_after) < FOUND_OUT
    assert rest == "of the other machine"
