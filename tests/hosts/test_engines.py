"""What the engines' hosts share: whose run is whose over retries, on whatever machine they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from hex_blocks import Connection, Hex, HexError
from hex_blocks.clock import DrivenClock, FastClock
from hex_blocks.hosts.engines.clients import client_for, hex_inputs, snake_case
from hex_blocks.hosts.engines.following import followers_of
from hex_blocks.hosts.engines.kept import NoStore
from hex_blocks.hosts.engines.work import LONGEST_NAME, Work, all_completed, work_name
from hex_blocks.runs.record.configured import record_of, use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput, Plan
from tests.calling import our_tools

TITLE = "Quick check"
OPTIONS = {"timeout": 600.0, "pollInterval": 5.0}
OnMachine = Callable[[str], Hex]


@pytest.fixture
def project(sandbox: Sandbox) -> str:
    found = sandbox.world.project(TITLE)
    found.inputs = (NotebookInput("n", "number", 0),)
    return found.id


@pytest.fixture
def started(sandbox: Sandbox, project: str) -> Callable[[], int]:
    """Count the runs that were started since the test began."""
    before = len(sandbox.world.runs(project))
    return lambda: len(sandbox.world.runs(project)) - before


@pytest.fixture
def on_machine(sandbox: Sandbox, clock: DrivenClock, tmp_path: Path) -> Iterator[OnMachine]:
    """Make a client of a new process on a machine, whose record of runs is its own."""
    with ExitStack() as open_ones:

        def connect(machine: str) -> Hex:
            made = open_ones.enter_context(
                Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock)
            )
            use_record(made, SqliteRecord(tmp_path / machine))
            return Hex(connection=made, tools=our_tools())

        yield connect


def ends_with(sandbox: Sandbox, status: str) -> None:
    project = sandbox.world.project(TITLE)
    project.plan = Plan(2, 4, status)


@pytest.mark.parametrize("machine", ["one", "another"])
def test_a_retry_follows_the_run_that_goes_on(machine, on_machine, project, started):
    store = NoStore()
    first = Work(on_machine("one"), "engine:a", store).start({"project_id": project})

    work = Work(on_machine(machine), "engine:a", store)
    again = work.start({"project_id": project})
    ended = work.follow(again, OPTIONS)

    assert again["runId"] == first["runId"] == ended["runId"]
    assert ended["status"] == "COMPLETED"
    assert started() == 1


@pytest.mark.parametrize("machine", ["one", "another"])
def test_a_retry_takes_the_run_that_completed(machine, on_machine, project, started):
    store = NoStore()
    work = Work(on_machine("one"), "engine:a", store)
    first = work.follow(work.start({"project_id": project}), OPTIONS)

    again = Work(on_machine(machine), "engine:a", store).start({"project_id": project})

    assert (again["runId"], again["status"]) == (first["runId"], "COMPLETED")
    assert started() == 1


@pytest.mark.parametrize("machine", ["one", "another"])
@pytest.mark.parametrize("status", ["ERRORED", "UNABLE_TO_ALLOCATE_KERNEL"])
def test_a_retry_starts_another_run_where_the_last_ended_badly(status, machine, sandbox, on_machine, project, started):
    store = NoStore()
    ends_with(sandbox, status)
    work = Work(on_machine("one"), "engine:a", store)
    with pytest.raises(HexError):
        work.follow(work.start({"project_id": project}), OPTIONS)

    ends_with(sandbox, "COMPLETED")
    work = Work(on_machine(machine), "engine:a", store)
    ended = work.follow(work.start({"project_id": project}), OPTIONS)

    assert ended["status"] == "COMPLETED"
    assert started() == 2


def test_a_run_that_was_cancelled_is_made_again_by_every_retry_once(on_machine, project, started):
    store = NoStore()
    for _ in range(3):
        hex = on_machine("one")
        run = Work(hex, "engine:a", store).start({"project_id": project})
        hex.call("hex_cancel_run", {"projectId": project, "runId": run["runId"]})

    assert started() == 3


def test_a_retry_with_other_inputs_follows_the_run_that_goes_on(on_machine, project, started):
    store = NoStore()
    first = Work(on_machine("one"), "engine:a", store).start({"project_id": project, "input_params": {"n": 1}})

    again = Work(on_machine("one"), "engine:a", store).start({"project_id": project, "input_params": {"n": 2}})

    assert again["runId"] == first["runId"]
    assert started() == 1


def test_a_start_of_unknown_fate_is_asked_for_as_it_was(on_machine, project, started):
    """A worker that was killed between the request and its answer leaves a start without a run on record."""
    store, hex = NoStore(), on_machine("one")
    work = Work(hex, "engine:a", store)
    record = cast("SqliteRecord", record_of(hex.connection))
    first = work.start({"project_id": project, "input_params": {"n": 1}})
    forget_answer(record.path, work.key)
    store.put(f"start {work.key}", {})

    again = Work(on_machine("one"), "engine:a", store).start({"project_id": project, "input_params": {"n": 2}})

    assert again["runId"] == first["runId"]
    assert started() == 1


def forget_answer(path: Path, key: str) -> None:
    import sqlite3

    with sqlite3.connect(path) as database:
        database.execute("UPDATE starts SET run_id = NULL, reply = '{}' WHERE key = ?", (key,))
    database.close()


def test_work_that_is_done_and_cleared_is_done_anew(on_machine, project, started):
    store = NoStore()
    work = Work(on_machine("one"), "engine:a", store, cleared=0)
    work.follow(work.start({"project_id": project}), OPTIONS)
    work.done()

    cleared = Work(on_machine("one"), "engine:a", store, cleared=1)
    cleared.follow(cleared.start({"project_id": project}), OPTIONS)
    retried = Work(on_machine("one"), "engine:a", store, cleared=1)
    retried.start({"project_id": project})

    assert started() == 2


def test_work_that_is_cleared_before_it_is_done_goes_on(on_machine, project, started):
    store = NoStore()
    Work(on_machine("one"), "engine:a", store, cleared=0).start({"project_id": project})

    Work(on_machine("one"), "engine:a", store, cleared=3).start({"project_id": project})

    assert started() == 1


def test_finished_work_whose_store_was_emptied_is_done_anew_when_cleared(on_machine, project, started):
    Work(on_machine("one"), "engine:a", NoStore(), cleared=0).start({"project_id": project})

    Work(on_machine("one"), "engine:a", NoStore(), cleared=1).start({"project_id": project})

    assert started() == 2


@pytest.mark.parametrize("machine", ["one", "another"])
def test_a_batch_that_was_killed_goes_on_and_a_retry_runs_only_what_failed_again(
    machine, sandbox, on_machine, project, started
):
    store = NoStore()
    inputs = {"project_id": project, "parameter_sets": [{"n": n} for n in range(4)], "parallel": 2}
    stop = threading.Event()

    def after_two(progress: Any) -> None:
        if progress.values.get("done") == 2:
            stop.set()

    with pytest.raises(HexError, match="stopped"):
        Work(on_machine("one"), "engine:a", store).call("run_batch", inputs, progress=after_two, stop=stop)
    outputs = Work(on_machine(machine), "engine:a", store).call("hex_run_batch", inputs)

    assert outputs["succeeded"]
    assert started() == 4


def test_failed_sets_are_told_by_name(sandbox, on_machine, project, started):
    ends_with(sandbox, "ERRORED")
    work = Work(on_machine("one"), "engine:a", NoStore())
    outputs = work.call("hex_run_batch", {"project_id": project, "parameter_sets": [{"n": 1}, {"n": 2}]})

    with pytest.raises(HexError, match=r"2 of 2 runs failed: n=1 \(run_errored\), n=2") as caught:
        all_completed(outputs)
    ends_with(sandbox, "COMPLETED")
    again = work.call("hex_run_batch", {"project_id": project, "parameter_sets": [{"n": 1}, {"n": 2}]})

    assert caught.value.key == "work_failed"
    assert again["succeeded"]
    assert started() == 4


def test_other_tools_are_called_as_they_are(on_machine):
    outputs = Work(on_machine("one"), "engine:a").call("find_project", {"query": "revenue report"})

    assert outputs["total"] == 1


def test_work_of_others_is_not_taken_for_ours(on_machine, project, started):
    store = NoStore()
    Work(on_machine("one"), "engine:a", store).start({"project_id": project})
    Work(on_machine("one"), "engine:b", NoStore()).start({"project_id": project})

    assert started() == 2


def test_names_are_short_and_of_one_work() -> None:
    long = [work_name("airflow", "d" * 250, "t" * 250, n) for n in range(2)]

    assert work_name("dagster", "a#b", "c d") == "dagster:a%23b:c%20d"
    assert len(set(long)) == 2
    assert max(map(len, long)) <= LONGEST_NAME


def test_inputs_may_be_in_snake_case() -> None:
    tool = our_tools()["hex_run_project"]
    given = {"project_id": "x", "input_params": {"is_new": True}, "use_cached_sql_results": None, "dryRun": True}

    assert snake_case("useCachedSqlResults") == "use_cached_sql_results"
    assert hex_inputs(tool, given) == {"projectId": "x", "inputParams": {"is_new": True}, "dryRun": True}


def test_a_process_has_one_client_for_a_connection(monkeypatch):
    one = client_for("hxtp_one", "https://app.hex.tech")

    assert client_for("hxtp_one", "https://app.hex.tech") is one
    assert client_for("hxtp_two", "https://app.hex.tech") is not one
    monkeypatch.setattr("os.getpid", lambda: 1)
    assert client_for("hxtp_one", "https://app.hex.tech") is not one


def test_many_coroutines_follow_their_runs_with_few_requests(tmp_path):
    with Sandbox(clock=FastClock(60)) as sandbox:
        connection = Connection(
            TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=FastClock(60)
        )
        use_record(connection, SqliteRecord(tmp_path))
        hex = Hex(connection=connection, tools=our_tools())
        project = sandbox.world.project(TITLE).id
        runs = [hex.call("hex_run_project", {"projectId": project}) for _ in range(10)]
        before = len(sandbox.requests)

        async def follow_all() -> list[Any]:
            until = connection.clock.monotonic() + 600
            followers = followers_of(hex)
            return await asyncio.gather(*(followers.to_end(run, 5.0, until) for run in runs))

        followed = asyncio.run(follow_all())
        connection.close()

    assert {each.status for each in followed} == {"COMPLETED"}
    assert len(sandbox.requests) - before < 10
