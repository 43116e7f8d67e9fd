"""What is hostile, secret or many: IDs, addresses, tokens, messages and ends of runs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.faulty import pass_on, reset
from tests.hosts.node_red.conftest import CONNECTION, NodeRed
from tests.hosts.node_red.test_flows import BROKEN, QUICK, REVENUE, completed_run, fixed

Json = Any
HOSTILE_IDS = (
    "..",
    "../../users/me",
    "%2e%2e%2fusers",
    f"{QUICK}/../x",
    "x?limit=1",
    "x#y",
    "a\r\nHost: evil",
    "\u202e",
)
HOSTILE_ADDRESSES = (
    "https://evil.example",
    "https://app.hex.tech.evil.example",
    "https://app.hex.tech@evil.example",
    "https://evil.example#.hex.tech",
    "https://evil.example\\.hex.tech",
    "//evil.example/.hex.tech",
    "http://app.hex.tech",
    "file:///etc/passwd",
)
MANY = 120
MOST_SECONDS = 60


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_a_hostile_id_reaches_no_path(red: NodeRed, fast_sandbox: Sandbox, hostile: str) -> None:
    before = len(fast_sandbox.requests)
    told = red.run({"type": "hex-projects", "operation": "get_project", **fixed(projectId=hostile)})
    assert told["hexError"]["key"] == "bad_inputs"
    assert len(fast_sandbox.requests) == before


@pytest.mark.parametrize("hostile", HOSTILE_ADDRESSES)
def test_a_hostile_address_gets_no_token(red: NodeRed, hostile: str) -> None:
    told = red.run({"type": "hex-find", **fixed(query="x")}, base_url=hostile)
    assert told["hexError"]["key"] in ("bad_base_url", "host_not_allowed"), told
    assert TOKENS.personal not in json.dumps(told)


def test_a_token_is_in_nothing_that_is_logged_or_stored(red: NodeRed, fast_sandbox: Sandbox) -> None:
    red.run({"type": "hex-results", **fixed(projectId=REVENUE, runId=completed_run(fast_sandbox))})
    red.run({"type": "hex-run", "wait": True, **fixed(projectId=BROKEN)})
    red.hex.play(reset)
    red.run({"type": "hex-ask", "prompt": "prompt", "promptType": "msg"}, {"prompt": f"What is {TOKENS.personal}?"})
    red.hex.play(pass_on)
    red.ask("GET", f"/hex-blocks/list/projectId?connection={CONNECTION}")
    red.ask("POST", "/hex-blocks/test", {"id": CONNECTION, "apiKey": TOKENS.personal, "region": "app"})
    held = [file for file in red.folder.rglob("*") if file.is_file() and "node_modules" not in file.parts]
    assert red.log in held
    assert [file for file in held if TOKENS.personal in file.read_text(errors="replace")] == []


@pytest.mark.timeout(240)
def test_thirty_messages_start_within_hexs_limits(red: NodeRed, fast_sandbox: Sandbox) -> None:
    before = len(fast_sandbox.world.runs(QUICK))
    count = "const n = (flow.get('n') || 0) + 1; flow.set('n', n); return n === 30 ? msg : null;"
    spread = "for (let i = 0; i < 30; i += 1) node.send({ req: msg.req, res: msg.res });"
    red.deploy(
        {"id": "in", "type": "http in", "url": "/thirty", "method": "post", "wires": [["spread"]]},
        {"id": "spread", "type": "function", "func": spread, "wires": [["hex"]]},
        {
            "id": "hex",
            "type": "hex-run",
            "wait": False,
            "connection": CONNECTION,
            "wires": [["count"]],
            **fixed(projectId=QUICK),
        },
        {"id": "count", "type": "function", "func": count, "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    )
    assert red.post("/thirty")["runId"]
    assert len(fast_sandbox.world.runs(QUICK)) == before + 30


@pytest.mark.timeout(180)
def test_many_ends_between_two_looks_are_each_told_in_order(red: NodeRed, fast_sandbox: Sandbox) -> None:
    told = "const seen = flow.get('many') || []; seen.push(msg.payload.runId); flow.set('many', seen);"
    watch = {"type": "hex-watch", "connection": CONNECTION, "projectIds": REVENUE, "interval": 5}
    red.deploy(
        {"id": "watch", "wires": [["note"]], **watch},
        {"id": "note", "type": "function", "func": told, "wires": []},
        {"id": "ask", "type": "http in", "url": "/many-seen", "method": "post", "wires": [["tell"]]},
        {
            "id": "tell",
            "type": "function",
            "func": "msg.payload = flow.get('many') || []; return msg;",
            "wires": [["out"]],
        },
        {"id": "out", "type": "http response", "wires": []},
    )
    looked = len(looks(fast_sandbox))
    until = time.monotonic() + MOST_SECONDS
    while len(looks(fast_sandbox)) == looked and time.monotonic() < until:
        time.sleep(0.1)
    ended = end_runs(fast_sandbox, MANY)
    seen: list[str] = []
    while len(seen) < MANY and time.monotonic() < until:
        time.sleep(1)
        seen = red.post("/many-seen")
    assert seen == ended


def looks(sandbox: Sandbox) -> list[Json]:
    return [each for each in sandbox.requests if each.operation_id == "GetProjectRuns"]


def end_runs(sandbox: Sandbox, count: int) -> list[str]:
    """Let runs begin and end between two looks; give their IDs, in the order of their ends."""
    world, ada, now = sandbox.world, sandbox.world.user("Ada Okafor").id, sandbox.clock.time()
    made = []
    for number in range(count):
        at, plan = now + number / 100, Plan(pending=0.1, running=1)
        run = Run(id=world.new_id(), project_id=REVENUE, caller=ada, version=1, created_at=at, plan=plan)
        made.append(world.add(run).id)
    return made
