from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from jsonschema import Draft202012Validator
from mcp import Client

from tests.calling import confirmed

MODES = ("auto", "legacy")


def listed(server, mode: str = "auto") -> list[dict]:
    """Give the tools as they come over the wire."""

    async def ask() -> list[dict]:
        async with Client(server, mode=mode) as client:
            tools = (await client.list_tools()).tools
            return [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools]

    return asyncio.run(ask())


@pytest.mark.parametrize("mode", MODES)
def test_the_default_list_is_short(mode, make_server):
    tools = listed(make_server(), mode)

    assert len(tools) <= 12
    assert len(json.dumps({"tools": tools}, separators=(",", ":"))) <= 12_000


def test_every_tool_fits_into_less_than_the_widest_peers_list(make_server, registry):
    tools = listed(make_server("all"))

    assert [tool["name"] for tool in tools] == confirmed(registry)
    assert len(json.dumps({"tools": tools}, separators=(",", ":"))) < 100_000


def test_tools_have_titles_descriptions_and_the_specs_annotations(make_server, registry):
    for tool in listed(make_server("all")):
        spec = registry[tool["name"]].spec
        assert tool["title"] == spec.title
        assert tool["description"].endswith(spec.model_hint or "")
        assert tool["annotations"] == {
            "readOnlyHint": spec.operation == "query",
            "destructiveHint": spec.destructive,
            "idempotentHint": spec.idempotent,
            "openWorldHint": True,
        }


@pytest.mark.parametrize("whole", [True, False])
def test_schemas_are_json_schema_and_have_no_token_and_no_base_url(whole, make_server):
    tools = listed(make_server("all", whole_schemas=whole))

    for tool in tools:
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool["outputSchema"])
        assert tool["inputSchema"]["type"] == "object"
        assert not {"apiKey", "baseUrl"} & tool["inputSchema"]["properties"].keys()
    assert "hxtp_" not in json.dumps(tools)


def test_read_only_lists_nothing_that_writes(make_server):
    tools = listed(make_server("all", read_only=True))

    assert {tool["annotations"]["readOnlyHint"] for tool in tools} == {True}
    assert len(tools) > 20


def test_calling_by_name_only_reads_where_only_reading_is_allowed(make_server):
    tools = {tool["name"]: tool["annotations"] for tool in listed(make_server(read_only=True))}

    assert tools["hex_call_tool"]["readOnlyHint"] is True
    assert tools["hex_call_tool"]["destructiveHint"] is False


def test_titles_are_in_the_servers_language(make_server, registry, write_catalogue, tmp_path, monkeypatch):
    from hex_blocks.i18n import texts

    write_catalogue(tmp_path / "de.mo", {"Cancel a run": "Einen Lauf abbrechen"})
    monkeypatch.setattr(texts, "_folders", [tmp_path])
    texts._catalogues.cache_clear()

    titles = {tool["name"]: tool["title"] for tool in listed(make_server(language="de"))}

    assert titles["hex_cancel_run"] not in {"Cancel a run", ""}


def test_the_server_tells_how_the_tools_go_together(make_server):
    async def ask() -> str:
        async with Client(make_server(), mode="legacy") as client:
            return client.instructions or ""

    instructions = asyncio.run(ask())

    assert "hex_find_project" in instructions
    assert "hex_call_tool" in instructions
    assert len(instructions) < 1000
