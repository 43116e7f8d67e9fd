"""The events of hooks, and the messages about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hex_blocks.hosts.service.hooks.store import Delivery, Hook
from hex_blocks.hosts.service.jobs.store import FAILED, SUCCEEDED, Job
from hex_blocks.hosts.service.moments import iso

RUN_EVENTS = {
    "COMPLETED": "run.completed",
    "ERRORED": "run.errored",
    "KILLED": "run.killed",
    "UNABLE_TO_ALLOCATE_KERNEL": "run.no_kernel",
}
JOB_EVENTS = {SUCCEEDED: "job.succeeded", FAILED: "job.failed"}
_RUN_FIELDS = ("projectId", "runId", "status", "startTime", "endTime", "elapsedTime", "runUrl")
MAX_DETAIL_LENGTH = 2000


def run_message(hook: Hook, run: Mapping[str, Any], now: float) -> Delivery | None:
    """Return the message about a run that has ended; None if the hook does not subscribe to the event."""
    event = RUN_EVENTS.get(str(run.get("status")))
    if event not in hook.events or event is None:
        return None
    return _message(hook, event, str(run["runId"]), {name: run.get(name) for name in _RUN_FIELDS}, now)


def job_message(hook: Hook, job: Job, now: float) -> Delivery | None:
    """Return the message about a job that has ended; None if the hook does not subscribe to the event.

    The message does not contain the job's result, because reading that requires a token.
    """
    event = JOB_EVENTS.get(job.status)
    if event not in hook.events or event is None:
        return None
    problem = job.problem or {}
    data: dict[str, Any] = {
        "jobId": job.id,
        "tool": job.tool,
        "status": job.status,
        "createdAt": iso(job.created_at),
        "endedAt": iso(job.ended_at or now),
        "statusUrl": f"/v1/jobs/{job.id}",
    }
    if problem:
        data["problem"] = {
            "key": problem.get("key"),
            "detail": str(problem.get("detail", ""))[:MAX_DETAIL_LENGTH],
            "traceId": problem.get("traceId"),
        }
    return _message(hook, event, job.id, data, now)


def _message(hook: Hook, event: str, subject_id: str, data: Mapping[str, Any], now: float) -> Delivery:
    # The ID is derived from the event, so that an event that is found twice is one message.
    name = hashlib.sha256(f"{hook.id} {event} {subject_id}".encode()).hexdigest()[:32]
    body = json.dumps({"type": event, "timestamp": iso(now), "data": data}, separators=(",", ":"))
    return Delivery(f"msg_{name}", hook.id, event, body, now)


def samples(now: float, only: str | None = None) -> list[dict[str, Any]]:
    """Return a sample message of each event, or of one.

    Args:
        now: The time of the messages, in seconds since the Unix epoch.
        only: The event. Default: all.
    """
    project, run = "5a8591dd-4039-49df-9202-96385ba3eff8", "78c33d18-170c-44d3-a227-b3194f134f73"
    messages = {}
    for status, event in RUN_EVENTS.items():
        data = {
            "projectId": project,
            "runId": run,
            "status": status,
            "startTime": iso(now - 60),
            "endTime": iso(now - 12.5),
            "elapsedTime": 47500,
            "runUrl": f"https://app.hex.tech/example/hex/{project}/run/{run}",
        }
        messages[event] = {"type": event, "timestamp": iso(now), "data": data}
    for status, event in JOB_EVENTS.items():
        data = {
            "jobId": "4f7c6e2f1d0a4b7c9a8e5d3c2b1a0f9e",
            "tool": "hex_run_and_wait",
            "status": status,
            "createdAt": iso(now - 90),
            "endedAt": iso(now),
            "statusUrl": "/v1/jobs/4f7c6e2f1d0a4b7c9a8e5d3c2b1a0f9e",
        }
        messages[event] = {"type": event, "timestamp": iso(now), "data": data}
    return [messages[only]] if only in messages else list(messages.values()) if only is None else []
