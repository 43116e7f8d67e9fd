"""The handler of hex_run_pipeline: runs projects in order, each with results of the earlier steps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from hex_blocks.errors.classes import Fault, HexError, hex_error
from hex_blocks.runs.declarations import JOB_ERRORS, WORK_ERRORS, WORK_USES
from hex_blocks.runs.jobs.job import Job, latest_try, work_key
from hex_blocks.runs.jobs.work import Work
from hex_blocks.runs.model import get_run
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

# The fields of an earlier step that a later one can refer to, as in {{step.runId}}.
OUTCOMES = ("projectId", "runId", "runUrl", "status", "startTime", "endTime", "elapsedSeconds")
REFERENCE = re.compile(r"\{\{\s*([^{}.]+?)\s*\.\s*([A-Za-z]+)\s*\}\}")
# A reference to a step without a field.
INCOMPLETE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
STEP_INPUTS = ("projectId", "inputParams", "viewId", "updatePublishedResults", "useCachedSqlResults", "notifications")


@handler(errors=(*WORK_ERRORS, "not_found"), reported=(*JOB_ERRORS, "outcome_missing"), uses=WORK_USES)
def run_pipeline(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run the steps in order, and return the result of each. A failure ends it unless onFailure is CONTINUE."""
    steps: list[dict[str, Any]] = inputs["steps"]
    names = [str(step.get("name") or number) for number, step in enumerate(steps, 1)]
    first = _first_step(call, inputs.get("startAt"), names)
    _check_steps(call, steps, names)
    key = work_key(inputs, "pipeline")
    jobs: list[Job] = []
    for step, name in zip(steps, names, strict=True):
        jobs.append(_job(step, name, key, tuple(jobs), promised=bool(inputs.get("idempotencyKey"))))
    _skip(call, steps, jobs, first)
    stop_at_failure = inputs.get("onFailure", "STOP") == "STOP"
    work = Work(call, key, jobs, inputs, parallel=1, stop_at_failure=stop_at_failure, in_order=True)
    return work.run(
        lambda: {
            "succeeded": all(job.completed for job in jobs[first:]),
            "steps": [job.report(call.language) for job in jobs],
            "failedStep": next((job.name for job in jobs if job.error), None),
        }
    )


def _job(step: dict[str, Any], name: str, key: str, earlier: tuple[Job, ...], *, promised: bool) -> Job:
    asked = {name: step[name] for name in STEP_INPUTS if name in step}
    used = {name for name, _ in _references(step.get("inputParams"))}

    def inputs() -> dict[str, Any]:
        return dict(_filled(asked, {job.name: job.outcome() for job in earlier}))

    def suffix() -> str:
        # If a step whose result is used was run again, this step is a new start and needs a new key.
        reruns = [f"{job.name}:{job.tries}{job.suffix()}" for job in earlier if job.name in used and job.is_rerun]
        return f"#after:{hashlib.sha256(' '.join(reruns).encode()).hexdigest()[:16]}" if reruns else ""

    # The key identifies the step with its references, not with the values that they are replaced by.
    job = Job(name, f"{key}#step:{name}", inputs, stands_for=asked, suffix=suffix, promised=promised)
    job.run = {"projectId": step["projectId"]}
    return job


def _skip(call: ToolCall, steps: list[dict[str, Any]], jobs: list[Job], first: int) -> None:
    """Skip the steps before `first`, and find the earlier runs of those that later steps refer to.

    Raises:
        InputError: There is no earlier run of such a step (`bad_inputs`).
    """
    used = {name for step in steps[first:] for name, _ in _references(step.get("inputParams"))}
    faults = []
    for job in jobs[:first]:
        job.skipped = True
        start = latest_try(call, job)
        if job.name in used and start and start.run_id:
            job.run |= start.ended or get_run(call, job.run["projectId"], start.run_id)
            job.run["runId"] = start.run_id
        elif job.name in used:
            faults.append(Fault("startAt", "no_earlier_run", {"found": repr(job.name)}))
    if faults:
        raise _refused(call, faults)


def _filled(value: Any, outcomes: Mapping[str, Mapping[str, Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part, outcomes) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, outcomes) for part in value]
    if not isinstance(value, str):
        return value
    if whole := REFERENCE.fullmatch(value.strip()):
        # A value that consists of one reference keeps the type of the result, such as a number.
        return _outcome(outcomes, *whole.groups())
    return REFERENCE.sub(lambda found: str(_outcome(outcomes, *found.groups())), value)


def _outcome(outcomes: Mapping[str, Mapping[str, Any]], step: str, name: str) -> Any:
    value = outcomes[step][name]
    if value is None:
        raise hex_error("outcome_missing", found=f"{step}.{name}")
    return value


def _first_step(call: ToolCall, start_at: str | None, names: list[str]) -> int:
    if start_at is None:
        return 0
    if start_at in names:
        return names.index(start_at)
    if start_at.isdigit() and 1 <= int(start_at) <= len(names):
        return int(start_at) - 1
    raise _refused(call, [Fault("startAt", "not_allowed", {"allowed": ", ".join(names), "found": repr(start_at[:40])})])


def _check_steps(call: ToolCall, steps: list[dict[str, Any]], names: list[str]) -> None:
    faults = []
    for number, step in enumerate(steps):
        place = f"steps[{number}]"
        if names[number] in names[:number]:
            faults.append(Fault(f"{place}.name", "taken", {"found": repr(names[number])}))
        if "viewId" in step and "inputParams" in step:
            faults.append(Fault(f"{place}.viewId, {place}.inputParams", "not_together"))
        incomplete = [(name, "") for name in _found(INCOMPLETE, step.get("inputParams")) if name in names]
        for name, outcome in [*_references(step.get("inputParams")), *incomplete]:
            if name not in names[:number] or outcome not in OUTCOMES:
                known = ", ".join(f"{earlier}.{each}" for earlier in names[:number][-3:] for each in OUTCOMES[:3])
                values = {"found": f"{name}.{outcome}".rstrip("."), "known": known or "-"}
                faults.append(Fault(f"{place}.inputParams", "no_such_outcome", values))
    if faults:
        raise _refused(call, faults)


def _references(value: Any) -> list[tuple[str, str]]:
    return _found(REFERENCE, value)


def _found(pattern: re.Pattern[str], value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [found for part in value.values() for found in _found(pattern, part)]
    if isinstance(value, list):
        return [found for part in value for found in _found(pattern, part)]
    return pattern.findall(value) if isinstance(value, str) else []


def _refused(call: ToolCall, faults: list[Fault]) -> HexError:
    return hex_error("bad_inputs", tool=call.tool.id, faults=tuple(faults))
