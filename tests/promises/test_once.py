"""No start makes two runs: of threads and processes with the same key, after lost answers, with a slow record."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hex_blocks.clock import DrivenClock, SystemClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.conftest import REPOSITORY
from tests.faulty import lost, when
from tests.marks import mostly_slow
from tests.promises.stores import Slow, Store
from tests.promises.works import WORKS, MakeOne
from tests.starts import LOST, TITLE, Started, StartIt, Through, posts, warnings


@pytest.mark.parametrize("key", ["daily", None])
@pytest.mark.parametrize("how", mostly_slow(LOST, "reset", "half a body", "500", "login page", "nginx's 503"))
def test_a_run_whose_answer_was_lost_is_found(
    how: str, key: str | None, through: Through, start: StartIt, started: Started
) -> None:
    result = start(through(when("POST", LOST[how])), key)

    assert [result["runId"]] == started()
    assert warnings(result) == ["start_recovered"]
    assert result["runUrl"]
    assert result["runStatusUrl"].endswith(result["runId"])


@pytest.mark.parametrize("how", mostly_slow(LOST, "reset", "half a body", "500", "login page", "nginx's 503"))
def test_a_run_that_was_found_keeps_its_key(how: str, through: Through, start: StartIt, started: Started) -> None:
    connection = through(when("POST", LOST[how]))

    runs = {start(connection)["runId"] for _ in range(3)}

    assert list(runs) == started()


def test_threads_with_the_same_key_share_one_run(through: Through, start: StartIt, started: Started) -> None:
    connection = through(when("POST"))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: start(connection)["runId"], range(8)))

    assert set(results) == set(started())
    assert len(started()) == 1


STARTER = """
import json, sys
from pathlib import Path
from hex_blocks import Connection, Hex
from tests.promises.stores import STORES
kind, where, url, token, project = json.loads(sys.argv[1])
with Connection(token, url, allowed_hosts=(url.removesuffix("/api/v1"),)) as connection:
    hex_ = Hex(connection=connection, record=STORES[kind](Path(where)).open())
    print(hex_.call("hex_run_project", {"projectId": project, "idempotencyKey": "k"})["runId"])
"""


@pytest.mark.slow
def test_processes_with_the_same_key_share_one_run(kind: str, tmp_path: Path) -> None:
    with Sandbox(clock=SystemClock(), limits=False) as sandbox:
        where = str(tmp_path / "store")
        given = json.dumps([kind, where, sandbox.base_url, TOKENS.personal, sandbox.world.project(TITLE).id])
        processes = [
            subprocess.Popen([sys.executable, "-c", STARTER, given], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
            for _ in range(4)
        ]
        runs = [process.communicate(timeout=60)[0].strip() for process in processes]

        assert len(set(runs)) == 1
        assert posts(sandbox) == 1


# A record that is slow


@pytest.mark.parametrize("key", ["daily", None])
@pytest.mark.parametrize("tool", WORKS)
def test_a_slow_record_costs_a_start_no_second_request(
    tool: str,
    key: str | None,
    do: MakeOne,
    store: Store,
    sandbox: Sandbox,
    clock: DrivenClock,
    through: Through,
    started: Started,
) -> None:
    do(through(when("POST"), record=Slow(store.open(), clock, 1.2)), tool, key)

    assert posts(sandbox) == len(started()) == 1


def test_a_slow_record_lets_a_whole_batch_through(
    project: str, store: Store, sandbox: Sandbox, clock: DrivenClock, through: Through, started: Started
) -> None:
    connection = through(when("POST", lost), record=Slow(store.open(), clock, 1.2))
    batch = {"projectId": project, "parameterSets": [{}] * 30, "idempotencyKey": "monthly"}

    result = hex_on(connection).call("hex_run_batch", batch)

    assert result["succeeded"]
    assert posts(sandbox) == len(started()) == 30
