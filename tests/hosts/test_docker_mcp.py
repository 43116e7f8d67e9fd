"""The entry of Docker's catalogue, by the rules that the catalogue checks entries with."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
import yaml

from hex_blocks.cli import COMMANDS
from hex_blocks.hosts.docker_mcp.export import NAME, TARGET
from hex_blocks.hosts.exports import request_for
from hex_blocks.hosts.models.toolbox import Toolbox
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def made(registry) -> dict[str, bytes]:
    return dict(TARGET.files(request_for(TARGET, registry)))


@pytest.fixture
def entry(made) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(made["server.yaml"])
    return found


def test_the_entry_is_of_the_catalogues_form(entry):
    title = entry["about"]["title"]

    assert re.fullmatch(r"[a-z0-9-]+", entry["name"])
    assert "MCP" not in title
    assert "Server" not in title
    assert all(word[0].isupper() for word in title.split())
    assert re.fullmatch(r"[a-f0-9]{40}", entry["source"]["commit"])
    assert entry["source"]["project"].startswith("https://github.com/")


def test_what_is_asked_for_is_named_as_the_catalogue_wants(entry):
    config = entry["config"]

    assert [each["env"] for each in config["secrets"]] == ["HEX_API_TOKEN"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+", each["name"]) for each in config["secrets"])
    values = {each["value"] for each in config["env"]}
    assert values == {f"{{{{{NAME}.{name}}}}}" for name in config["parameters"]["properties"]}


def test_the_tools_are_those_that_the_server_lists(made, registry):
    tools = json.loads(made["tools.json"])

    assert [tool["name"] for tool in tools] == list(Toolbox(registry=registry).shown)
    assert all(tool["description"] for tool in tools)
    assert all(each["desc"] and isinstance(each["type"], str) for tool in tools for each in tool["arguments"])


def test_the_container_is_there_and_takes_the_command(entry):
    container = (REPOSITORY / entry["source"]["dockerfile"]).read_text()

    assert 'ENTRYPOINT ["hex-blocks"]' in container
    assert entry["run"]["command"][0] in COMMANDS
    assert not shlex.split(" ".join(entry["run"]["command"]))[1:]
