"""The JavaScript core does what Python does: the same verdicts, requests, outputs and sentences."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import Tool
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import BY_STATUS
from hex_blocks.hosts.javascript.data import core_data, runs_in_javascript
from hex_blocks.i18n.texts import languages
from tests.calling import our_tools
from tests.hosts.javascript.cases import UUID, case_for
from tests.hosts.javascript.node import Node, in_javascript, in_python

Json = Any
# So many generated calls per tool.
COMPARED = int(os.environ.get("HEX_BLOCKS_COMPARED", "25"))
SEED = os.environ.get("HEX_BLOCKS_SEED", "1")
TOOLS = [tool for tool in our_tools().values() if runs_in_javascript(tool)]
OWN_KEY = re.compile(r"\b(wait|call)-[0-9a-z-]{8,}")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    started = Node()
    started.do("load", data=core_data(our_tools(), TOOLS, languages()))
    yield started
    started.close()


def difference(one: Json, other: Json) -> str | None:
    """Tell where two outcomes of a case are not the same; None where they are."""
    if (told := _asked_apart(one["asked"], other["asked"])) is not None:
        return told
    for number, (mine, its) in enumerate(zip(one["outcomes"], other["outcomes"], strict=True)):
        if _plain(mine) != _plain(its):
            return f"call {number}:\n  Python {_plain(mine)}\n  JavaScript {_plain(its)}"
    if abs(one["passed"] - other["passed"]) > 0.001:
        return f"seconds waited: {one['passed']} in Python, {other['passed']} in JavaScript"
    return None


def _asked_apart(one: list[Json], other: list[Json]) -> str | None:
    for number, (mine, its) in enumerate(zip(one, other, strict=False)):
        for part in ("method", "url"):
            if mine[part] != its[part]:
                return f"request {number}: {part} is {mine[part]} in Python, {its[part]} in JavaScript"
        if _body(mine["body"]) != _body(its["body"]):
            return f"request {number}: body is {mine['body']} in Python, {its['body']} in JavaScript"
    if len(one) != len(other):
        return f"{len(one)} requests in Python, {len(other)} in JavaScript: {[each['url'] for each in one + other]}"
    return None


def _body(body: Json) -> Json:
    return json.loads(body) if isinstance(body, str) else "form" if body else None


def _plain(outcome: Json) -> Json:
    """Return an outcome without keys that each runtime makes by itself."""
    return json.loads(OWN_KEY.sub("own-key", json.dumps(outcome)))


def compare(node: Node, case: Json, folder: Path) -> tuple[Json, str | None]:
    """Run a case in both; return Python's outcome and what is not the same."""
    mine = in_python(case, folder)
    return mine, difference(mine, in_javascript(node, case))


def examples(tool: Tool) -> Iterator[Json]:
    for example in tool.raw["examples"]:
        replies = [example["reply"]] if "reply" in example else []
        status = tool.spec.request.success if tool.spec.request else 200
        yield {
            "tool": tool.id,
            "calls": [{name: value for name, value in example["inputs"].items() if name != "file"}],
            "script": [{"status": status, "body": json.dumps(reply)} for reply in replies]
            or [{"status": 204, "body": ""}],
            "language": "en",
            "connection": {"apiKey": "hxtp_token_of_the_comparison", "baseUrl": "https://app.hex.tech"},
        }


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_every_worked_example_is_the_same_in_both(node: Node, tool: Tool, tmp_path: Path) -> None:
    for number, case in enumerate(examples(tool)):
        _, told = compare(node, case, tmp_path / str(number))
        assert told is None, f"{case}\n{told}"


HALF_CHARACTERS: tuple[Json, ...] = (
    {"a": [{"b": "half \ud83d"}]},
    {"a\tb": {"half \ude00": 1}},
    '{"a": "\\ud800"}',
    "half \ud800",
)


@pytest.mark.parametrize("given", HALF_CHARACTERS, ids=range(len(HALF_CHARACTERS)))
def test_half_of_a_character_is_sent_by_neither(node: Node, given: Json, tmp_path: Path) -> None:
    inputs = {"inputParams": given} if not isinstance(given, str) or given.startswith("{") else {"viewId": given}
    case = {**next(examples(our_tools()["hex_run_project"])), "calls": [{"projectId": UUID, **inputs}]}

    mine, told = compare(node, case, tmp_path)

    assert told is None
    assert mine["asked"] == []
    assert [each["fault"] for each in mine["outcomes"][0]["error"]["faults"]] == ["half_character"]


REACHED: Counter[str] = Counter()


@pytest.mark.any_answer
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.id)
def test_generated_calls_are_the_same_in_both(node: Node, tool: Tool, tmp_path: Path) -> None:
    wrong = []
    for number in range(COMPARED):
        case = case_for(tool, f"{SEED}/{tool.id}/{number}")
        mine, told = compare(node, case, tmp_path / str(number))
        note(mine)
        if told:
            wrong.append(f"{number}: {json.dumps(case)[:1500]}\n{told}")
    assert not wrong, f"{len(wrong)} of {COMPARED}\n" + "\n\n".join(wrong[:3])


def note(outcome: Json) -> None:
    """Count what a case has reached."""
    for each in outcome["outcomes"]:
        error = each.get("error")
        key = error["error"] if error else "outputs"
        REACHED["refused inputs" if key == "bad_inputs" else "valid inputs"] += 1
        REACHED[f"error {key}" if error else key] += 1
        for fault in (error or {}).get("faults", []):
            REACHED[f"fault {fault['fault']}"] += 1
        for warning in each.get("outputs", {}).get("warnings", []):
            REACHED[f"warning {warning['warning']}"] += 1


# What no input of a tool that runs here can reach: a file of the machine, jobs, arguments of models.
NOT_REACHED = {
    "file_unreadable",
    "found_by",
    "goes_inside",
    "more",
    "name_not_text",
    "no_earlier_run",
    "no_project_named",
    "no_such_chart",
    "no_such_outcome",
    "no_such_parameter_near",
    "not_an_inputs_object",
    "not_json",
    "not_settable",
    "not_uri",
    "several_projects",
    "taken",
    "takes",
    "takes_nothing",
    "too_many_sets",
}
ENOUGH = 1000


def test_the_generated_calls_reach_what_can_go_wrong() -> None:
    lines = [f"{count:8} {name}" for name, count in sorted(REACHED.items())]
    print("\n".join(lines))
    both = REACHED["valid inputs"] + REACHED["refused inputs"]
    if not both:
        pytest.skip("counts what the other tests have done")
    assert min(REACHED["valid inputs"], REACHED["refused inputs"]) * 3 >= both
    if COMPARED >= ENOUGH:
        assert {key for key in FAULTS if not REACHED[f"fault {key}"]} <= NOT_REACHED
        assert {key for key in BY_STATUS.values() if not REACHED[f"error {key}"]} == set()
