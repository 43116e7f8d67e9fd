"""The bundle's manifest and what its server makes of the form."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.mcpb.export import BUNDLE, MAIN, TARGET
from hex_blocks.hosts.packing import own_wheel


@pytest.fixture
def server() -> ModuleType:
    """The module that the client starts."""
    spec = spec_from_file_location("bundle_main", BUNDLE / MAIN)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_bundle_holds_what_its_manifest_names(registry):
    made = TARGET.files(request_for(TARGET, registry))
    manifest = json.loads(made["manifest.json"])

    assert {manifest["icon"], manifest["server"]["entry_point"], "README.md", f"wheels/{own_wheel()[0]}"} <= set(made)
    assert made["icon.png"].startswith(b"\x89PNG\r\n\x1a\n")
    assert f'path = "wheels/{own_wheel()[0]}"'.encode() in made["pyproject.toml"]


def test_the_token_is_asked_for_as_a_secret(registry):
    manifest = json.loads(TARGET.files(request_for(TARGET, registry))["manifest.json"])
    form, given = manifest["user_config"], manifest["server"]["mcp_config"]["env"]

    assert form["token"]["sensitive"] is True
    assert [name for name, field in form.items() if field.get("required")] == ["token"]
    assert sorted(given.values()) == sorted(f"${{user_config.{name}}}" for name in form)


def test_it_lists_what_the_server_lists(registry):
    manifest = json.loads(TARGET.files(request_for(TARGET, registry, tools=["run"]))["manifest.json"])

    names = [tool["name"] for tool in manifest["tools"]]
    assert {"hex_run_batch", "hex_find_tool", "hex_call_tool"} <= set(names)
    assert "hex_find_project" not in names


@pytest.mark.parametrize(
    ("entered", "address"),
    [
        ("app", "app.hex.tech"),
        ("EU", "eu.hex.tech"),
        (" hc ", "hc.hex.tech"),
        ("atreides.hex.tech", "atreides.hex.tech"),
        ("https://atreides.hex.tech/api/v1", "https://atreides.hex.tech/api/v1"),
        ("", None),
        ("${user_config.region}", None),
    ],
)
def test_a_region_is_an_address(entered, address, server):
    made = server.settings({"HEX_BUNDLE_TOKEN": "hxtp_x", "HEX_BUNDLE_REGION": entered})

    assert made == {"HEX_API_TOKEN": "hxtp_x"} | ({"HEX_API_BASE_URL": address} if address else {})


@pytest.mark.parametrize(
    ("entered", "arguments"),
    [
        ({}, ["mcp"]),
        ({"TOOLSET": "run,projects", "READ_ONLY": "false"}, ["mcp", "--toolset", "run,projects"]),
        ({"TOOLSET": "${user_config.toolset}", "READ_ONLY": "true"}, ["mcp", "--read-only"]),
    ],
)
def test_the_form_becomes_options(entered, arguments, server):
    assert server.arguments({f"HEX_BUNDLE_{name}": value for name, value in entered.items()}) == arguments
