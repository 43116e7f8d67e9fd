"""Pipelines: projects run one after the other, each with what came of the earlier ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hex_blocks.call import Call
from hex_blocks.errors import Fault, HexError, hex_error
from hex_blocks.handlers.jobs import Job, Work, moment, work_key

# What of an earlier step a later one may name, as {{step.runId}}.
OUTCOMES = ("projectId", "runId", "runUrl", "status", "startTime", "endTime", "elapsedSeconds")
REFERENCE = re.compile(r"\{\{\s*([^{}.]+?)\s*\.\s*([A-Za-z]+)\s*\}\}")
STEP_INPUTS = ("projectId", "inputParams", "viewId", "updatePublishedResults", "useCachedSqlResults", "notifications")


def run_pipeline(call: Call, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run the steps in order and report on each. A failed step ends the pipeline unless onFailure is CONTINUE."""
    steps: list[dict[str, Any]] = inputs["steps"]
    names = [str(step.get("name") or number) for number, step in enumerate(steps, 1)]
    first = _first_step(call, inputs.get("startAt"), names)
    _check_steps(call, steps, names)
    key = work_key(inputs, "pipeline")
    began = call.connection.clock.time()
    jobs: list[Job] = []
    for number, step in enumerate(steps):
        asked = {name: step[name] for name in STEP_INPUTS if name in step}
        job = Job(names[number], f"{key}/{names[number]}", _later(asked, jobs, number), skipped=number < first)
        job.run = {"projectId": step["projectId"]}
        jobs.append(job)
    stop_at_failure = inputs.get("onFailure", "STOP") == "STOP"
    Work(call, jobs, inputs, parallel=1, stop_at_failure=stop_at_failure).do(key)
    ended = call.connection.clock.time()
    return {
        "succeeded": all(job.completed or (job.skipped and number < first) for number, job in enumerate(jobs)),
        "steps": [job.report(call.language) for job in jobs],
        "failedStep": next((job.name for job in jobs if job.error), None),
        "startedAt": moment(began),
        "endedAt": moment(ended),
        "elapsedSeconds": round(ended - began, 3),
        "idempotencyKey": key,
    }


def _later(asked: dict[str, Any], jobs: list[Job], number: int) -> Any:
    """Fill a step's references when its turn comes."""
    return lambda: _filled(asked, {job.name: job.report() for job in jobs[:number]})


def _filled(value: Any, outcomes: Mapping[str, Mapping[str, Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part, outcomes) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, outcomes) for part in value]
    if not isinstance(value, str):
        return value
    if whole := REFERENCE.fullmatch(value.strip()):
        # A value that is nothing but a reference keeps its type: a number stays a number.
        return outcomes[whole[1]][whole[2]]
    return REFERENCE.sub(lambda found: str(outcomes[found[1]][found[2]]), value)


def _first_step(call: Call, start_at: str | None, names: list[str]) -> int:
    if start_at is None:
        return 0
    if start_at in names:
        return names.index(start_at)
    if start_at.isdigit() and 1 <= int(start_at) <= len(names):
        return int(start_at) - 1
    raise _refused(call, [Fault("startAt", "not_allowed", {"allowed": ", ".join(names), "found": repr(start_at[:40])})])


def _check_steps(call: Call, steps: list[dict[str, Any]], names: list[str]) -> None:
    faults = []
    for number, step in enumerate(steps):
        place = f"steps[{number}]"
        if names[number] in names[:number]:
            faults.append(Fault(f"{place}.name", "taken", {"found": repr(names[number])}))
        if "viewId" in step and "inputParams" in step:
            faults.append(Fault(f"{place}.viewId, {place}.inputParams", "not_together"))
        for name, outcome in _references(step.get("inputParams")):
            if name not in names[:number] or outcome not in OUTCOMES:
                known = ", ".join(f"{earlier}.{each}" for earlier in names[:number][-3:] for each in OUTCOMES[:3])
                values = {"found": f"{name}.{outcome}", "known": known or "-"}
                faults.append(Fault(f"{place}.inputParams", "no_such_outcome", values))
    if faults:
        raise _refused(call, faults)


def _references(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for part in value.values() for found in _references(part)]
    if isinstance(value, list):
        return [found for part in value for found in _references(part)]
    return REFERENCE.findall(value) if isinstance(value, str) else []


def _refused(call: Call, faults: list[Fault]) -> HexError:
    return hex_error("bad_inputs", tool=call.tool.id, faults=tuple(faults))
