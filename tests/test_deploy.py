"""The container and compose files name what is there: extras, options, variables, ports, versions."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from hex_blocks.cli import COMMANDS
from hex_blocks.hosts.service.settings import PORT
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "deploy"
CONTAINER = (FOLDER / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return found


def test_the_container_has_extras_and_a_python_that_are_there():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r'"\.\[([a-z,]+)\]"', CONTAINER)
    versions = set(re.findall(r"FROM python:3\.(\d+)-slim", CONTAINER))

    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert len(versions) == 1
    assert f"Programming Language :: Python :: 3.{versions.pop()}" in project["classifiers"]
    assert f"EXPOSE {PORT}" in CONTAINER


def test_what_the_container_is_built_from_is_let_in():
    let_in = re.findall(r"^!(\S+)", (FOLDER / "Dockerfile.dockerignore").read_text(), flags=re.MULTILINE)

    assert all((REPOSITORY / name).exists() for name in let_in)
    assert {"hex_blocks", "tool_specs", "locales", "pyproject.toml", "hatch_build.py", "README.md"} <= set(let_in)


def test_both_files_start_the_command_with_options_that_are_there(services):
    by_itself = json.loads(re.findall(r"^CMD (\[.*\])$", CONTAINER, flags=re.MULTILINE)[0])

    for command, *given in (by_itself, services["service"]["command"]):
        from importlib import import_module

        found = getattr(import_module(f"hex_blocks.cli.{command}"), command)
        options = {name for parameter in found.params for name in parameter.opts}
        assert command in COMMANDS
        assert {each for each in given if each.startswith("--")} <= options


def test_every_variable_is_read_and_asked_for(services):
    code = "".join(file.read_text() for file in (REPOSITORY / "hex_blocks").rglob("*.py"))
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (FOLDER / "example.env").read_text(), flags=re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z_]+)", (FOLDER / "compose.yaml").read_text()))

    assert asked == set(example)
    assert [name for name in services["service"]["environment"] if f'"{name}"' not in code] == []
    assert [example[name] for name in asked if "SECRET" in name or "KEY" in name or "PASSWORD" in name] == [""] * 3


def test_nothing_is_reached_from_other_machines_by_itself(services):
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", ()))
    assert all(port.endswith(f":{PORT}") for port in services["service"]["ports"])
