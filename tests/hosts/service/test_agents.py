"""Agents at /mcp: both ages of the protocol, the callers' own tokens and sessions, and the stop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")
pytest.importorskip("starlette", reason="run by make test-hosts")

import httpx2
from mcp import Client as Agent
from mcp.client.streamable_http import streamable_http_client

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import SECRET, Client, until

MODES = ("auto", "legacy")
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
BOTH = {"Accept": "application/json, text/event-stream"}


def ask(client: Client, question: Callable[[Any], Any], mode: str = "auto", path: str = "/mcp") -> Any:
    """Ask as an agent's client does."""
    headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}

    async def talk() -> Any:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Agent(streamable_http_client(client.url + path, http_client=http), mode=mode) as agent,
        ):
            return await question(agent)

    return asyncio.run(talk())


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_runs_a_report(mode, here):
    client = here(mcp=True)

    tools = ask(client, lambda agent: agent.list_tools(), mode)
    answer = ask(client, lambda agent: agent.call_tool("hex_run_and_wait", {"projectId": REVENUE_REPORT}), mode)

    assert "hex_run_and_wait" in [tool.name for tool in tools.tools]
    assert answer.structured_content["status"] == "COMPLETED"
    assert 'tool="hex_run_and_wait"' in client.get("/metrics").text


def test_without_the_option_there_is_nothing(here):
    assert here().post("/mcp", HELLO).status_code == 404


def test_both_paths_serve_under_a_proxys_too(here):
    client = here(mcp=True, root_path="/blocks")

    assert [client.post(path, HELLO, headers=BOTH).status_code for path in ("/mcp", "/mcp/")] == [200, 200]


@pytest.mark.parametrize("mode", MODES)
def test_the_callers_own_token_is_used(mode, here, fast: Sandbox):
    client = here(mcp=True, secret=SECRET).with_token(TOKENS.no_permission)

    refused = ask(client, lambda agent: agent.call_tool("hex_run_project", {"projectId": REVENUE_REPORT}), mode)
    served = ask(
        client.with_token(SECRET), lambda agent: agent.call_tool("hex_run_project", {"projectId": REVENUE_REPORT}), mode
    )

    assert refused.is_error
    assert not served.is_error


def test_a_secret_is_asked_for(here):
    client = here(mcp=True, secret=SECRET)

    answers = [client.with_token(token).post("/mcp", HELLO, headers=BOTH) for token in (None, "wrong", SECRET)]

    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert answers[0].json()["key"] == "bearer_missing"


def test_a_session_is_its_callers_alone(here):
    client = here(mcp=True, secret=SECRET).with_token(TOKENS.personal)
    session = client.post("/mcp", HELLO, headers=BOTH).headers["mcp-session-id"]
    headers = {**BOTH, "mcp-session-id": session}

    own = client.post("/mcp", LIST, headers=headers)
    others = client.with_token(SECRET).post("/mcp", LIST, headers=headers)
    ended = client.with_token(SECRET).ask("DELETE", "/mcp", headers=headers)
    made_up = client.post("/mcp", LIST, headers={**BOTH, "mcp-session-id": "0" * 32})

    assert own.status_code == 200
    assert (others.status_code, ended.status_code, made_up.status_code) == (404, 404, 404)


def test_a_body_is_bounded(here):
    client = here(mcp=True, most_bytes=1000)

    answer = client.post("/mcp", {**HELLO, "more": "x" * 2000}, headers=BOTH)

    assert (answer.status_code, answer.json()["key"]) == (413, "too_large")


def test_a_foreign_page_is_refused(here):
    client = here(mcp=True)

    assert client.post("/mcp", HELLO, headers={**BOTH, "Origin": "https://evil.example"}).status_code == 403
    assert client.post("/mcp", HELLO, headers={**BOTH, "Host": "evil.example"}).status_code == 421


def test_who_only_listens_does_not_hold_the_stop_up(process):
    server = process("--sandbox", "--mcp")
    client = server.client
    session = client.post("/mcp", HELLO, headers=BOTH).headers["mcp-session-id"]
    stream = client.get("/mcp", headers={**BOTH, "mcp-session-id": session}, stream=True)
    ended = threading.Thread(target=lambda: list(stream.iter_content(1)), daemon=True)
    ended.start()

    code = server.terminate()
    ended.join(10)

    assert (code, stream.status_code) == (0, 200)
    assert not ended.is_alive()


def test_what_is_logged_of_an_agent_tells_no_token(process):
    server = process("--sandbox", "--mcp", "--log-format", "json")
    client = server.client.with_token(TOKENS.personal)

    client.post("/mcp", HELLO, headers=BOTH)
    lines = until(lambda: [json.loads(line) for line in server.said[1:]])

    assert (lines[0]["path"], lines[0]["status"]) == ("/mcp", 200)
    assert lines[0]["caller"]
    assert TOKENS.personal not in "".join(server.said)
