"""The handler of hex_ask: asks Hex's agent a question and waits for the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError, HexError, hex_error
from hex_blocks.tools.handler import handler
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool_call import ToolCall

TIMEOUT = 300.0
# Seconds between two polls of the thread: the first pause, the longest, and the factor by which it grows.
FIRST_PAUSE, MAX_PAUSE, GROWTH = 2.0, 10.0, 1.5
# How long a thread may be idle without a new response, in seconds, before that counts as an answer.
SETTLE_SECONDS = 30.0
BUSY_SECONDS = 10
POLL_PATIENCE = 20.0

Thread = dict[str, Any]


@handler(
    errors=(
        "not_enabled",
        "not_found",
        "thread_busy",
        "agent_failed",
        "answer_timeout",
        "answer_interrupted",
        "answer_unfollowed",
    ),
    uses=("hex_create_thread", "hex_continue_thread", "hex_get_thread"),
)
def ask(call: ToolCall, inputs: dict[str, Any]) -> dict[str, Any]:
    """Send a prompt to a new or an existing thread, wait for the agent's answer, and return it."""
    before = _thread_to_continue(call, inputs["threadId"]) if "threadId" in inputs else None
    asked: dict[str, Any] = {name: inputs[name] for name in ("prompt", "threadId", "projectId") if name in inputs}
    sent = call.request(asked, "hex_continue_thread" if before else "hex_create_thread") or {}
    thread = {"threadId": inputs.get("threadId"), "url": None, **sent}
    try:
        thread |= _answered(call, thread, before and before.get("response"), inputs)
    except KeyboardInterrupt:
        raise _failure(thread, "answer_interrupted") from None
    return thread | _parts(thread.get("response") or [])


def _thread_to_continue(call: ToolCall, thread_id: str) -> Thread:
    thread: Thread = call.request({"threadId": thread_id}, "hex_get_thread") or {}
    if thread.get("status") == "RUNNING":
        raise hex_error("thread_busy", seconds=BUSY_SECONDS, threadId=thread_id, url=thread.get("url"))
    return thread


def _answered(call: ToolCall, thread: Thread, old_response: Any, inputs: dict[str, Any]) -> Thread:
    """Wait until the agent has answered in a thread, and return the thread.

    Raises:
        RunError: The agent failed, the timeout is over, or the thread cannot be read.
    """
    clock = call.connection.clock
    settled_at = clock.monotonic() + SETTLE_SECONDS
    seen_running = False
    for seen in _polls(call, thread, inputs):
        response, status = seen.get("response"), seen.get("status")
        if status == "ERROR":
            error = seen.get("error") or {}
            raise _failure(seen, "agent_failed", type=error.get("type"), reason=error.get("message") or "?")
        seen_running = seen_running or status == "RUNNING"
        new = seen_running or (response and response != old_response)
        if status == "IDLE" and (new or clock.monotonic() >= settled_at):
            if not new:
                call.warn("answer_unchanged")
            return seen
    raise AssertionError("polling ends with an answer or an error")


def _polls(call: ToolCall, thread: Thread, inputs: dict[str, Any]) -> Iterator[Thread]:
    """Poll a thread until the timeout, also after temporary errors, and yield it each time.

    Raises:
        RunError: The timeout is over, the call was stopped, or the thread cannot be read.
    """
    clock = call.connection.clock
    began = clock.monotonic()
    timeout, pause = float(inputs.get("timeout", TIMEOUT)), float(inputs.get("pollInterval", FIRST_PAUSE))
    longest = max(pause, MAX_PAUSE)
    message = call.say("Waiting for the agent's answer")
    while (left := began + timeout - clock.monotonic()) > 0:
        call.report_progress(Progress(message, thread.get("status"), timeout - left, values=_place(thread)))
        if clock.wait(min(pause, left), call.stop):
            raise _failure(thread, "answer_interrupted")
        pause = min(longest, pause * GROWTH)
        patience = max(1.0, min(POLL_PATIENCE, began + timeout - clock.monotonic()))
        try:
            seen = call.request(_id(thread), "hex_get_thread", timing=replace(call.timing, patience=patience)) or {}
        except (BusyError, HexDownError) as error:
            call.report_progress(Progress(error.message(call.language), values={"error": error.key, **_place(thread)}))
        except HexError as error:
            raise _failure(thread, "answer_unfollowed", reason=error.message()) from error
        else:
            thread = thread | seen
            yield thread
    raise _failure(thread, "answer_timeout", timeout=round(timeout))


def _id(thread: Thread) -> dict[str, Any]:
    return {"threadId": thread["threadId"]}


def _place(thread: Thread) -> dict[str, Any]:
    return {"threadId": thread.get("threadId"), "url": thread.get("url")}


def _failure(thread: Thread, key: str, **values: Any) -> HexError:
    return hex_error(key, **_place(thread), **values)


def _parts(response: list[Any]) -> dict[str, Any]:
    """Return the outputs of an answer: its pieces by type."""
    pieces = [piece for piece in response if isinstance(piece, dict)]
    texts = [piece["text"] for piece in pieces if piece.get("type") == "text" and isinstance(piece.get("text"), str)]
    return {
        "text": "\n\n".join(texts),
        "cells": [piece for piece in pieces if piece.get("type") == "cell"],
        "projects": [piece for piece in pieces if piece.get("type") == "project"],
        "tasks": [piece.get("title") for piece in pieces if piece.get("type") == "task"],
    }
