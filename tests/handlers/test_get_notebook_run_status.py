"""The notebook block: starting with its own words, and knowing a run by its ID alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import InputError, NotFoundError, TokenError
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Project, Run
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]

START, STATUS = "hex_run_notebook", "hex_get_notebook_run_status"
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
KNOWN_RUN = "01234567-89ab-cdef-0123-456789abcdef"
NOBODYS = "00000000-0000-4000-8000-000000000000"

# The notebook block page's own examples, as they stand there.
RUN_EXAMPLE = {
    "baseUrl": "https://app.hex.tech/api/v1",
    "projectId": "01234567-89ab-cdef-0123-456789abcdef",
    "inputParamsJson": '{"start_date": "2024-01-01", "end_date": "2024-01-31", "region": "US"}',
    "updatePublishedResults": True,
    "useCachedSqlResults": False,
}
STATUS_EXAMPLE = {
    "baseUrl": "https://app.hex.tech/api/v1",
    "runId": "run_01234567-89ab-cdef-0123-456789abcdef",
}


@pytest.fixture
def stranger(registry: Registry, sandbox: Sandbox, clock: DrivenClock, tmp_path: Any) -> Any:
    """Run a tool from a machine whose record knows nothing."""
    options: dict[str, Any] = {"pinned": True, "clock": clock}
    with Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), **options) as connection:
        use_record(connection, SqliteRecord(tmp_path / "elsewhere"))
        yield lambda tool_id, inputs, **more: hex_on(connection).call(registry[tool_id], inputs, **more)


def id_of(sandbox: Sandbox, title: str) -> str:
    return sandbox.world.project(title).id


def add_run(sandbox: Sandbox, title: str, plan: Plan) -> str:
    """Let somebody start a run in Hex, that no record here knows of."""
    run = Run(
        id=sandbox.world.new_id(),
        project_id=id_of(sandbox, title),
        caller="somebody",
        version=3,
        created_at=sandbox.clock.time(),
        plan=plan,
    )
    return sandbox.world.add(run).id


# Starting


def test_the_example_of_the_page_starts_a_run(run: RunTool, sandbox: Sandbox) -> None:
    started = run(START, RUN_EXAMPLE)

    assert list(started) == ["runId", "status", "runUrl", "warnings"]
    assert started["status"] == "PENDING"
    assert started["runUrl"].endswith(started["runId"])
    assert [warning["warning"] for warning in started["warnings"]] == ["inputs_ignored"]
    assert sandbox.requests[-1].json == {
        "inputParams": {"start_date": "2024-01-01", "end_date": "2024-01-31", "region": "US"},
        "updatePublishedResults": True,
        "useCachedSqlResults": False,
    }


@pytest.mark.parametrize("parameters", [None, "", "{}", " { } ", {}])
def test_nulls_and_empty_parameters_are_not_sent(run: RunTool, sandbox: Sandbox, parameters: Any) -> None:
    inputs = {"inputParamsJson": parameters, "updatePublishedResults": None, "useCachedSqlResults": None}

    started = run(START, RUN_EXAMPLE | inputs)

    assert sandbox.requests[-1].json == {}
    assert "warnings" not in started


@pytest.mark.parametrize(
    ("parameters", "key"),
    [("{region: US}", "bad_json"), ("[1]", "json_not_object"), ("5", "json_not_object"), ('{"a": NaN}', "bad_json")],
)
def test_parameters_that_are_no_object_of_json_are_refused_with_the_place_of_the_fault(
    run: RunTool, sandbox: Sandbox, parameters: str, key: str
) -> None:
    with pytest.raises(InputError) as caught:
        run(START, RUN_EXAMPLE | {"inputParamsJson": parameters})

    assert [(fault.input, fault.key) for fault in caught.value.faults] == [("inputParamsJson", key)]
    assert sandbox.requests == []


# Finding the run


def test_the_example_of_the_page_finds_its_run(run: RunTool) -> None:
    seen = run(STATUS, STATUS_EXAMPLE)

    assert seen["runId"] == KNOWN_RUN
    assert seen["status"] == "COMPLETED"


@pytest.mark.parametrize("form", ["{}", "run_{}", "  run_{} ", " {}\n"])
def test_a_run_started_here_is_found_without_its_project(run: RunTool, asked: Asked, form: str) -> None:
    started = run(START, RUN_EXAMPLE)
    before = len(asked())

    seen = run(STATUS, {"runId": form.format(started["runId"])})

    assert (seen["runId"], seen["status"]) == (started["runId"], "PENDING")
    assert asked()[before:] == ["GetRunStatus"]


def test_a_run_of_another_tool_is_found_too(run: RunTool, asked: Asked) -> None:
    started = run("hex_run_project", {"projectId": REVENUE})
    before = len(asked())

    run(STATUS, {"runId": started["runId"]})

    assert asked()[before:] == ["GetRunStatus"]


def test_a_project_that_is_given_is_not_searched_for(stranger: RunTool, asked: Asked) -> None:
    seen = stranger(STATUS, STATUS_EXAMPLE | {"projectId": REVENUE})

    assert seen["status"] == "COMPLETED"
    assert asked() == ["GetRunStatus"]


def test_a_run_that_the_project_given_does_not_have_is_not_found(stranger: RunTool, project: str, asked: Asked) -> None:
    with pytest.raises(HexError) as caught:
        stranger(STATUS, {"runId": str(uuid.uuid4()), "projectId": project})

    assert caught.value.key == "not_found"
    assert asked() == ["GetRunStatus"]


def test_a_run_of_elsewhere_is_searched_for_and_then_known(stranger: RunTool, sandbox: Sandbox, asked: Asked) -> None:
    told: list[Progress] = []
    run_id = add_run(sandbox, "Store heat map", Plan(0, 1))

    first = stranger(STATUS, {"runId": run_id}, progress=told.append)
    searched = len(asked())
    second = stranger(STATUS, {"runId": run_id})

    assert first["runId"] == second["runId"] == run_id
    assert asked()[0] == "ListProjects"
    assert asked()[searched:].count("ListProjects") == 0
    assert asked()[searched:].count("GetRunStatus") == 1
    assert told
    assert all(0 <= (progress.percent or 0) <= 100 for progress in told)


def test_a_run_that_nobody_has_is_searched_for_within_bounds(stranger: RunTool, sandbox: Sandbox, asked: Asked) -> None:
    for number in range(40):
        now = sandbox.clock.time()
        ada = sandbox.world.user("Ada Okafor").id
        sandbox.world.add(
            Project(
                id=sandbox.world.new_id(),
                title=f"More {number}",
                creator_id=ada,
                owner_id=ada,
                created_at=now,
                last_edited_at=now,
                last_published_at=now,
            )
        )

    with pytest.raises(NotFoundError) as caught:
        stranger(STATUS, {"runId": NOBODYS})

    assert caught.value.key == "run_project_unknown"
    assert caught.value.values == {"runId": NOBODYS, "searched": 20}
    assert "projectId" in caught.value.hint()
    assert asked() == ["ListProjects", *["GetRunStatus"] * 20]


def test_a_search_looks_at_what_was_published_last_first(stranger: RunTool, sandbox: Sandbox) -> None:
    sandbox.world.project("Extract orders").last_published_at = sandbox.clock.time()

    stranger(STATUS, {"runId": add_run(sandbox, "Extract orders", Plan(0, 1))})

    assert [request.operation_id for request in sandbox.requests[:2]] == ["ListProjects", "GetRunStatus"]
    assert sandbox.requests[0].query["sortBy"] == ["LAST_PUBLISHED_AT"]


@pytest.mark.parametrize(
    ("run_id", "keys"),
    [
        ("run_", ["not_uuid"]),
        ("78c33d18", ["not_uuid"]),
        ("../x", ["not_uuid"]),
        ("", ["missing"]),
        (None, ["missing"]),
    ],
)
def test_a_run_id_that_is_none_is_refused(run: RunTool, sandbox: Sandbox, run_id: Any, keys: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        run(STATUS, {"runId": run_id})

    assert [fault.key for fault in caught.value.faults] == keys
    assert sandbox.requests == []


@pytest.mark.parametrize("token", [TOKENS.expired, "hxtp_nobodys"])
def test_a_token_that_is_refused_ends_the_search_at_once(run: RunTool, sandbox: Sandbox, token: str) -> None:
    with pytest.raises(TokenError) as caught:
        run(STATUS, {"runId": NOBODYS}, token=token)

    assert caught.value.key == "token_refused"
    assert len(sandbox.requests) == 1


def test_a_run_in_a_project_that_one_may_not_see_is_not_found(
    registry: Registry, sandbox: Sandbox, connect: Callable[..., Connection]
) -> None:
    run_id = add_run(sandbox, "Payroll check", Plan(0, 1))

    with pytest.raises(HexError) as caught:
        hex_on(connect(TOKENS.editor)).call(registry[STATUS], {"runId": run_id})

    assert caught.value.key == "run_project_unknown"


# What it tells


def look_each_second(run: RunTool, clock: DrivenClock, run_id: str, times: int) -> list[dict[str, Any]]:
    seen = []
    for _ in range(times):
        clock.advance(1)
        seen.append(run(STATUS, {"runId": run_id}))
    return seen


def test_progress_goes_from_nothing_to_all(run: RunTool, clock: DrivenClock) -> None:
    started = run(START, RUN_EXAMPLE)

    seen = look_each_second(run, clock, started["runId"], 9)

    statuses = [each["status"] for each in seen]
    progress = [each["progress"] for each in seen]
    assert list(dict.fromkeys(statuses)) == ["PENDING", "RUNNING", "COMPLETED"]
    assert progress == sorted(progress)
    assert progress[0] == 0
    assert progress[-1] == 100
    assert all(0 <= each < 100 for each, status in zip(progress, statuses, strict=True) if status == "RUNNING")


def test_a_run_that_takes_longer_than_usual_stays_below_all(run: RunTool, sandbox: Sandbox, clock: DrivenClock) -> None:
    run_id = add_run(sandbox, "Revenue report", Plan(0, 10_000))
    clock.advance(5000)

    seen = run(STATUS, {"runId": run_id, "projectId": REVENUE})

    assert (seen["status"], seen["progress"]) == ("RUNNING", 99)


def test_a_project_without_history_gives_no_estimate(run: RunTool, sandbox: Sandbox, clock: DrivenClock) -> None:
    run_id = add_run(sandbox, "Endless simulation", Plan(0, None))
    clock.advance(5)

    seen = run(STATUS, {"runId": run_id, "projectId": id_of(sandbox, "Endless simulation")})

    assert (seen["status"], seen["progress"]) == ("RUNNING", None)


def test_a_completed_run_gives_what_hex_keeps_of_it(run: RunTool, clock: DrivenClock) -> None:
    started = run(START, RUN_EXAMPLE)
    clock.advance(60)

    seen = run(STATUS, {"runId": started["runId"]})

    assert list(seen) == ["runId", "status", "result", "error", "progress", "startTime", "endTime"]
    assert seen["error"] is None
    assert seen["result"]["runUrl"] == started["runUrl"]
    assert seen["result"]["elapsedSeconds"] == 6
    assert seen["result"]["elapsedTime"] == 6000
    assert seen["result"]["projectVersion"] >= 1
    assert seen["startTime"] < seen["endTime"]


@pytest.mark.parametrize(
    ("plan", "status", "said"),
    [
        (Plan(0, 1, "ERRORED"), "ERRORED", "error in the project"),
        (Plan(1, 0, "UNABLE_TO_ALLOCATE_KERNEL"), "UNABLE_TO_ALLOCATE_KERNEL", "never got a kernel"),
        (Plan(0, 1, "KILLED"), "KILLED", "cancelled, by someone"),
    ],
)
def test_a_bad_end_is_told_in_a_sentence_with_page_and_trace_id(
    run: RunTool, sandbox: Sandbox, clock: DrivenClock, plan: Plan, status: str, said: str
) -> None:
    run_id = add_run(sandbox, "Revenue report", plan)
    clock.advance(60)

    seen = run(STATUS, {"runId": run_id, "projectId": REVENUE})

    assert seen["status"] == status
    assert seen["result"] is None
    assert seen["progress"] is None
    assert said in seen["error"]
    assert run_id in seen["error"]
    assert "trace ID" in seen["error"]


@pytest.mark.parametrize("plan", [Plan(100, 1), Plan(0, 1000)])
def test_a_run_that_goes_on_has_neither_result_nor_error(
    run: RunTool, sandbox: Sandbox, clock: DrivenClock, plan: Plan
) -> None:
    run_id = add_run(sandbox, "Revenue report", plan)
    clock.advance(5)

    seen = run(STATUS, {"runId": run_id, "projectId": REVENUE})

    assert (seen["result"], seen["error"], seen["endTime"]) == (None, None, None)
