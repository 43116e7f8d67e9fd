"""The JavaScript core in a Node process of its own, and the Python core beside it, on the same cases."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from requests import exceptions as faults
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import NameResolutionError, NewConnectionError

from hex_blocks import Connection, HexError
from hex_blocks.api import hex_api
from hex_blocks.api.transport import Transport
from hex_blocks.clock import DrivenClock
from hex_blocks.hosts.javascript.data import CORE
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from tests.calling import hex_on

RUNNER = Path(__file__).with_name("runner.js")
TOKEN = "hxtp_token_of_the_comparison"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
Json = Any


class Node:
    """One long-lived Node process with a copy of the core."""

    def __init__(self, core: Path = CORE) -> None:
        node = shutil.which("node")
        assert node, "Node is needed"
        command = [node, str(RUNNER), str(core)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, deed: str, *, on_wait: Callable[[float], object] | None = None, **task: Json) -> Json:
        """Have something done, and let time pass where the core asks for it."""
        self._write({"deed": deed, **task})
        while True:
            assert self._process.stdout
            line = self._process.stdout.readline()
            assert line, "Node has ended"
            said = json.loads(line)
            if "failed" in said:
                raise AssertionError(said["failed"])
            if "done" in said:
                return said["done"]
            assert on_wait
            on_wait(said["wait"])
            self._write({"answer": True})

    def _write(self, value: Json) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()


class Scripted:
    """A transport that answers as a script says, and notes what was asked."""

    def __init__(self, script: list[Json] | None) -> None:
        self.script = None if script is None else list(script)
        self.asked: list[Json] = []
        self.sent = True
        self._real = REAL_TRANSPORT() if script is None else None

    def send_within(self, prepared: requests.PreparedRequest, *given: Any, **options: Any) -> Any:
        body = prepared.body
        multipart = prepared.headers.get("Content-Type", "").startswith("multipart")
        noted = {"bytes": 0} if multipart else body.decode() if isinstance(body, bytes) else body
        self.asked.append({"method": prepared.method, "url": prepared.url, "body": noted})
        if self._real is not None:
            return self._real.send_within(prepared, *given, **options)
        assert self.script is not None
        reply = self.script.pop(0) if self.script else {"status": 404, "body": '{"reason":"nothing more"}'}
        if "fault" in reply:
            fault = str(reply["fault"])
            self.sent = fault not in ("ENOTFOUND", "ECONNREFUSED")
            raise FAULTS[fault]()
        return _Response(reply)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Response:
    def __init__(self, reply: Json) -> None:
        self.status_code = reply["status"]
        self.headers = CaseInsensitiveDict({"Content-Length": "1", **reply.get("headers", {})})
        self.raw = self
        self._content = _content(reply)

    def read1(self, _size: int, *, decode_content: bool) -> bytes:
        assert decode_content
        content, self._content = self._content, b""
        return content

    def close(self) -> None:
        pass


REAL_TRANSPORT = Transport
FAULTS: dict[str, Callable[[], Exception]] = {
    "timeout": faults.ReadTimeout,
    "ECONNRESET": faults.ConnectionError,
    "ENOTFOUND": lambda: faults.ConnectionError(NameResolutionError("host", None, OSError())),  # type: ignore[arg-type]
    "ECONNREFUSED": lambda: faults.ConnectionError(NewConnectionError(None, "refused")),  # type: ignore[arg-type]
}


class StoppingClock(DrivenClock):
    """A driven clock that sets `stop` after some seconds."""

    def __init__(self, after: float = float("inf")) -> None:
        super().__init__(NOW)
        self.stop = threading.Event()
        self._after = after

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if stop is not None and stop.is_set():
            return True
        self.advance(seconds)
        if self.monotonic() >= self._after:
            self.stop.set()
        return stop is not None and stop.is_set()


@contextmanager
def _without_chance() -> Iterator[None]:
    with patch.object(random, "uniform", lambda low, high: (low + high) / 2):
        yield


def in_python(case: Json, folder: Path, clock: StoppingClock | None = None) -> Json:
    """Run a case in Python: what was asked of Hex, and what came of each call."""
    clock = clock or StoppingClock()
    began = clock.monotonic()
    transport = Scripted(case.get("script"))
    outcomes: list[Json] = []
    given = case["connection"]
    with patch.object(hex_api, "Transport", lambda: transport), _without_chance():
        connection = Connection(
            given["apiKey"],
            given["baseUrl"],
            allowed_hosts=tuple(given.get("allowedHosts", ())),
            clock=clock,
            limits={name: tuple(map(tuple, pairs)) for name, pairs in case.get("limits", {}).items()},
        )
        # Every case begins with no run on record.
        use_record(connection, SqliteRecord(folder))
        for inputs in case["calls"]:
            given = follow(inputs, outcomes)
            try:
                outputs = hex_on(connection).call(case["tool"], given, stop=clock.stop, language=case["language"])
                outcomes.append({"outputs": outputs})
            except HexError as error:
                outcomes.append({"error": error.document(case["language"])})
        if case.get("script") is None:
            connection.close()
    return {
        "outcomes": json.loads(json.dumps(outcomes)),
        "asked": transport.asked,
        "passed": clock.monotonic() - began,
    }


def follow(inputs: Json, outcomes: list[Json]) -> Json:
    """Put the cursor of the call before in its place."""
    return inputs | {"cursor": outcomes[-1]["outputs"]["cursor"]} if inputs.get("cursor") == "$cursor" else inputs


def in_javascript(node: Node, case: Json, **more: Any) -> Json:
    """Run a case in JavaScript, as `in_python` does."""
    script = case.get("script")
    if script is not None:
        script = [{**reply, "content": base64.b64encode(_content(reply)).decode()} for reply in script]
    return node.do("call", **{**case, "time": NOW.timestamp(), "script": script, **more})


def _content(reply: Json) -> bytes:
    """Return the bytes of an answer; half a character makes them no UTF-8."""
    return bytes(reply.get("body", "").encode("utf-8", "surrogatepass"))
