"""The app as files: sound by Zapier's own validator, in one language, with a plugin's tools."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.exports import request_for, targets
from hex_blocks.hosts.zapier.operations import operations
from hex_blocks.i18n.texts import languages
from hex_blocks.tools.registry import Registry
from tests.calling import our_tools
from tests.hosts.zapier.conftest import ENVIRONMENT, MODULES, exported

COMMAND = MODULES / "zapier-platform-cli" / "src" / "bin" / "run"
LONGEST_LABEL = 64


def validated(app: Path) -> str:
    """Run Zapier's own command, which asks no server for this."""
    done = subprocess.run(
        [
            ENVIRONMENT / "bin" / "node",
            MODULES / "zapier-platform-cli" / "src" / "bin" / "run",
            "validate",
            "--without-style",
        ],
        cwd=app,
        env=os.environ | {"HOME": str(app.parent), "DISABLE_ZAPIER_ANALYTICS": "1", "CI": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_zapiers_validator_finds_it_sound(app: Path) -> None:
    assert "This project is structurally sound!" in validated(app)


@pytest.mark.parametrize("language", [each for each in languages() if each != "en"])
def test_it_is_whole_in_any_language(language: str) -> None:
    target = targets()["zapier"]
    english, other = (
        json.loads(target.files(request_for(target, our_tools(), language=each))["app.json"])
        for each in ("en", language)
    )

    assert shape(english) == shape(other)
    assert other["creates"]["run_project"]["label"] == our_tools()["hex_run_project"].title(language)
    assert all(
        2 <= len(each["label"]) <= LONGEST_LABEL for kind in ("creates", "searches") for each in other[kind].values()
    )


def shape(value: Any) -> Any:
    """Give the names and the places of a document, without its texts."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


def test_the_validator_takes_another_language_too(tmp_path: Path) -> None:
    assert "This project is structurally sound!" in validated(exported(tmp_path / "app", language="ja"))


def test_a_plugins_tools_are_actions_and_searches(with_plugin: Registry) -> None:
    target = targets()["zapier"]
    shown = {each.key for each in operations(with_plugin.values()) if each.tool.plugin}

    app = json.loads(target.files(request_for(target, with_plugin))["app.json"])

    assert shown
    assert shown <= {*app["creates"], *app["searches"]}


def test_every_example_names_fields_of_its_form(app: Path) -> None:
    described = json.loads((app / "app.json").read_text())
    forms = {key: plan["fields"] for kind in ("creates", "searches") for key, plan in described[kind].items()}

    for key, fields in forms.items():
        given = json.loads((app / "examples" / f"{key}.json").read_text())
        assert given
        assert set(given) <= {field["key"] for field in fields}
        assert {field["key"] for field in fields if field["required"]} <= set(given)


def test_the_readme_names_what_there_is(app: Path) -> None:
    described = json.loads((app / "app.json").read_text())
    readme = (app / "README.md").read_text()

    for kind in ("triggers", "creates", "searches"):
        assert all(f"| `{key}` |" in readme for key in described[kind])
