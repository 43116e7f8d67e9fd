"""Starting runs, each exactly once.

Hex has no idempotency key, so the record of runs keeps one: it takes the intent just before the request and the
run after it. Where the answer to a start was lost, with the connection or with the process, Hex's list of runs
is asked first: a run that appeared since the intent and that no other record claims is the one.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from hex_blocks.call import Call
from hex_blocks.errors import HexDownError, HexError, hex_error
from hex_blocks.record import RecordError, Start

PARAMETERS = ("inputParams", "inputParamsJson")
# What Hex answers to a start, and what is kept of it so that a repeated call answers the same.
KEPT = ("projectId", "runId", "runUrl", "runStatusUrl", "traceId", "projectVersion")
# A run is listed this soon after its start, and never looks older than its intent by more than clocks differ.
SETTLE_SECONDS = 5.0
CLOCKS_DIFFER = 10.0
# A request lasts no longer than this, so a run that appeared later is somebody else's.
REQUEST_SECONDS = 90.0
PAGE = 100
PAGES = 5
# Faults after which nothing can have started at Hex.
NOT_SENT = ("no_network", "bad_certificate")


def start(call: Call, inputs: Mapping[str, Any], tool_id: str | None = None) -> dict[str, Any]:
    """Start a project's run and record it. Gives Hex's reply, or the same again for a key that was used before.

    inputs may hold idempotencyKey. Raises HexError: `key_reused` where the key stands for another start,
    `start_uncertain` where it cannot be told whether a run was started.
    """
    asked = _as_hex_takes_it(call, inputs)
    key = asked.pop("idempotencyKey", None)
    if asked.get("dryRun"):
        call.warn("nothing_ran")
        return call.ask(asked, tool_id) or {}
    tool = call.tool.registry[tool_id] if tool_id else call.tool
    sending = tool.lay_out(asked)
    fingerprint = hashlib.sha256(json.dumps([sending.path, sending.body], sort_keys=True).encode()).hexdigest()
    intent = Start(key or f"call-{uuid.uuid4()}", asked["projectId"], fingerprint, 0.0)
    base_url = call.connection.base_url
    try:
        with call.connection.record.alone(base_url, intent.key):
            return _start_once(call, asked, tool_id, intent)
    except RecordError as error:
        if key:
            raise hex_error("record_unusable", reason=str(error)) from error
        # Without a key nothing was promised, and a full disk should not keep a report from being made.
        call.warn("run_not_recorded", reason=str(error))
        return call.ask(asked, tool_id) or {}


def _as_hex_takes_it(call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    # No parameters is what an empty object means to a person; Hex reads it as parameters given.
    asked = {name: value for name, value in inputs.items() if name not in PARAMETERS or _holds_any(value)}
    if "updateCache" in asked:
        update = asked.pop("updateCache")
        asked.setdefault("updatePublishedResults", update)
        asked.setdefault("useCachedSqlResults", not update)
        call.warn("update_cache_deprecated")
    if asked.get("updatePublishedResults") and any(name in asked for name in PARAMETERS):
        call.warn("inputs_ignored")
    return asked


def _holds_any(parameters: Any) -> bool:
    return bool(json.loads(parameters) if isinstance(parameters, str) else parameters)


def _start_once(call: Call, asked: dict[str, Any], tool_id: str | None, intent: Start) -> dict[str, Any]:
    record, base_url = call.connection.record, call.connection.base_url
    earlier = record.find(base_url, intent.key)
    if earlier and earlier.fingerprint != intent.fingerprint:
        raise hex_error("key_reused", used=intent.key)
    if earlier and earlier.run_id:
        return earlier.reply
    if earlier and (found := _look_for_run(call, earlier)):
        return _adopt(call, intent, found)
    with _intent_of_each_sending(call, intent) as (timing, sent):
        try:
            created: dict[str, Any] = call.ask(asked, tool_id, timing=timing) or {}
            if not created.get("runId"):
                raise hex_error("not_hex", host=call.connection.api.host, reason=call.say("it names no run"))
        except HexDownError as error:
            if error.key in NOT_SENT or not sent:
                record.forget(base_url, intent.key)
                raise
            # Hex may have taken it all the same.
            found = _look_for_run(call, sent[-1])
            if found is None:
                raise hex_error("start_lost", status=error.status, reason=error.message()) from error
            return _adopt(call, intent, found)
        except HexError:
            record.forget(base_url, intent.key)
            raise
    _record_run(call, intent, created["runId"], created)
    return created


@contextmanager
def _intent_of_each_sending(call: Call, intent: Start) -> Iterator[tuple[Any, list[Start]]]:
    """Write the intent down just before each sending: waits for Hex's limits lie before it."""
    sent: list[Start] = []

    def write() -> None:
        sent.append(replace(intent, intended_at=call.connection.clock.time()))
        call.connection.record.intend(call.connection.base_url, sent[-1])

    yield replace(call.timing, on_send=write), sent


def _record_run(call: Call, intent: Start, run_id: str, reply: Mapping[str, Any]) -> None:
    kept = {name: reply.get(name) for name in KEPT}
    try:
        call.connection.record.started(call.connection.base_url, intent.key, run_id, kept)
    except RecordError as error:
        # The run is there: that it cannot be written down is told, not raised.
        call.warn("run_not_recorded", reason=str(error))


def _adopt(call: Call, intent: Start, run: Mapping[str, Any]) -> dict[str, Any]:
    call.warn("start_recovered")
    adopted = {name: run.get(name) for name in KEPT}
    _record_run(call, intent, str(run["runId"]), adopted)
    return adopted


def _look_for_run(call: Call, intent: Start) -> dict[str, Any] | None:
    """Find the run that a start became whose answer was lost; None where there is none.

    Raises HexError `start_uncertain` where several could be it.
    """
    clock = call.connection.clock
    clock.wait(min(SETTLE_SECONDS, intent.intended_at + SETTLE_SECONDS - clock.time()), call.stop)
    candidates = [run for run in _runs_since(call, intent) if run.get("runTrigger") == "API"]
    claimed = call.connection.record.claimed(call.connection.base_url, [run["runId"] for run in candidates])
    unclaimed = [run for run in candidates if run["runId"] not in claimed]
    if len(unclaimed) > 1:
        runs = [run["runId"] for run in unclaimed]
        raise hex_error("start_uncertain", projectId=intent.project_id, runs=", ".join(runs))
    return unclaimed[0] if unclaimed else None


def _runs_since(call: Call, intent: Start) -> Iterator[dict[str, Any]]:
    earliest = intent.intended_at - CLOCKS_DIFFER
    latest = intent.intended_at + REQUEST_SECONDS
    for page in range(PAGES):
        asked = {"projectId": intent.project_id, "limit": PAGE, "offset": page * PAGE, "runTriggerFilter": "API"}
        runs = (call.ask(asked, "hex_get_project_runs") or {}).get("runs") or []
        for run in runs:
            # A run that has not started yet has no time, and cannot be old.
            began = _seconds(run.get("startTime"))
            if run.get("runId") and (began is None or earliest <= began <= latest):
                yield run
        times = [began for run in runs if (began := _seconds(run.get("startTime"))) is not None]
        if len(runs) < PAGE or (times and min(times) < earliest):
            return


def _seconds(moment: Any) -> float | None:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError):
        return None
