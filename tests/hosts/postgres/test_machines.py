"""Several machines with one record: workers with data folders of their own, killed, the server restarted meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import FAST, REPOSITORY, SPEED, environment_for
from tests.postgres import SERVER_VARIABLE, PostgresServer, Wire, drop_databases, make_database
from tests.promises.driver import KILLS, Driver, killed_again_and_again
from tests.promises.stores import STORE_NAMES
from tests.starts import TITLE, posts

pytest.importorskip("pgserver", reason="run by make test-hosts")

REVENUE = "Revenue report"
WORKERS = 8
# How fast time passes for them: not so fast that a server's restart is longer than anybody waits for it.
PACE = 10
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    make_database(postgres.address(), "machines")
    yield postgres
    drop_databases(postgres.address(), "machines")
    drop_databases(postgres.address(), STORE_NAMES)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(PACE), limits=False) as running:
        yield running


@pytest.fixture
def paced(fast: dict[str, str]) -> dict[str, str]:
    """What lets a program's time pass at that pace: a part of its environment."""
    file = Path(fast["PYTHONPATH"]) / "sitecustomize.py"
    file.write_text(FAST.replace(f"({SPEED})", f"({PACE})"))
    return fast


@pytest.fixture
def begin(sandbox: Sandbox, server: PostgresServer, paced: dict[str, str], tmp_path: Path) -> Begin:
    """Begin a call on a machine of its own: begin("hex_run_project", 3, idempotencyKey="k")."""
    project = sandbox.world.project(TITLE).id

    def start(tool: str, machine: int, record: str = "", **inputs: str) -> subprocess.Popen[str]:
        given = [f"{name}={value}" for name, value in {"projectId": project, **inputs}.items()]
        environment = {
            **os.environ,
            **environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal),
            "HEX_BLOCKS_DATA_DIR": str(tmp_path / f"machine-{machine}"),
            "HEX_BLOCKS_RECORD": record or server.address("machines"),
            "PYTHONPATH": os.pathsep.join([*paced.values(), str(REPOSITORY)]),
        }
        command = [sys.executable, "-m", "hex_blocks", "call", tool, *given, "--quiet"]
        pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, text=True, env=environment, cwd=tmp_path, **pipes)

    return start


def run_of(process: subprocess.Popen[str]) -> str:
    said, faults = process.communicate(timeout=100)
    assert process.returncode == 0, faults
    return str(json.loads(said)["runId"])


def test_this_is_the_wheels_server_and_the_oldest_driver(postgres: PostgresServer) -> None:
    [[version]] = postgres.ask("SHOW server_version")

    assert version.startswith("16.")
    assert psycopg.__version__.startswith("3.2.")


@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait"])
def test_eight_workers_with_one_key_and_data_folders_of_their_own_share_one_run(
    tool: str, begin: Begin, sandbox: Sandbox
) -> None:
    workers = [begin(tool, machine, idempotencyKey="daily") for machine in range(WORKERS)]

    runs = [run_of(worker) for worker in workers]

    assert len(runs) == WORKERS
    assert len(set(runs)) == 1
    assert posts(sandbox) == 1


def test_eight_workers_with_one_key_share_one_run_though_the_server_is_restarted(
    begin: Begin, server: PostgresServer, sandbox: Sandbox
) -> None:
    workers = [begin("hex_run_project", machine, idempotencyKey="daily") for machine in range(WORKERS)]

    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
        threading.Event().wait(0.7)
        server.restart(how)
    runs = [run_of(worker) for worker in workers]

    assert len(set(runs)) == 1
    assert posts(sandbox) == 1


def test_eight_workers_with_one_key_share_one_run_though_their_wires_are_cut(
    begin: Begin, server: PostgresServer, sandbox: Sandbox
) -> None:
    wire = Wire(server.port)
    record = server.address("machines", port=wire.port)
    workers = [begin("hex_run_project", machine, record, idempotencyKey="daily") for machine in range(WORKERS)]

    for _ in range(20):
        threading.Event().wait(0.2)
        wire.cut()
    runs = [run_of(worker) for worker in workers]

    wire.close()
    assert len(set(runs)) == 1
    assert posts(sandbox) == 1


def test_starts_of_one_project_from_eight_machines_are_one_each(begin: Begin, sandbox: Sandbox) -> None:
    workers = [begin("hex_run_project", machine, idempotencyKey=f"machine {machine}") for machine in range(WORKERS)]

    runs = [run_of(worker) for worker in workers]

    assert len(set(runs)) == WORKERS == posts(sandbox)


@pytest.fixture(params=["the server is restarted", "the network is cut"])
def fail(
    request: pytest.FixtureRequest, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[random.Random], None]]:
    """What goes wrong now and then: called, it does so."""
    if request.param == "the server is restarted":
        yield lambda chance: server.restart(chance.choice([signal.SIGINT, signal.SIGQUIT]))
        return
    wire = Wire(server.port)
    monkeypatch.setenv(SERVER_VARIABLE, server.address(port=wire.port))
    yield lambda chance: wire.cut()
    wire.close()


@pytest.fixture
def driver(fail: Callable[[random.Random], None], tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path, "PostgreSQL")
    # On a busy machine a connection may take longer than it then lasts.
    made.calls_again = True
    yield made
    made.close()


def test_what_is_killed_while_all_else_fails_again_and_again_is_made_once(
    driver: Driver, fail: Callable[[random.Random], None]
) -> None:
    chance, number, ours = random.Random(4), 0, set()
    done = threading.Event()

    def fail_now_and_then() -> None:
        moments = random.Random(5)
        while not done.wait(moments.uniform(0.5, 2.5)):
            fail(moments)

    failing = threading.Thread(target=fail_now_and_then)
    failing.start()
    try:
        while driver.kills < KILLS:
            number += 1
            inputs = {"projectId": driver.sandbox.world.project(REVENUE).id, "idempotencyKey": f"wait-{number}"}
            result = killed_again_and_again(driver, chance, "hex_run_and_wait", inputs, starts=1)
            assert result["status"] == "COMPLETED"
            ours.add(result["runId"])

            assert set(driver.runs_of(REVENUE)) == ours
    finally:
        done.set()
        failing.join()
    assert len(ours) == number
