from __future__ import annotations

import json

import pytest

from hex_blocks import Registry
from hex_blocks.errors.classes import UnknownToolError
from hex_blocks.hosts.models.schemas import inputs_of, is_free, outputs_of, portable_inputs_of
from hex_blocks.hosts.models.toolbox import CALL_TOOL, FIND_TOOL, Toolbox
from hex_blocks.hosts.models.toolsets import ALL, DEFAULT, names, select_tools
from hex_blocks.tools.inputs.checker import checker
from hex_blocks.tools.schema import input_schema
from tests.calling import confirmed


def test_the_default_set_is_small(registry):
    shown = Toolbox(registry=registry).shown

    assert len(shown) <= 12
    assert {FIND_TOOL, CALL_TOOL, "hex_run_and_wait", "hex_get_run_status"} <= set(shown)


def test_a_toolset_is_a_group(registry):
    chosen = select_tools(registry, ["people"])

    assert {tool.group for tool in chosen} == {"people"}
    assert len(chosen) == sum(tool.group == "people" for tool in registry.values())


def test_run_is_short_for_runs(registry):
    assert select_tools(registry, ["run"]) == select_tools(registry, ["runs"])


def test_toolsets_and_tools_are_mixed_and_each_tool_comes_once(registry):
    chosen = [tool.id for tool in select_tools(registry, ["hex_cancel_run", "run", "get_project"])]

    assert chosen[0] == "hex_cancel_run"
    assert chosen[-1] == "hex_get_project"
    assert len(chosen) == len(set(chosen))


def test_all_is_every_tool(registry):
    assert [tool.id for tool in select_tools(registry, [ALL])] == confirmed(registry)


@pytest.mark.parametrize("name", names(Registry.load(plugins=False)))
def test_read_only_leaves_out_what_writes(name, registry):
    chosen = select_tools(registry, [name], read_only=True)

    assert {tool.operation for tool in chosen} <= {"query"}


def test_a_mistyped_name_is_guessed(registry):
    with pytest.raises(UnknownToolError, match="Did you mean projects"):
        select_tools(registry, ["project"])


def test_everything_shown_needs_no_search(registry):
    shown = Toolbox(ALL, registry=registry).shown

    assert list(shown) == confirmed(registry)


def test_names_may_come_by_comma(registry):
    assert list(Toolbox("hex_cancel_run, hex_get_project", registry=registry, search=False).shown) == [
        "hex_cancel_run",
        "hex_get_project",
    ]


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("tools", [DEFAULT, ALL])
def test_no_schema_has_a_token_a_base_url_or_a_file(tools, short, registry):
    box = Toolbox(tools, registry=registry)
    schemas = [[inputs_of(tool, short=short), outputs_of(tool, short=short)] for tool in box.shown.values()]

    assert not {"apiKey", "baseUrl"} & {name for each in schemas for name in each[0]["properties"]}
    assert "hxtp_" not in json.dumps(schemas)
    assert all("file" not in each[0]["properties"] for each in schemas)


def test_a_short_schema_keeps_what_is_required(registry):
    for tool in registry.values():
        whole, short = inputs_of(tool), inputs_of(tool, short=True)
        assert short.get("required") == whole.get("required")
        assert set(short["properties"]) <= set(whole["properties"])


def test_a_whole_schema_has_the_advanced_inputs_too(registry):
    tool = registry["hex_run_and_wait"]

    assert "idempotencyKey" in inputs_of(tool)["properties"]
    assert "idempotencyKey" not in inputs_of(tool, short=True)["properties"]


def as_listed(value, schema):
    """Write a value as a portable list asks for it: what is free as JSON text."""
    if is_free(schema):
        return json.dumps(value)
    if isinstance(value, dict):
        return {name: as_listed(part, schema["properties"][name]) for name, part in value.items()}
    if isinstance(value, list):
        return [as_listed(part, schema["items"]) for part in value]
    return value


def test_examples_are_taken_as_a_portable_list_asks_for_them(registry):
    free = 0
    for tool in registry.values():
        check = checker(tool.spec)
        for example in tool.raw["examples"]:
            listed = as_listed(
                example["inputs"], inputs_of(tool) | {"properties": input_schema(tool.spec)["properties"]}
            )
            free += listed != example["inputs"]
            assert check(listed) == check(example["inputs"])
    assert free >= 5


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("short", [True, False])
def test_a_portable_schema_names_the_same_inputs(short, nullable, registry):
    for tool in registry.values():
        plain = inputs_of(tool, short=short)
        portable = portable_inputs_of(tool, short=short, nullable=nullable)
        assert list(portable["properties"]) == list(plain["properties"])
        assert portable.get("required") == plain.get("required")
        for name, part in portable["properties"].items():
            assert nullable is False or name in plain.get("required", []) or part["anyOf"][-1] == {"type": "null"}


def test_a_portable_schema_says_that_a_free_object_is_json(registry):
    said = portable_inputs_of(registry["hex_run_project"], short=True)["properties"]["inputParams"]

    assert said["type"] == "string"
    assert said["description"].endswith("use their defaults. A JSON object, written as a string.")
