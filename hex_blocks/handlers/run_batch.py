"""The handler of hex_run_batch: runs a project once for each parameter set."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

from hex_blocks.errors.classes import Fault, hex_error
from hex_blocks.runs.declarations import FILE_OF_PROJECT, JOB_ERRORS, WORK_ERRORS, WORK_USES
from hex_blocks.runs.jobs.job import Job, work_key
from hex_blocks.runs.jobs.work import Work
from hex_blocks.runs.parameters import check_parameters
from hex_blocks.tools.handler import handler
from hex_blocks.tools.inputs.faults import entries
from hex_blocks.tools.tool_call import ToolCall

MAX_SETS = 5000
PARALLEL = 20
MAX_NAME_LENGTH = 80
SHARED_INPUTS = ("projectId", "updatePublishedResults", "useCachedSqlResults", "notifications")


@handler(
    errors=(
        *WORK_ERRORS,
        # These errors of the first set end the batch, because all other sets would fail as well.
        "key_busy",
        "no_free_kernel",
        "not_found",
        "not_published",
        "project_busy",
        "start_lost",
        "start_pending",
        "start_unknown",
    ),
    reported=JOB_ERRORS,
    uses=(FILE_OF_PROJECT, *WORK_USES),
)
def run_batch(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run a project once for each parameter set, and return the result of each."""
    sets = _sets(call, inputs)
    if inputs.get("checkInputs"):
        check_parameters(call, inputs["projectId"], {_place(number): each for number, each in enumerate(sets)})
    key = work_key(inputs, "batch")
    promised = bool(inputs.get("idempotencyKey"))
    shared = {name: inputs[name] for name in SHARED_INPUTS if name in inputs}
    jobs = [
        Job(_name(parameters, number), f"{key}#set:{mark}", _asked(shared, parameters), promised=promised)
        for number, (parameters, mark) in enumerate(zip(sets, _marks(sets), strict=True), 1)
    ]
    stop_at_failure = inputs.get("onFailure", "CONTINUE") == "STOP"
    parallel = int(inputs.get("parallel", PARALLEL))
    work = Work(call, key, jobs, inputs, parallel=parallel, stop_at_failure=stop_at_failure)
    return work.run(
        lambda: {
            "succeeded": all(job.completed for job in jobs),
            "total": len(jobs),
            "completed": sum(job.completed for job in jobs),
            "failed": sum(job.error is not None for job in jobs),
            "sets": [
                {"inputParams": parameters} | job.report(call.language)
                for parameters, job in zip(sets, jobs, strict=True)
            ],
            "failedSets": [parameters for parameters, job in zip(sets, jobs, strict=True) if not job.completed],
        }
    )


def _asked(shared: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return lambda: shared | {"inputParams": parameters}


def _sets(call: ToolCall, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameter sets: the given ones, or all combinations of the given lists."""
    if "parameterSets" in inputs:
        sets = inputs["parameterSets"]
        faults = [
            Fault(_place(number), "not_object", {"found": repr(each)[:40]})
            for number, each in enumerate(sets)
            if not isinstance(each, dict)
        ]
    else:
        lists = inputs["combine"]
        faults = list(_faults_of(lists))
        sets = [] if faults else _combined(lists)
    if faults:
        raise hex_error("bad_inputs", tool=call.tool.id, faults=tuple(faults))
    return list(sets)


def _place(number: int) -> str:
    return f"parameterSets[{number}]"


def _faults_of(lists: dict[str, Any]) -> Iterator[Fault]:
    """Yield the faults of lists to combine, checked first because their combinations could fill the memory."""
    for name, values in lists.items():
        if not isinstance(values, list):
            yield Fault(f"combine.{name}", "not_array", {"found": repr(values)[:40]})
        elif not values:
            yield Fault(f"combine.{name}", "too_short", {"size": entries(1)})
    if not lists:
        yield Fault("combine", "too_short", {"size": entries(1)})
    total = math.prod(len(values) for values in lists.values() if isinstance(values, list))
    if total > MAX_SETS:
        yield Fault("combine", "too_many_sets", {"found": total, "limit": MAX_SETS})


def _combined(lists: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]


def _marks(sets: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a hash of each set for its key, so that a set keeps its run if the list is extended or reordered."""
    seen: Counter[str] = Counter()
    for parameters in sets:
        mark = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:24]
        seen[mark] += 1
        yield mark if seen[mark] == 1 else f"{mark}-{seen[mark]}"


def _name(parameters: dict[str, Any], number: int) -> str:
    values = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return values[:MAX_NAME_LENGTH] if values else str(number)
