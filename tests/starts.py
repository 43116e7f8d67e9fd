"""What tests of starts share: types of fixtures, runs that others start, and acts that lose the reply of a start."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from hex_blocks import Connection
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.faulty import (
    LOGIN_PAGE,
    Act,
    done_then,
    end,
    half_a_json,
    lost,
    reply,
    reset_mid_body,
    silence,
)
from tests.whole import whole

TITLE = "Quick check"
Through = Callable[..., Connection]
StartIt = Callable[..., dict[str, Any]]
Started = Callable[[], list[str]]

LOST: dict[str, Act] = {
    "reset": lost,
    "end": done_then(end),
    "half a body": done_then(reset_mid_body),
    "half a JSON": done_then(half_a_json),
    "no run named": done_then(reply(201, {})),
    "nothing in it": done_then(reply(201, b"")),
    "silence": done_then(silence),
    "500": done_then(reply(500, {"reason": "oh"})),
    "502": done_then(reply(502, b"<html>Bad gateway</html>", kind="text/html")),
    "503 of a proxy": done_then(reply(504, b"upstream timed out")),
    "login page": done_then(reply(200, LOGIN_PAGE, kind="text/html")),
    "redirect": done_then(reply(302, b"", {"Location": "/login"})),
}
GATEWAYS: dict[str, Act] = {
    "Envoy's 503": reply(503, b"upstream connect error or disconnect/reset before headers. connection termination"),
    "nginx's 503": reply(503, b"<html><h1>503 Service Temporarily Unavailable</h1></html>", kind="text/html"),
    "an API gateway's 503": reply(503, {"message": "Service Unavailable"}),
    "an empty 503": reply(503, b""),
    "a gateway's 429": reply(429, b"<html>slow down</html>", kind="text/html"),
    "a gateway's 408": reply(408, b""),
    "a gateway's 499": reply(499, b""),
    "another project's run": reply(201, whole("hex_run_project", runId=str(uuid.uuid4()), projectId=str(uuid.uuid4()))),
}
LOST |= {name: done_then(act) for name, act in GATEWAYS.items()}


def appear(sandbox: Sandbox, title: str = TITLE, trigger: str = "API", plan: Plan | None = None) -> str:
    """Start a run as another user, and return its ID."""
    project = sandbox.world.project(title)
    run = Run(
        id=sandbox.world.new_id(),
        project_id=project.id,
        caller="somebody",
        version=1,
        created_at=sandbox.clock.time(),
        plan=plan or project.plan,
        trigger=trigger,
    )
    return sandbox.world.add(run).id


def posts(sandbox: Sandbox) -> int:
    return sum(request.method == "POST" for request in sandbox.requests)


def warnings(result: dict[str, Any]) -> list[str]:
    return [warning["warning"] for warning in result.get("warnings", [])]
