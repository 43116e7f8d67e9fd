from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from hex_blocks import Registry
from hex_blocks.hosts.functions import anthropic_tools, gemini_tools, json_schema_tools, openai_tools
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.hosts.models.toolsets import names
from tests.calling import confirmed
from tests.hosts import vendor_rules


@pytest.fixture(scope="module", params=names(Registry.load(plugins=False)))
def box(request, registry) -> Toolbox:
    return Toolbox(request.param, registry=registry)


def declarations(box: Toolbox, *, strict: bool) -> list[dict]:
    return list(gemini_tools(box, strict=strict)[0]["functionDeclarations"])


def test_strict_functions_keep_to_openais_rules(box):
    chat = [tool["function"] for tool in openai_tools(box, strict=True)]

    assert [vendor_rules.openai(function) for function in chat] == [[] for _ in chat]


def test_strict_tools_keep_to_anthropics_rules(box):
    assert vendor_rules.anthropic(anthropic_tools(box, strict=True)) == []


@pytest.mark.parametrize("strict", [True, False])
def test_declarations_keep_to_geminis_rules(strict, box):
    made = declarations(box, strict=strict)

    assert [vendor_rules.gemini(declaration) for declaration in made] == [[] for _ in made]


def test_all_tools_at_once_keep_to_anthropics_rules(registry):
    made = anthropic_tools(Toolbox("all", registry=registry), strict=True)

    assert vendor_rules.anthropic(made) == []
    assert 10 < sum(bool(tool.get("strict")) for tool in made) <= 20


def test_all_tools_fit_into_one_request(registry):
    box = Toolbox("all", registry=registry)

    assert len(openai_tools(box)) <= vendor_rules.MOST_FUNCTIONS
    assert len(declarations(box, strict=False)) <= vendor_rules.MOST_FUNCTIONS


@pytest.mark.slow
def test_plain_schemas_are_json_schema(box):
    for tool in [*json_schema_tools(box), *json_schema_tools(box, strict=True)]:
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool["outputSchema"])
    for tool in openai_tools(box):
        Draft202012Validator.check_schema(tool["function"]["parameters"])
    for tool in anthropic_tools(box):
        Draft202012Validator.check_schema(tool["input_schema"])


def test_the_responses_shape_has_no_envelope(registry):
    box = Toolbox("hex_cancel_run", registry=registry, search=False)

    (chat,), (response,) = openai_tools(box, strict=True), openai_tools(box, strict=True, responses=True)

    assert chat == {"type": "function", "function": {name: response[name] for name in response if name != "type"}}


def test_what_changes_things_says_so(registry):
    box = Toolbox("all", registry=registry)

    said = {
        tool["name"]: "changes or removes what is there already" in tool["description"] for tool in anthropic_tools(box)
    }

    assert said == {name: registry[name].destructive for name in confirmed(registry)}


def test_a_free_form_object_is_text_where_schemas_are_strict(registry):
    box = Toolbox("hex_run_and_wait", registry=registry, search=False)

    strict = openai_tools(box, strict=True)[0]["function"]["parameters"]["properties"]["inputParams"]
    plain = openai_tools(box)[0]["function"]["parameters"]["properties"]["inputParams"]

    assert strict["type"] == ["string", "null"]
    assert strict["description"].endswith("A JSON object, written as a string.")
    assert plain["type"] == "object"


def test_optional_inputs_may_be_left_out_in_anthropics(registry):
    box = Toolbox("hex_run_and_wait", registry=registry, search=False)

    schema = anthropic_tools(box, strict=True)[0]["input_schema"]

    assert schema["required"] == ["projectId"]
    assert schema["properties"]["timeout"]["type"] == "number"


def test_a_tool_without_inputs_has_no_parameters_in_gemini(registry):
    box = Toolbox("hex_get_current_user", registry=registry, search=False)

    assert set(declarations(box, strict=True)[0]) == {"name", "description"}


def test_the_json_schemas_tell_everything(registry):
    (told,) = json_schema_tools("hex_cancel_run", search=False)

    assert told["title"] == "Cancel a run"
    assert told["annotations"] == {"read_only": False, "destructive": True, "idempotent": True, "open_world": True}
    assert set(told["outputSchema"]["properties"]) == {*registry["hex_cancel_run"].spec.outputs, "warnings"}


def test_no_list_holds_a_token_or_a_base_url(registry):
    box = Toolbox("all", registry=registry)
    made = [openai_tools(box), openai_tools(box, strict=True), anthropic_tools(box), gemini_tools(box)]

    assert not [word for word in ("apiKey", "baseUrl", "hxtp_") if word in json.dumps(made)]
