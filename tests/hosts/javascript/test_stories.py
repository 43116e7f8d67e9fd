"""Longer work in both runtimes, against a sandbox each, with one clock each: the same requests and outcomes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.javascript.data import core_data, runs_in_javascript
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import our_tools
from tests.faulty import Act, Faulty, done_then, lost, pass_on, reply, reset, when
from tests.hosts.javascript.node import Node, StoppingClock, in_javascript, in_python
from tests.hosts.javascript.test_same import difference

Json = Any
REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
DIGEST = "5a8591dd-4039-49df-9202-96385ba3eff8"
QUICK = "eaac7a41-372e-5b14-a151-abbf25d8ccce"
ENDLESS = "dfb5c799-241f-5d9a-8953-72e4a8a98d5d"
BROKEN = "0bf12f53-44ba-51cb-b903-c40ff204ee95"
NO_KERNEL = "eeebb19c-3e0c-53ff-9eb0-6042b923c384"
DRAFT = "23efcd7f-9b0e-5722-b407-4900005a68a8"
HEAT_MAP = "201064ca-5717-5251-9efb-fff95ae18cc7"
CHURN = "79f2ec14-deef-5211-aeab-5d98b013136d"
NOBODYS = "00000000-0000-4000-8000-000000000000"
IDENTITY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=127\.0\.0\.1:)\d+|\b(?:wait|call)-[0-9a-z-]+")
FITTING = {
    "title": "x",
    "radius": 7,
    "stores": ["Porto"],
    "only_open": True,
    "day": "2026-03-01",
    "region": "EMEA",
}
# A busy answer of Hex's own, and one of a gateway.
BUSY = reply(429, {"reason": "slow down"}, headers={"Retry-After": "7"})
FIREWALL = reply(403, b"<html>blocked</html>", kind="text/html")
GATEWAY = reply(502, b"<html>gateway</html>", kind="text/html")


@dataclass(frozen=True)
class Story:
    """Calls of one tool, what goes wrong on the way, and when they are stopped."""

    tool: str
    calls: tuple[Json, ...]
    acts: Callable[[], tuple[Act, ...]] = lambda: (pass_on,)
    stop_after: float = 1e9
    token: str = TOKENS.personal
    limits: Json = None
    language: str = "en"


def wait(project: str, **more: Json) -> tuple[Json, ...]:
    return ({"projectId": project, **more},)


STORIES = {
    "run and wait": Story("hex_run_and_wait", wait(QUICK)),
    "with parameters, twice": Story("hex_run_and_wait", wait(REVENUE, inputParams={"region": "EMEA"}) * 2),
    "an error in the project": Story("hex_run_and_wait", wait(BROKEN), language="de"),
    "no kernel": Story("hex_run_and_wait", wait(NO_KERNEL)),
    "not published": Story("hex_run_and_wait", wait(DRAFT), language="ja"),
    "no such project": Story("hex_run_and_wait", wait(NOBODYS)),
    "a timeout": Story("hex_run_and_wait", wait(ENDLESS, timeout=30)),
    "a long wait": Story("hex_run_and_wait", wait(ENDLESS, timeout=900)),
    "cancelled at a timeout": Story("hex_run_and_wait", wait(ENDLESS, timeout=30, cancelOnTimeout=True)),
    "stopped in a wait": Story("hex_run_and_wait", wait(ENDLESS), stop_after=20),
    "stopped and cancelled": Story("hex_run_and_wait", wait(ENDLESS, cancelOnInterrupt=True), stop_after=20),
    "others cancelled first": Story(
        "hex_run_and_wait", (*wait(ENDLESS, timeout=12), *wait(QUICK, cancelActiveRuns=True))
    ),
    "the same key twice": Story("hex_run_project", wait(QUICK, idempotencyKey="daily-1") * 2),
    "a key for something else": Story(
        "hex_run_project", (*wait(QUICK, idempotencyKey="k"), *wait(QUICK, idempotencyKey="k", viewId="v"))
    ),
    "a dry run": Story("hex_run_project", wait(QUICK, dryRun=True)),
    "a wait with a key, again": Story("hex_run_and_wait", wait(QUICK, idempotencyKey="daily-2", timeout=60) * 2),
    "a notebook": Story("hex_run_notebook", wait(REVENUE, inputParamsJson='{"region": "APAC"}')),
    "an answer lost": Story("hex_run_and_wait", wait(QUICK), lambda: (when("POST", lost),)),
    "started, and refused by somebody before Hex": Story(
        "hex_run_and_wait", wait(QUICK), lambda: (when("POST", done_then(FIREWALL)),)
    ),
    "refused by somebody before Hex, who lists nothing either": Story(
        "hex_run_and_wait", wait(QUICK), lambda: (when("POST", done_then(FIREWALL)), FIREWALL)
    ),
    "refused by somebody before Hex": Story("hex_run_and_wait", wait(QUICK), lambda: (when("POST", FIREWALL),)),
    "an answer lost, with a key": Story(
        "hex_run_and_wait", wait(QUICK, idempotencyKey="daily-3"), lambda: (when("POST", lost),)
    ),
    "a start that did not arrive": Story("hex_run_project", wait(QUICK), lambda: (when("POST", reset),)),
    "a start that did not arrive, again with its key": Story(
        "hex_run_project", wait(QUICK, idempotencyKey="daily-4") * 2, lambda: (when("POST", reset),)
    ),
    "a gateway in between": Story("hex_run_project", wait(QUICK), lambda: (when("POST", GATEWAY),)),
    "throttled": Story("hex_run_and_wait", wait(QUICK), lambda: (when("POST", BUSY, BUSY),)),
    "throttled while waiting": Story("hex_run_and_wait", wait(QUICK), lambda: (when("GET", BUSY),)),
    "broken while waiting": Story("hex_run_and_wait", wait(QUICK), lambda: (when("GET", reset, GATEWAY, reset),)),
    "a bad token": Story("hex_run_and_wait", wait(QUICK), token="hxtp_nobody_knows_it"),
    "many starts within the limits": Story("hex_run_project", wait(QUICK) * 25),
    "waiting for another's run": Story("hex_wait_for_run", wait(QUICK, runId=NOBODYS)),
    "results": Story("hex_get_run_results", wait(REVENUE, runId="$run"), lambda: (pass_on,)),
    "results and tables": Story("hex_get_run_results", wait(REVENUE, runId="$run", includeSqlOutputs=True)),
    "one chart by name": Story("hex_get_run_results", wait(REVENUE, runId="$run", charts=["no such"]), language="fr"),
    "find by title": Story(
        "hex_find_project",
        tuple({"query": q} for q in ("quick check", "Ｑｕｉｃｋ　ｃｈｅｃｋ", "order", "Quik chek", REVENUE)),
    ),
    "find by address": Story(
        "hex_find_project",
        tuple(
            {"query": q}
            for q in (
                f"https://app.hex.tech/acme/hex/x-{QUICK}/draft",
                "https://app.hex.tech/acme/app/Revenue-report-0123456789abcdefABCDEF/latest",
                NOBODYS,
                "nothing like it at all",
            )
        ),
    ),
    "find among few": Story("hex_find_project", ({"query": "zzz", "maxProjects": 3},)),
    "watch": Story(
        "hex_watch_runs", ({"projectIds": [REVENUE, QUICK]}, {"projectIds": [REVENUE, QUICK], "cursor": "$cursor"})
    ),
    "watch since": Story("hex_watch_runs", ({"projectIds": [REVENUE], "since": "2026-02-01T00:00:00Z"},)),
    "watch what is gone": Story("hex_watch_runs", ({"projectIds": [NOBODYS, QUICK]}, {"projectIds": [NOBODYS]})),
    "watch with another's cursor": Story("hex_watch_runs", ({"projectIds": [QUICK], "cursor": "abc"},)),
    "cancel": Story("hex_cancel_run", wait(REVENUE, runId="$run")),
    "cancel all": Story("hex_cancel_active_runs", (*wait(ENDLESS), *wait(NOBODYS))),
    "status by run": Story("hex_get_notebook_run_status", ({"runId": "$run"}, {"runId": NOBODYS}, {"runId": "run_x"})),
    "status by run and project": Story("hex_get_notebook_run_status", wait(REVENUE, runId="$run")),
    "who am I": Story("hex_check_connection", ({},)),
    "who am I, a workspace": Story("hex_check_connection", ({},), token=TOKENS.workspace),
    "ask": Story("hex_ask", ({"prompt": "Which region?"},)),
    "ask in vain": Story("hex_ask", ({"prompt": "?", "threadId": NOBODYS},)),
    "all projects": Story("hex_list_projects", ({"fetchAll": True, "limit": 5}, {"statusFilter": "DRAFT"})),
    "some projects": Story("hex_list_projects", ({"fetchAll": True, "maxItems": 7, "includeComponents": True},)),
    "a list that breaks off": Story(
        "hex_get_project_runs",
        wait(REVENUE, fetchAll=True),
        lambda: (pass_on, reset, reset, reset, reset, reset, pass_on),
    ),
    "all cells": Story("hex_list_cells", wait(REVENUE, fetchAll=True, maxItems=3)),
    "the inputs of a project": Story("hex_get_project_inputs", (*wait(HEAT_MAP), *wait(CHURN, version="draft"))),
    "the inputs where export is refused": Story(
        "hex_get_project_inputs", wait(REVENUE), token=TOKENS.no_permission, language="de"
    ),
    "parameters that fit": Story("hex_run_project", wait(HEAT_MAP, inputParams=FITTING, checkInputs=True)),
    "parameters that do not": Story(
        "hex_run_and_wait",
        tuple(
            inputs
            for misfit in ({"regoin": 1}, {"xyz": 1}, {"radius": 0, "title": 5}, {"stores": ["Porto", "Oslo"]})
            for inputs in wait(HEAT_MAP, inputParams=FITTING | misfit, checkInputs=True)
        ),
    ),
    "parameters that are not on the app": Story(
        "hex_run_project", wait(CHURN, inputParams={"sample_size": 10}, checkInputs=True)
    ),
    "parameters that cannot be checked": Story(
        "hex_run_project",
        wait(HEAT_MAP, inputParams=FITTING, checkInputs=True),
        lambda: (when("POST", reply(500, {"reason": "It broke"})),),
        language="ja",
    ),
    "all users": Story("hex_list_users", ({"fetchAll": True}, {"limit": 2})),
}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    started = Node()
    tools = [tool for tool in our_tools().values() if runs_in_javascript(tool)]
    started.do("load", data=core_data(our_tools(), tools, ["de", "fr", "ja"]))
    yield started
    started.close()


def told(story: Story, run: Callable[[Json, StoppingClock], Json]) -> Json:
    """Tell a story on a sandbox of its own; IDs are named in the order in which they appear."""
    clock = StoppingClock(story.stop_after)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(clock=clock))
        hex_ = stack.enter_context(Faulty(*story.acts(), upstream=sandbox.origin))
        runs = [run for run in sandbox.world.runs(REVENUE) if run.state(clock.time()).status == "COMPLETED"]
        case = {
            "tool": story.tool,
            "calls": json.loads(json.dumps(story.calls).replace("$run", runs[0].id)),
            "language": story.language,
            "connection": {"apiKey": story.token, "baseUrl": hex_.base_url, "allowedHosts": [hex_.origin]},
            "stopAfter": story.stop_after,
        }
        outcome = run(case, clock)
    for each in outcome["outcomes"]:
        each.get("outputs", {}).pop("cursor", None)
    return _named(outcome)


def _named(value: Json) -> Json:
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"id-{len(names)}")

    return json.loads(IDENTITY.sub(name, json.dumps(value)))


@pytest.mark.parametrize("name", STORIES)
def test_both_ask_the_same_of_hex_and_come_to_the_same(node: Node, tmp_path: Path, name: str) -> None:
    story = STORIES[name]
    mine = told(story, lambda case, clock: in_python(case, tmp_path, clock))
    its = told(
        story, lambda case, clock: in_javascript(node, case, shared=True, on_wait=lambda seconds: clock.wait(seconds))
    )
    apart = difference(mine, its)
    assert apart is None, f"{apart}\n{_shown(mine)}\n{_shown(its)}"


def _shown(outcome: Json) -> str:
    return "\n".join(f"{each['method']} {each['url']}" for each in outcome["asked"]) + f"\n{outcome['outcomes']}"[:1500]
