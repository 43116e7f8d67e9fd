"""Cancelling all that a project has going on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.faulty import Act, reply, when
from tests.starts import Through
from tests.whole import whole, whole_entry

TOOL = "hex_cancel_active_runs"
RUNS = "/api/v1/projects/5a8591dd-4039-49df-9202-96385ba3eff8/runs"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"

ENDLESS = Plan(2, None)

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


def add_runs(sandbox: Sandbox, count: int, plan: Plan = ENDLESS, title: str = "Endless simulation") -> list[str]:
    project = sandbox.world.project(title)
    now = sandbox.clock.time()
    return [
        sandbox.world.add(
            Run(
                id=sandbox.world.new_id(),
                project_id=project.id,
                caller="somebody",
                version=1,
                created_at=now,
                plan=plan,
            )
        ).id
        for _ in range(count)
    ]


def statuses(sandbox: Sandbox, title: str = "Endless simulation") -> list[str]:
    project = sandbox.world.project(title)
    return [run.state(sandbox.clock.time()).status for run in sandbox.world.runs(project.id)]


def test_pending_and_running_runs_are_cancelled_and_others_left(
    sandbox: Sandbox, clock: DrivenClock, run: RunTool, asked: Asked
) -> None:
    running = add_runs(sandbox, 2)
    clock.advance(5)
    pending = add_runs(sandbox, 1)
    elsewhere = add_runs(sandbox, 1, title="Quick check")
    ended_before = statuses(sandbox).count("KILLED")

    outputs = run(TOOL, {"projectId": sandbox.world.project("Endless simulation").id})

    assert {entry["runId"]: entry["status"] for entry in outputs["cancelled"]} == {
        pending[0]: "PENDING",
        running[0]: "RUNNING",
        running[1]: "RUNNING",
    }
    assert all(entry["runId"] in entry["runUrl"] for entry in outputs["cancelled"])
    assert (outputs["cancelledCount"], outputs["alreadyEndedCount"], outputs["failedCount"]) == (3, 0, 0)
    assert "warnings" not in outputs
    assert statuses(sandbox).count("KILLED") == ended_before + 3
    assert sandbox.world.get(Run, elsewhere[0]).state(clock.time()).active  # type: ignore[union-attr]
    assert asked() == ["GetProjectRuns"] * 2 + ["CancelRun"] * 3


def test_where_nothing_goes_on_nothing_is_done(sandbox: Sandbox, run: RunTool, asked: Asked) -> None:
    outputs = run(TOOL, {"projectId": sandbox.world.project("Quick check").id})

    assert (outputs["cancelled"], outputs["alreadyEnded"], outputs["failed"]) == ([], [], [])
    assert asked() == ["GetProjectRuns"] * 2


def test_only_the_states_asked_for_are_cancelled(
    sandbox: Sandbox, clock: DrivenClock, run: RunTool, asked: Asked
) -> None:
    add_runs(sandbox, 1)
    clock.advance(5)
    pending = add_runs(sandbox, 1)

    outputs = run(TOOL, {"projectId": sandbox.world.project("Endless simulation").id, "statuses": ["PENDING"]})

    assert [entry["runId"] for entry in outputs["cancelled"]] == pending
    assert statuses(sandbox).count("RUNNING") == 1
    assert asked() == ["GetProjectRuns", "CancelRun"]


def test_a_run_that_ends_meanwhile_is_told_with_how_it_ended(
    sandbox: Sandbox, clock: DrivenClock, run: RunTool, asked: Asked
) -> None:
    (lasting,) = add_runs(sandbox, 1)
    (short,) = add_runs(sandbox, 1, Plan(0, 60))
    clock.advance(5)

    def let_it_end(progress: Progress) -> None:
        clock.advance(60 if "runId" in progress.values else 0)

    project = sandbox.world.project("Endless simulation").id
    outputs = run(TOOL, {"projectId": project}, progress=let_it_end)

    assert [entry["runId"] for entry in outputs["cancelled"]] == [lasting]
    assert [(entry["runId"], entry["status"]) for entry in outputs["alreadyEnded"]] == [(short, "COMPLETED")]
    assert sorted(asked()) == ["CancelRun"] * 2 + ["GetProjectRuns"] * 2 + ["GetRunStatus"]


@pytest.mark.parametrize(
    ("answer", "key"),
    [(reply(404, {"reason": "No such run."}), "not_found"), (reply(422, {"reason": "No."}), "run_ended_already")],
)
def test_a_run_that_cannot_be_cancelled_is_reported_with_why(
    answer: Act, key: str, sandbox: Sandbox, through: Through
) -> None:
    (lasting,) = add_runs(sandbox, 1)
    project = sandbox.world.project("Endless simulation").id

    outputs = hex_on(through(when("DELETE", answer))).call(TOOL, {"projectId": project})

    assert [(entry["runId"], entry["error"]) for entry in outputs["failed"]] == [(lasting, key)]


def test_more_runs_than_a_page_holds_are_all_cancelled_inside_the_limits(
    sandbox: Sandbox, clock: DrivenClock, run: RunTool, asked: Asked
) -> None:
    add_runs(sandbox, 120)

    outputs = run(TOOL, {"projectId": sandbox.world.project("Endless simulation").id})

    assert outputs["cancelledCount"] == 120
    assert len({entry["runId"] for entry in outputs["cancelled"]}) == 120
    assert not {"PENDING", "RUNNING"}.intersection(statuses(sandbox))
    assert asked().count("CancelRun") == 120
    assert [request.status for request in sandbox.requests if request.status == 429] == []


def test_no_more_runs_are_cancelled_than_allowed_and_that_is_told(sandbox: Sandbox, run: RunTool, asked: Asked) -> None:
    add_runs(sandbox, 5)

    outputs = run(TOOL, {"projectId": sandbox.world.project("Endless simulation").id, "maxRuns": 2})

    assert outputs["cancelledCount"] == 2
    assert statuses(sandbox).count("PENDING") == 3
    assert [warning["warning"] for warning in outputs["warnings"]] == ["runs_left"]
    assert asked().count("CancelRun") == 2


def test_a_project_that_is_not_there_is_an_error(run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"projectId": "00000000-0000-4000-8000-000000000000"})

    assert failure.value.status in (403, 404, 422)


def test_a_token_without_the_right_is_an_error(sandbox: Sandbox, run: RunTool) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {"projectId": sandbox.world.project("Quick check").id}, token=TOKENS.no_permission)

    assert failure.value.key == "no_permission"


def ids(count: int) -> list[str]:
    return [f"78c33d18-170c-44d3-a227-{number:012}" for number in range(count)]


def list_running(server: HTTPServer, run_ids: list[str]) -> None:
    listing = "hex_get_project_runs"
    runs = [whole_entry(listing, runId=each, status="RUNNING", runUrl=f"https://x/{each}") for each in run_ids]
    server.expect_request(RUNS, "GET", query_string={"statusFilter": "PENDING", "limit": "100"}).respond_with_json(
        whole(listing, runs=[])
    )
    server.expect_request(RUNS, "GET", query_string={"statusFilter": "RUNNING", "limit": "100"}).respond_with_json(
        whole(listing, runs=runs)
    )


def test_a_failure_hides_no_success(httpserver: HTTPServer, connection: Connection, registry: Registry) -> None:
    first, second, third = ids(3)
    list_running(httpserver, [first, second, third])
    refusal = {"reason": "Not yours", "traceId": "t-1"}
    httpserver.expect_request(f"{RUNS}/{first}", "DELETE").respond_with_data(status=204)
    httpserver.expect_request(f"{RUNS}/{second}", "DELETE").respond_with_json(refusal, status=403)
    httpserver.expect_request(f"{RUNS}/{third}", "DELETE").respond_with_data(status=204)

    outputs = hex_on(connection).call(TOOL, {"projectId": PROJECT})

    assert [entry["runId"] for entry in outputs["cancelled"]] == [first, third]
    assert [(entry["runId"], entry["error"]) for entry in outputs["failed"]] == [(second, "no_permission")]
    assert "Not yours" in outputs["failed"][0]["message"]
    assert [warning["warning"] for warning in outputs["warnings"]] == ["runs_not_cancelled"]


def test_a_cancellation_whose_answer_was_lost_is_looked_up(
    httpserver: HTTPServer, connection: Connection, registry: Registry
) -> None:
    (first,) = ids(1)
    list_running(httpserver, [first])
    httpserver.expect_request(f"{RUNS}/{first}", "DELETE").respond_with_data("gone", status=502)
    httpserver.expect_request(f"{RUNS}/{first}", "GET").respond_with_json({"runId": first, "status": "KILLED"})

    outputs = hex_on(connection).call(TOOL, {"projectId": PROJECT})

    assert [(entry["runId"], entry["status"]) for entry in outputs["cancelled"]] == [(first, "RUNNING")]
    assert outputs["failed"] == []


def test_a_token_that_dies_midway_ends_the_work_at_once(
    httpserver: HTTPServer, connection: Connection, registry: Registry
) -> None:
    first, second, third = ids(3)
    list_running(httpserver, [first, second, third])
    httpserver.expect_request(f"{RUNS}/{first}", "DELETE").respond_with_data(status=204)
    httpserver.expect_request(f"{RUNS}/{second}", "DELETE").respond_with_data("Unauthorized", status=401)

    outputs = hex_on(connection).call(TOOL, {"projectId": PROJECT})

    assert [entry["runId"] for entry in outputs["cancelled"]] == [first]
    assert [(entry["runId"], entry["error"]) for entry in outputs["failed"]] == [
        (second, "token_refused"),
        (third, "token_refused"),
    ]
    assert sum(request.method == "DELETE" for request, _ in httpserver.log) == 2


def test_whoever_stops_the_call_is_told_what_was_left(
    httpserver: HTTPServer, connection: Connection, registry: Registry
) -> None:
    first, second = ids(2)
    list_running(httpserver, [first, second])
    stop = threading.Event()

    def cancelled(_request: Any) -> Response:
        stop.set()
        return Response(status=204)

    httpserver.expect_request(f"{RUNS}/{first}", "DELETE").respond_with_handler(cancelled)

    outputs = hex_on(connection).call(TOOL, {"projectId": PROJECT}, stop=stop)

    assert outputs["cancelledCount"] == 1
    assert [(entry["runId"], entry["error"]) for entry in outputs["failed"]] == [(second, "cancel_interrupted")]
