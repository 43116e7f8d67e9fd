"""Starting, looking at and cancelling single runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import BusyError, InputError
from hex_blocks.runs.record.configured import record_of, use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.faulty import Faulty, lost, pass_on, reply

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]

REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
DIGEST = "5a8591dd-4039-49df-9202-96385ba3eff8"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def bodies(sandbox: Sandbox) -> list[Any]:
    """Give the bodies of the starts that arrived."""
    return [request.json for request in sandbox.requests if request.operation_id == "RunProject"]


def id_of(sandbox: Sandbox, title: str) -> str:
    return sandbox.world.project(title).id


def warned(outputs: dict[str, Any]) -> list[str]:
    return [warning["warning"] for warning in outputs.get("warnings", [])]


@pytest.fixture
def between(sandbox: Sandbox) -> Iterator[Faulty]:
    """A server between us and the sandbox, that passes everything on until it is told otherwise."""
    with Faulty(pass_on, upstream=sandbox.origin) as running:
        yield running


@pytest.fixture
def run_between(registry: Registry, between: Faulty, clock: DrivenClock) -> Iterator[RunTool]:
    """Run a tool on the sandbox through the server between."""
    options: dict[str, Any] = {"allowed_hosts": (between.origin,), "pinned": True, "clock": clock}
    with Connection(TOKENS.personal, between.base_url, **options) as connection:
        yield lambda tool_id, inputs, **more: hex_on(connection).call(registry[tool_id], inputs, **more)


# Starting


@pytest.mark.parametrize("inputs", [{}, {"inputParams": None}, {"inputParams": {}}, {"inputParams": "{}"}])
def test_a_run_without_parameters_sends_none(run: RunTool, sandbox: Sandbox, inputs: dict[str, Any]) -> None:
    started = run("hex_run_project", {"projectId": REVENUE, **inputs})

    assert bodies(sandbox) == [{}]
    assert sandbox.world.runs(REVENUE)[0].id == started["runId"]
    assert started["runUrl"].startswith(sandbox.origin)
    assert warned(started) == []


@pytest.mark.parametrize(
    "parameters", [{"user_name": "ana", "id": 7}, '{"user_name": "ana", "id": 7}', ' {"user_name":"ana","id":7}\n']
)
def test_parameters_are_sent_as_the_types_they_are(run: RunTool, sandbox: Sandbox, parameters: Any) -> None:
    run("hex_run_project", {"projectId": DIGEST, "inputParams": parameters})

    assert bodies(sandbox) == [{"inputParams": {"user_name": "ana", "id": 7}}]
    assert sandbox.world.runs(DIGEST)[0].inputs == {"user_name": "ana", "id": 7}


def test_update_cache_becomes_the_two_inputs_that_replaced_it(run: RunTool, sandbox: Sandbox) -> None:
    started = run("hex_run_project", {"projectId": REVENUE, "updateCache": True})

    assert bodies(sandbox) == [{"updatePublishedResults": True, "useCachedSqlResults": False}]
    assert warned(started) == ["update_cache_deprecated"]


def test_update_cache_does_not_overrule_what_is_given_beside_it(run: RunTool, sandbox: Sandbox) -> None:
    run("hex_run_project", {"projectId": REVENUE, "updateCache": True, "useCachedSqlResults": True})

    assert bodies(sandbox) == [{"updatePublishedResults": True, "useCachedSqlResults": True}]


def test_parameters_that_hex_will_ignore_are_sent_and_warned_of(run: RunTool, sandbox: Sandbox) -> None:
    inputs = {"projectId": REVENUE, "inputParams": {"region": "EMEA"}, "updatePublishedResults": True}

    started = run("hex_run_project", inputs)

    assert bodies(sandbox) == [{"inputParams": {"region": "EMEA"}, "updatePublishedResults": True}]
    assert warned(started) == ["inputs_ignored"]
    assert sandbox.world.runs(REVENUE)[0].inputs == {}


def test_updated_results_without_parameters_need_no_warning(run: RunTool) -> None:
    started = run("hex_run_project", {"projectId": REVENUE, "updatePublishedResults": True, "inputParams": {}})

    assert warned(started) == []


@pytest.mark.parametrize("parameters", [{"region": "US"}, {}, '{"region": "US"}'])
def test_a_view_and_parameters_are_refused_before_anything_is_sent(
    run: RunTool, sandbox: Sandbox, parameters: Any
) -> None:
    with pytest.raises(InputError) as caught:
        run("hex_run_project", {"projectId": REVENUE, "viewId": "view-emea", "inputParams": parameters})

    assert [(fault.key, fault.input) for fault in caught.value.faults] == [("not_together", "viewId, inputParams")]
    assert sandbox.requests == []


@pytest.mark.parametrize("parameters", [None, "", " "])
def test_a_view_alone_is_sent(run: RunTool, sandbox: Sandbox, parameters: Any) -> None:
    run("hex_run_project", {"projectId": REVENUE, "viewId": "view-emea", "inputParams": parameters})

    assert bodies(sandbox) == [{"viewId": "view-emea"}]


def test_a_dry_run_warns_and_leaves_nothing(run: RunTool, sandbox: Sandbox, connect: Callable[..., Connection]) -> None:
    before = len(sandbox.world.runs(REVENUE))

    started = run("hex_run_project", {"projectId": REVENUE, "dryRun": True})

    connection = connect()
    assert warned(started) == ["nothing_ran"]
    assert len(sandbox.world.runs(REVENUE)) == before
    assert record_of(connection).project_of(connection.base_url, started["runId"]) is None


def test_a_started_run_is_on_record(run: RunTool, connect: Callable[..., Connection]) -> None:
    started = run("hex_run_project", {"projectId": REVENUE})

    connection = connect()
    assert record_of(connection).project_of(connection.base_url, started["runId"]) == REVENUE


def test_notifications_come_back_one_for_each_recipient(run: RunTool, sandbox: Sandbox) -> None:
    told = {
        "type": "ALL",
        "includeSuccessScreenshot": True,
        "screenshotFormat": "pdf",
        "slackChannelIds": ["C0000000", "C0FINANCE"],
        "groupIds": [sandbox.world.group("Finance").id],
        "subject": "Done",
    }

    started = run("hex_run_project", {"projectId": REVENUE, "notifications": [told]})

    assert bodies(sandbox) == [{"notifications": [told]}]
    assert [each["recipient"]["name"] for each in started["notifications"]] == [
        "data-team",
        "finance-private",
        "Finance",
    ]
    assert {each["screenshotFormat"][0] for each in started["notifications"]} == {"pdf"}


def test_bad_parameters_are_named(run: RunTool) -> None:
    parameters = {"region": "MARS", "colour": "blue", "debug_rows": "many"}

    with pytest.raises(InputError) as caught:
        run("hex_run_project", {"projectId": REVENUE, "inputParams": parameters})

    error = caught.value
    assert (error.key, error.status) == ("bad_parameters", 422)
    assert [each["paramName"] for each in error.values["invalid"]] == ["region"]
    assert error.values["notFound"] == ["colour"]
    assert error.trace_id


@pytest.mark.parametrize(
    ("title", "token", "key"),
    [
        ("New customer survey", TOKENS.personal, "not_published"),
        ("Payroll check", TOKENS.editor, "not_found"),
        ("Revenue report", TOKENS.no_permission, "no_permission"),
        ("Revenue report", TOKENS.expired, "token_refused"),
        ("Revenue report", "hxtp_nobodys", "token_refused"),
    ],
)
def test_a_start_that_hex_refuses_says_why_and_is_forgotten(
    run: RunTool, sandbox: Sandbox, connect: Callable[..., Connection], title: str, token: str, key: str
) -> None:
    project_id = id_of(sandbox, title)

    with pytest.raises(HexError) as caught:
        run("hex_run_project", {"projectId": project_id}, token=token)

    connection = connect()
    assert caught.value.key == key
    assert record_of(connection).unanswered(connection.base_url, project_id) == []


def test_a_project_that_is_not_there_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as caught:
        run("hex_run_project", {"projectId": NOBODYS})

    assert caught.value.key == "not_found"


def fill_kernels(sandbox: Sandbox, plan: Plan) -> None:
    """Let the admin's twenty-five kernels be busy."""
    for _ in range(25):
        sandbox.world.add(
            Run(
                id=sandbox.world.new_id(),
                project_id=id_of(sandbox, "Quarterly forecast"),
                caller=sandbox.world.user("Ada Okafor").id,
                version=1,
                created_at=sandbox.clock.time(),
                plan=plan,
            )
        )


def test_a_start_waits_for_a_kernel(run: RunTool, sandbox: Sandbox, clock: DrivenClock) -> None:
    told: list[Progress] = []
    fill_kernels(sandbox, Plan(0, 30))

    started = run("hex_run_project", {"projectId": REVENUE}, progress=told.append)

    assert [request.status for request in sandbox.requests if request.operation_id == "RunProject"][:1] == [503]
    assert sandbox.world.runs(REVENUE)[0].id == started["runId"]
    assert told[0].values == {"error": "no_free_kernel"}
    assert clock.monotonic() >= 30


def test_a_start_that_finds_no_kernel_in_time_says_so_and_started_nothing(
    run: RunTool, sandbox: Sandbox, connect: Callable[..., Connection]
) -> None:
    fill_kernels(sandbox, Plan(0, None))
    before = len(sandbox.world.runs(REVENUE))

    with pytest.raises(BusyError) as caught:
        run("hex_run_project", {"projectId": REVENUE})

    connection = connect()
    assert caught.value.key == "no_free_kernel"
    assert caught.value.values["seconds"] >= 1
    assert len(sandbox.world.runs(REVENUE)) == before
    assert record_of(connection).unanswered(connection.base_url, REVENUE) == []


def test_a_start_refused_by_a_limit_is_sent_again_and_starts_one_run(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    before = len(sandbox.world.runs(REVENUE))
    between.play(reply(429, {}, {"Retry-After": "5"}), reply(429, {}, {"Retry-After": "5"}), pass_on)

    run_between("hex_run_project", {"projectId": REVENUE})

    assert len(sandbox.world.runs(REVENUE)) == before + 1


def test_a_start_whose_answer_was_lost_is_found_and_not_started_twice(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    before = len(sandbox.world.runs(REVENUE))
    between.play(lost, pass_on)

    started = run_between("hex_run_project", {"projectId": REVENUE})

    assert warned(started) == ["start_recovered"]
    assert len(sandbox.world.runs(REVENUE)) == before + 1
    assert sandbox.world.runs(REVENUE)[0].id == started["runId"]


def test_a_start_that_hex_failed_to_take_is_an_error_and_started_nothing(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    before = len(sandbox.world.runs(REVENUE))
    between.play(reply(500, {"reason": "oops", "traceId": "t-9"}), pass_on)

    with pytest.raises(HexError) as caught:
        run_between("hex_run_project", {"projectId": REVENUE})

    assert caught.value.key == "start_lost"
    assert len(sandbox.world.runs(REVENUE)) == before


# Looking


def test_a_run_that_has_not_begun_has_no_times(run: RunTool) -> None:
    started = run("hex_run_project", {"projectId": REVENUE})

    seen = run("hex_get_run_status", {"projectId": REVENUE, "runId": started["runId"]})

    assert seen["status"] == "PENDING"
    assert [seen[name] for name in ("startTime", "endTime", "elapsedTime", "elapsedSeconds")] == [None] * 4


def test_the_time_of_a_run_is_given_in_milliseconds_and_in_seconds(run: RunTool, clock: DrivenClock) -> None:
    started = run("hex_run_project", {"projectId": REVENUE})
    clock.advance(60)

    seen = run("hex_get_run_status", {"projectId": REVENUE, "runId": started["runId"]})

    assert seen["status"] == "COMPLETED"
    assert seen["elapsedTime"] == 6000
    assert seen["elapsedSeconds"] == 6
    assert seen["endTime"] > seen["startTime"]


def test_runs_are_listed_by_status_and_trigger(run: RunTool, sandbox: Sandbox) -> None:
    listed = run(
        "hex_get_project_runs",
        {"projectId": REVENUE, "statusFilter": "completed", "runTriggerFilter": "SCHEDULED", "limit": "3"},
    )

    assert {(each["status"], each["runTrigger"]) for each in listed["runs"]} == {("COMPLETED", "SCHEDULED")}
    assert sandbox.requests[0].query == {
        "statusFilter": ["COMPLETED"],
        "runTriggerFilter": ["SCHEDULED"],
        "limit": ["3"],
    }


# Cancelling


def test_a_run_is_cancelled_once(run: RunTool, sandbox: Sandbox) -> None:
    inputs = {"projectId": id_of(sandbox, "Endless simulation")}
    run_id = run("hex_run_project", inputs)["runId"]

    cancelled = run("hex_cancel_run", {**inputs, "runId": run_id})

    assert cancelled == {"success": True, **inputs, "runId": run_id}
    assert run("hex_get_run_status", {**inputs, "runId": run_id})["status"] == "KILLED"
    with pytest.raises(InputError) as caught:
        run("hex_cancel_run", {**inputs, "runId": run_id})
    assert caught.value.key == "run_ended_already"
    assert "KILLED" in caught.value.message()


def test_a_cancellation_whose_answer_was_lost_is_a_success(
    run_between: RunTool, between: Faulty, sandbox: Sandbox
) -> None:
    inputs = {"projectId": id_of(sandbox, "Endless simulation")}
    run_id = run_between("hex_run_project", inputs)["runId"]
    between.play(lost, pass_on)

    cancelled = run_between("hex_cancel_run", {**inputs, "runId": run_id})

    assert cancelled["success"] is True
    assert sandbox.world.runs(inputs["projectId"])[0].state(sandbox.clock.time()).status == "KILLED"


def test_a_run_that_is_not_there_cannot_be_cancelled(run: RunTool) -> None:
    with pytest.raises(HexError) as caught:
        run("hex_cancel_run", {"projectId": REVENUE, "runId": NOBODYS})

    assert caught.value.key == "not_found"


def test_the_record_may_lie_elsewhere(registry: Registry, sandbox: Sandbox, clock: DrivenClock, tmp_path: Any) -> None:
    record = SqliteRecord(tmp_path / "elsewhere")
    options: dict[str, Any] = {"allowed_hosts": (sandbox.origin,), "clock": clock}

    with Connection(TOKENS.personal, sandbox.base_url, **options) as connection:
        use_record(connection, record)
        started = hex_on(connection).call("hex_run_project", {"projectId": REVENUE})

    assert record.project_of(sandbox.base_url, started["runId"]) == REVENUE
