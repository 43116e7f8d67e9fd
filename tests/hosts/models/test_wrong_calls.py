"""Calls as models get them wrong: each is understood, or answered with what to send instead. For every tool."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from hex_blocks import Registry
from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.hosts.models.schemas import for_models
from hex_blocks.hosts.models.toolbox import CALL_TOOL, Answer, Toolbox
from hex_blocks.hosts.models.understanding import FINDERS, match_names, nest_arguments, with_advice
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.calling import confirmed

TOOLS = Registry.load(plugins=False)
Inputs = dict[str, Any]


def example(name: str) -> Inputs:
    """Give the inputs of a tool's example that a model may give."""
    shown = for_models(TOOLS[name].spec).inputs
    return {each: value for each, value in TOOLS[name].spec.examples[0].inputs.items() if each in shown}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda found: f"_{found[0].lower()}", name)


def misspelt(right: Inputs) -> Iterator[Inputs]:
    for spell in (snake, str.upper, str.lower, lambda name: snake(name).replace("_", "-"), str.capitalize):
        yield {spell(name): value for name, value in right.items()}


def wrapped(right: Inputs) -> Iterator[Inputs]:
    for name in ("arguments", "args", "input", "Inputs", "kwargs", "parameters", "params"):
        yield {name: right}
        yield {name: json.dumps(right)}


@pytest.mark.parametrize("name", confirmed(TOOLS))
def test_other_spellings_and_wrappings_are_understood(name):
    tool, right = TOOLS[name], example(name)

    for wrong in misspelt(right):
        assert match_names(tool, wrong) == right
    for wrong in wrapped(right):
        # Where an input has that name itself, it is that input.
        assert match_names(tool, wrong) == (wrong if next(iter(wrong)) in tool.spec.inputs else right)
    assert match_names(tool, right) == right


@pytest.mark.parametrize("name", confirmed(TOOLS))
def test_the_same_inside_a_call_by_name_is_understood(name):
    box, right = Toolbox(registry=TOOLS), example(name)
    call = box.shown[CALL_TOOL]

    for wrong in misspelt(right):
        assert nest_arguments(call, {"name": name, "arguments": wrong}, TOOLS)["arguments"] == right
        # Beside the call's own inputs, one of the same name is the call's.
        if "name" not in right and not {"name", "arguments"} & set(wrong):
            assert nest_arguments(call, {"name": name, **wrong}, TOOLS)["arguments"] == right


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"project": "p"}, {"projectId": "p"}),
        ({"id": "p"}, {"projectId": "p"}),
        ({"projectId": "p", "parameters": {"region": "US"}}, {"projectId": "p", "inputParams": {"region": "US"}}),
        ({"projectId": "p", "Inputs": {}}, {"projectId": "p", "inputParams": {}}),
    ],
)
def test_shorter_names_are_understood(given, meant):
    assert match_names(TOOLS["hex_run_and_wait"], given) == meant


@pytest.mark.parametrize(
    "given",
    [
        {"projectId": "a", "project_id": "b"},
        {"project_id": "a", "PROJECT-ID": "b"},
        {"id": "a", "projectId": "b"},
        {"input": {"projectId": "a"}, "timeout": 3},
        {"input": "text"},
        {"input": [1]},
        {"project name": "a"},
    ],
)
def test_what_could_mean_two_things_is_not_understood(given):
    tool = TOOLS["hex_run_and_wait"]

    made = match_names(tool, given)

    assert sorted(map(str, made.values())) == sorted(map(str, given.values()))
    assert [name for name in made if name not in tool.spec.inputs]


def test_an_id_is_no_id_where_two_are_due():
    given = {"id": "a"}

    assert match_names(TOOLS["hex_get_run_status"], given) == given


@pytest.mark.parametrize(
    "arguments",
    [
        {"tool_name": "hex_list_groups", "args": {"limit": 1}},
        {"Name": "hex_list_groups", "parameters": '{"LIMIT": 1}'},
        {"input": {"name": "hex_list_groups", "limit": 1}},
    ],
)
def test_a_call_by_name_is_understood(arguments, hex_connection):
    answer = Toolbox(registry=TOOLS).call(CALL_TOOL, arguments, hex_connection)

    assert len(answer.outputs["result"]["groups"]) == 1


@pytest.mark.parametrize("given", [{"base_url": "https://evil.example"}, {"API-KEY": "hxtp_x"}, {"api key": "hxtp_x"}])
def test_a_token_in_another_spelling_is_refused_too(given, hex_connection):
    box = Toolbox(registry=TOOLS)
    calls = [
        ("hex_find_project", {"query": "x", **given}),
        (CALL_TOOL, {"name": "hex_list_groups", "arguments": given}),
    ]

    for name, arguments in calls:
        answer = box.call(name, arguments, hex_connection)
        assert key_of(answer) == "bad_inputs"
        assert "hxtp_x" not in answer.text


def key_of(answer: Answer) -> str:
    return answer.error.key if answer.error else "none"


def told(name: str, given: Inputs) -> str:
    """Give what a model is told of a call that cannot be made."""
    box = Toolbox("all", registry=TOOLS)
    with pytest.raises(HexError) as caught:
        TOOLS[name].check(given)
    return with_advice(caught.value, TOOLS, box.can_call).message("en")


@pytest.mark.parametrize("name", confirmed(TOOLS))
def test_a_missing_input_and_a_title_in_an_ids_place_name_what_to_send(name):
    right = example(name)
    required = [each for each in right if TOOLS[name].spec.inputs[each].required]
    for each in required:
        said = told(name, {other: value for other, value in right.items() if other != each})
        assert f"{each} is required" in said
        assert each not in FINDERS or FINDERS[each] == name or f"{FINDERS[each]} finds {each}" in said
    for each in required:
        if TOOLS[name].spec.inputs[each].format == "uuid":
            said = told(name, right | {each: "Revenue report"})
            assert f"{each} must be an ID" in said
            assert each not in FINDERS or FINDERS[each] == name or f"{FINDERS[each]} finds {each}" in said


@pytest.mark.parametrize("name", confirmed(TOOLS))
def test_an_input_that_a_tool_has_not_is_answered_with_those_it_has(name):
    said = told(name, example(name) | {"zzz": True})

    assert "zzz is not an input" in said
    shown = for_models(TOOLS[name].spec).inputs
    assert all(each in said for each in shown)
    assert shown or f"{name} takes no inputs" in said


def test_finders_are_tools_and_what_they_find_are_inputs():
    inputs = {each for tool in TOOLS.values() for each in tool.spec.inputs}

    assert set(FINDERS.values()) <= set(TOOLS)
    assert set(FINDERS) <= inputs


def test_a_tool_that_cannot_be_called_is_not_named():
    error = hex_error("bad_inputs", tool="hex_get_run_status", faults=())
    box = Toolbox("hex_get_run_status", registry=TOOLS, search=False)
    answer = box.call("hex_get_run_status", {"projectId": REVENUE_REPORT, "runId": "x"})

    assert with_advice(error, TOOLS, box.can_call) is error
    assert answer.error
    assert "hex_get_project_runs" not in answer.error.message("en")
