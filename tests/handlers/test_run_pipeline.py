"""Pipelines: steps run in order, each with what came of the earlier ones, and go on where they were."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import NotebookInput, Plan, Run
from tests.calling import hex_on
from tests.faulty import Faulty, reply, reset, when

TITLES = ("Extract orders", "Transform orders", "Load orders")
NAMES = ("extract", "transform", "load")
RunTool = Callable[..., dict[str, Any]]


@pytest.fixture
def steps(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Three steps, whose projects take anything."""
    for title in TITLES:
        sandbox.world.project(title).inputs = tuple(NotebookInput(name, "text") for name in ("a", "b", "date"))
    return [
        {"name": name, "projectId": sandbox.world.project(title).id} for name, title in zip(NAMES, TITLES, strict=True)
    ]


@pytest.fixture
def ran(sandbox: Sandbox, steps: list[dict[str, Any]]) -> Callable[[], list[Run]]:
    """Give the runs that were started since the test began, oldest first."""
    projects = [step["projectId"] for step in steps]
    before = {run.id for project in projects for run in sandbox.world.runs(project)}
    return lambda: sorted(
        (run for project in projects for run in sandbox.world.runs(project) if run.id not in before),
        key=lambda run: run.order,
    )


@pytest.fixture
def pipeline(run: RunTool) -> RunTool:
    """Run a pipeline: pipeline(steps, key="k", …)."""

    def run_pipeline(steps: list[dict[str, Any]], key: str | None = None, **more: Any) -> dict[str, Any]:
        options = {name: more.pop(name) for name in ("progress", "stop") if name in more}
        return run("hex_run_pipeline", {"steps": steps, "idempotencyKey": key, **more}, **options)

    return run_pipeline


def fails(sandbox: Sandbox, name: str, end: str = "ERRORED") -> None:
    sandbox.world.project(TITLES[NAMES.index(name)]).plan = Plan(2, 6, end)


def works(sandbox: Sandbox, name: str) -> None:
    sandbox.world.project(TITLES[NAMES.index(name)]).plan = Plan(2, 6)


def statuses(result: dict[str, Any]) -> list[str]:
    return [step["status"] for step in result["steps"]]


def run_ids(result: dict[str, Any]) -> list[str | None]:
    return [step["runId"] for step in result["steps"]]


def test_steps_run_one_after_the_other(
    pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]], clock: DrivenClock
) -> None:
    result = pipeline(steps)

    assert (result["succeeded"], result["failedStep"]) == (True, None)
    assert statuses(result) == ["COMPLETED"] * 3
    assert run_ids(result) == [run.id for run in ran()]
    states = [run.state(clock.time()) for run in ran()]
    assert all((one.ended_at or 0) <= run.created_at for one, run in zip(states, ran()[1:], strict=False))
    assert [step["waits"] for step in result["steps"]] == [
        [],
        [{"for": "EARLIER_STEP", "seconds": 10.0}],
        [{"for": "EARLIER_STEP", "seconds": 20.0}],
    ]
    assert result["elapsedSeconds"] == 30


def test_steps_without_names_are_numbered(pipeline: RunTool, steps: list[dict[str, Any]]) -> None:
    result = pipeline([{"projectId": step["projectId"]} for step in steps])

    assert [step["name"] for step in result["steps"]] == ["1", "2", "3"]


# References


def test_a_step_can_use_what_came_of_earlier_ones(
    pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[1]["inputParams"] = {"a": "{{extract.runId}}", "b": "see {{ extract.runUrl }} ({{extract.status}})"}
    steps[2]["inputParams"] = {"a": "{{transform.runId}} after {{extract.runId}}"}

    result = pipeline(steps)

    extract, transform, load = ran()
    assert result["succeeded"]
    assert transform.inputs["a"] == extract.id
    assert transform.inputs["b"] == f"see {result['steps'][0]['runUrl']} (COMPLETED)"
    assert load.inputs["a"] == f"{transform.id} after {extract.id}"


def test_a_value_that_is_only_a_reference_keeps_its_type(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    sandbox.world.project(TITLES[1]).inputs = (NotebookInput("a", "number"),)
    steps[1]["inputParams"] = {"a": "{{extract.elapsedSeconds}}"}

    pipeline(steps)

    assert ran()[1].inputs["a"] == 6.0


@pytest.mark.parametrize(
    "reference", ["{{load.runId}}", "{{extract.colour}}", "{{transform.runId}}", "{{nobody.runId}}", "{{ extract }}"]
)
def test_a_reference_to_nothing_is_refused_before_anything_runs(
    reference: str, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[1]["inputParams"] = {"a": {"deep": [reference]}}

    with pytest.raises(HexError) as caught:
        pipeline(steps)

    assert [fault.key for fault in caught.value.faults] == ["no_such_outcome"]
    assert ran() == []


def test_names_must_differ(pipeline: RunTool, steps: list[dict[str, Any]]) -> None:
    steps[1]["name"] = "extract"

    with pytest.raises(HexError) as caught:
        pipeline(steps)

    assert [(fault.input, fault.key) for fault in caught.value.faults] == [("steps[1].name", "taken")]


# Failures


@pytest.mark.parametrize("end", ["ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"])
def test_a_failed_step_ends_the_pipeline(
    end: str, sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    fails(sandbox, "transform", end)

    result = pipeline(steps)

    assert (result["succeeded"], result["failedStep"]) == (False, "transform")
    assert statuses(result) == ["COMPLETED", end, "SKIPPED"]
    assert result["steps"][1]["error"]["kind"] == "run"
    assert len(ran()) == 2


def test_a_pipeline_may_go_on_after_a_failure(sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]]) -> None:
    fails(sandbox, "transform")

    result = pipeline(steps, onFailure="CONTINUE")

    assert (result["succeeded"], result["failedStep"]) == (False, "transform")
    assert statuses(result) == ["COMPLETED", "ERRORED", "COMPLETED"]


def test_a_step_that_needs_what_never_came_fails(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[1]["inputParams"] = {"nonsense": 1}
    steps[2]["inputParams"] = {"a": "{{transform.runId}}"}

    result = pipeline(steps, onFailure="CONTINUE")

    assert [step["error"] and step["error"]["error"] for step in result["steps"]] == [
        None,
        "bad_parameters",
        "outcome_missing",
    ]
    assert len(ran()) == 1


def test_a_step_that_hex_does_not_allow_fails_by_itself(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]]
) -> None:
    steps[1]["projectId"] = sandbox.world.project("Scratch notebook").id

    result = pipeline(steps, onFailure="CONTINUE")

    assert statuses(result) == ["COMPLETED", "NOT_STARTED", "COMPLETED"]
    assert result["steps"][1]["error"]["error"] == "not_published"


@pytest.mark.parametrize(("cancels", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_step_that_takes_too_long_is_given_up(
    cancels: bool,
    status: str,
    sandbox: Sandbox,
    clock: DrivenClock,
    pipeline: RunTool,
    steps: list[dict[str, Any]],
    ran: Callable[[], list[Run]],
) -> None:
    sandbox.world.project(TITLES[0]).plan = Plan(2, None)

    result = pipeline(steps, timeout=60, cancelOnTimeout=cancels)

    assert statuses(result) == [status, "SKIPPED", "SKIPPED"]
    assert ran()[0].state(clock.time()).status == status


# Beginning elsewhere


@pytest.mark.parametrize("start_at", ["load", "3"])
def test_a_pipeline_can_begin_at_a_step(
    start_at: str, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    result = pipeline(steps, startAt=start_at)

    assert result["succeeded"]
    assert statuses(result) == ["SKIPPED", "SKIPPED", "COMPLETED"]
    assert len(ran()) == 1


@pytest.mark.parametrize("start_at", ["0", "4", "nowhere", ""])
def test_a_beginning_that_is_none_is_refused(
    start_at: str, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    with pytest.raises(HexError) as caught:
        pipeline(steps, startAt=start_at or " x ")

    assert [fault.input for fault in caught.value.faults] == ["startAt"]
    assert ran() == []


def test_a_later_beginning_knows_the_runs_of_an_earlier_call(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[2]["inputParams"] = {"a": "{{transform.runId}}", "b": "{{extract.endTime}}"}
    fails(sandbox, "load")
    first = pipeline(steps, "nightly")
    works(sandbox, "load")

    result = pipeline(steps, "nightly", startAt="load", retryFailed=True)

    assert statuses(result) == ["SKIPPED", "SKIPPED", "COMPLETED"]
    assert ran()[-1].inputs["a"] == first["steps"][1]["runId"]
    assert ran()[-1].inputs["b"] == first["steps"][0]["endTime"]


def test_a_later_beginning_without_the_runs_it_needs_is_refused(
    pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[2]["inputParams"] = {"a": "{{transform.runId}}"}

    with pytest.raises(HexError) as caught:
        pipeline(steps, "nightly", startAt="load")

    assert [fault.key for fault in caught.value.faults] == ["no_earlier_run"]
    assert ran() == []


# Going on


def test_a_pipeline_that_is_called_again_runs_nothing_again(
    pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[2]["inputParams"] = {"a": "{{transform.elapsedSeconds}} {{extract.endTime}}"}
    first, again = (pipeline(steps, "nightly") for _ in range(2))

    assert run_ids(again) == run_ids(first)
    assert again["succeeded"]
    assert len(ran()) == 3


def test_a_pipeline_with_other_steps_needs_another_key(
    pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    pipeline(steps, "nightly")
    steps[1]["inputParams"] = {"a": "something else"}

    with pytest.raises(HexError) as caught:
        pipeline(steps, "nightly")

    assert (caught.value.key, caught.value.values["used"]) == ("key_reused", "nightly")
    assert len(ran()) == 3


def test_a_failed_step_is_found_again_as_it_ended(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    fails(sandbox, "transform")
    first = pipeline(steps, "nightly")
    works(sandbox, "transform")

    again = pipeline(steps, "nightly")

    assert run_ids(again) == run_ids(first)
    assert again["failedStep"] == "transform"
    assert len(ran()) == 2


def test_a_failed_step_is_run_again_when_asked_for_and_the_rest_after_it(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[2]["inputParams"] = {"a": "{{transform.runId}}"}
    fails(sandbox, "transform")
    first = pipeline(steps, "nightly")
    works(sandbox, "transform")

    retried = pipeline(steps, "nightly", retryFailed=True)
    after = pipeline(steps, "nightly")

    assert retried["succeeded"]
    assert run_ids(retried)[0] == run_ids(first)[0]
    assert run_ids(after) == run_ids(retried)
    assert len(ran()) == 4
    assert ran()[-1].inputs["a"] == retried["steps"][1]["runId"]


def test_steps_that_stood_on_a_failed_one_are_run_again_with_it(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]], ran: Callable[[], list[Run]]
) -> None:
    steps[1]["inputParams"] = {"a": "{{extract.runId}}"}
    fails(sandbox, "extract")
    first = pipeline(steps, "nightly", onFailure="CONTINUE")
    works(sandbox, "extract")

    retried = pipeline(steps, "nightly", onFailure="CONTINUE", retryFailed=True)

    assert statuses(first) == ["ERRORED", "COMPLETED", "COMPLETED"]
    assert statuses(retried) == ["COMPLETED"] * 3
    assert run_ids(retried)[2] == run_ids(first)[2]
    assert [run.inputs.get("a") for run in ran()][-1] == retried["steps"][0]["runId"]
    assert len(ran()) == 5
    assert run_ids(pipeline(steps, "nightly", onFailure="CONTINUE")) == run_ids(retried)


@pytest.mark.parametrize(("cancels", "runs"), [(True, 4), (False, 3)])
def test_a_pipeline_that_was_stopped_goes_on_where_it_was(
    cancels: bool,
    runs: int,
    sandbox: Sandbox,
    clock: DrivenClock,
    pipeline: RunTool,
    steps: list[dict[str, Any]],
    ran: Callable[[], list[Run]],
) -> None:
    sandbox.world.project(TITLES[1]).plan = Plan(2, 100)
    stop = threading.Event()

    with pytest.raises(HexError) as caught:
        pipeline(
            steps,
            "nightly",
            stop=stop,
            cancelOnInterrupt=cancels,
            progress=lambda _: stop.set() if clock.monotonic() > 40 else None,
        )
    result = pipeline(steps, "nightly")

    assert caught.value.values["used"] == "nightly"
    assert result["succeeded"]
    assert len(ran()) == runs
    assert run_ids(result)[0] == ran()[0].id


def test_a_step_is_run_again_when_what_it_stands_on_was_however_long_the_chain(
    sandbox: Sandbox, pipeline: RunTool, steps: list[dict[str, Any]]
) -> None:
    steps[1]["inputParams"] = {"a": "{{extract.runId}}"}
    steps[2]["inputParams"] = {"a": "{{transform.runId}}"}
    fails(sandbox, "extract")
    first = pipeline(steps, "k", onFailure="CONTINUE")
    works(sandbox, "extract")

    second, third = (pipeline(steps, "k", onFailure="CONTINUE", retryFailed=True) for _ in range(2))

    last = sandbox.world.get(Run, second["steps"][2]["runId"])
    assert last
    assert last.inputs["a"] == second["steps"][1]["runId"]
    assert not {step["runId"] for step in first["steps"]} & {step["runId"] for step in second["steps"]}
    assert [step["runId"] for step in third["steps"]] == [step["runId"] for step in second["steps"]]


def test_a_step_whose_answer_was_lost_keeps_its_pauses(
    sandbox: Sandbox, registry: Registry, clock: DrivenClock, steps: list[dict[str, Any]]
) -> None:
    with Faulty(when("POST", reset), reply(502), upstream=sandbox.origin) as proxy:
        connection = Connection(TOKENS.personal, proxy.base_url, allowed_hosts=(proxy.origin,), clock=clock)
        result = hex_on(connection).call("hex_run_pipeline", {"steps": steps[:1]})

    assert result["steps"][0]["error"]["kind"] == "down"
    assert clock.monotonic() >= 600
    assert len(proxy.requests) <= 80
