"""The piece as files: its types against the framework, the JavaScript beside them, its languages and examples."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.activepieces.actions import actions
from hex_blocks.hosts.activepieces.words import LANGUAGES
from hex_blocks.hosts.exports import request_for, targets
from hex_blocks.hosts.javascript.forms import key_of
from hex_blocks.i18n.texts import languages
from hex_blocks.tools.registry import Registry
from tests.calling import our_tools
from tests.hosts.activepieces.conftest import MODULES, NODE, Piece, exported

COMPILER = MODULES / "typescript" / "bin" / "tsc"


# What is wrong on purpose, each in a file of its own, since the compiler takes its time.
PLANTED = {
    "src/lib/actions/run-project.ts": ("audience: 'both'", "audience: 'everybody'"),
    "src/lib/actions/get-project.ts": ("required: true", "required: 'yes'"),
    "src/lib/actions/run-notebook.ts": ("runTool('hex_run_notebook', context)", "runTool(context)"),
    "src/lib/actions/get-thread.ts": ("oneFrom('threads'", "oneFrom(1"),
    "src/lib/triggers/run-finished.ts": ("TriggerStrategy.POLLING", "TriggerStrategy.SOMETIMES"),
    "src/lib/runtime/files.js": ("await files.write({ fileName,", "await files.write({ name: fileName,"),
    "src/lib/runtime/watching.js": ("context.store.put(KEPT,", "context.store.put("),
    "src/lib/auth.ts": ("validated(auth)", "validated()"),
}


def compiled(folder: Path, *options: str) -> str:
    """Compile the piece as its tsconfig.json says; return what the compiler finds."""
    done = subprocess.run([NODE, COMPILER, *options], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.timeout(600)
def test_it_compiles_against_the_framework_to_what_stands_beside_it(piece: Path, tmp_path: Path) -> None:
    found = compiled(piece, "--outDir", str(tmp_path / "dist"))
    whole = tmp_path / "whole"
    shutil.copytree(piece, whole, symlinks=True)
    shutil.copytree(tmp_path / "dist", whole / "src", dirs_exist_ok=True)
    described = []

    for folder in (piece, whole):
        running = Piece(folder, tmp_path / "log.txt")
        described.append(running.ask("metadata"))
        running.stop()

    assert found == ""
    assert described[0] == described[1]
    assert (whole / "src" / "index.js").read_text() != (piece / "src" / "index.js").read_text()


@pytest.mark.timeout(600)
def test_planted_errors_are_found(piece: Path, tmp_path: Path) -> None:
    copy = tmp_path / "piece"
    shutil.copytree(piece, copy, symlinks=True)
    for file, (right, wrong) in PLANTED.items():
        source = (copy / file).read_text()
        assert right in source
        (copy / file).write_text(source.replace(right, wrong, 1))

    found = compiled(copy, "--noEmit")

    assert {file for file in PLANTED if file not in found} == set()


def test_every_action_says_who_it_is_for(piece: Path, running: Piece) -> None:
    actions = running.ask("metadata")["actions"]

    audiences = {name: action["audience"] for name, action in actions.items()}
    assert sum(audience == "both" for audience in audiences.values()) in range(18, 26)
    assert {audiences[name] for name in ("deactivate_user", "delete_group", "edit_project_sharing_users")} == {"human"}
    assert audiences["update_semantic_project"] == audiences["upsert_guide_draft"] == "ai"
    for action in actions.values():
        assert action["aiMetadata"]["description"]
        assert isinstance(action["aiMetadata"]["idempotent"], bool)
    assert actions["get_run_status"]["aiMetadata"]["idempotent"] is True
    assert actions["run_project"]["aiMetadata"]["idempotent"] is False


@pytest.fixture(scope="module")
def spoken(piece: Path) -> Any:
    """The piece as Activepieces shows it, by language."""
    script = (
        "const { pieceTranslation: texts } = require('@activepieces/pieces-framework');"
        "const { hex } = require('./src');"
        "const show = (i18n, locale) => texts.translatePiece({ piece: { ...hex.metadata(), i18n }, locale });"
        "texts.initializeI18n('.').then((i18n) => console.log(JSON.stringify(Object.fromEntries("
        "['en', ...Object.keys(i18n)].map((locale) => [locale, show(i18n, locale)])))));"
    )
    done = subprocess.run([NODE, "-e", script], cwd=piece, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("language", [each for each in languages() if each in LANGUAGES and each != "en"])
def test_the_framework_finds_every_text_in_its_languages(language: str, spoken: Any) -> None:
    english, other = spoken["en"], spoken[LANGUAGES[language]]
    tools = {key_of(tool): tool for tool in actions(our_tools().values())}

    for name, action in other["actions"].items():
        title, in_english = tools[name].title(language), tools[name].title()
        assert action["displayName"] == title or title == in_english
        assert action["description"] == tools[name].description(language)
        assert list(action["props"]) == list(english["actions"][name]["props"])


def test_every_text_of_the_piece_is_in_the_translation_file(piece: Path, running: Piece) -> None:
    known = json.loads((piece / "src" / "i18n" / "translation.json").read_text())
    metadata = running.ask("metadata")
    shown = [metadata["description"], metadata["auth"]["description"]]
    for owner in (*metadata["actions"].values(), *metadata["triggers"].values(), {"props": metadata["auth"]["props"]}):
        shown += [owner[name] for name in ("displayName", "description") if name in owner]
        shown += [prop[name] for prop in owner["props"].values() for name in ("displayName", "description")]

    assert {text[:512] for text in shown} <= set(known)


def test_a_plugins_tools_are_actions(with_plugin: Registry, tmp_path: Path) -> None:
    folder = exported(tmp_path / "piece", with_plugin)
    running = Piece(folder, tmp_path / "log.txt")

    actions = running.ask("metadata")["actions"]
    running.stop()

    assert {name for name in actions if name.startswith("cats_")}


def test_the_examples_are_templates_of_activepieces(piece: Path, running: Piece) -> None:
    script = (
        "const { SharedTemplate } = require('@activepieces/shared'); const fs = require('fs');"
        "for (const name of fs.readdirSync('examples')) {"
        " SharedTemplate.parse(JSON.parse(fs.readFileSync(`examples/${name}`, 'utf8'))); console.log(name); }"
    )
    done = subprocess.run([NODE, "-e", script], cwd=piece, capture_output=True, text=True, check=False)

    assert len(done.stdout.split()) == 2, done.stderr
    for file in (piece / "examples").iterdir():
        for settings in settings_in(json.loads(file.read_text())):
            kind = "actions" if "actionName" in settings else "triggers"
            named = running.ask("metadata")[kind][settings.get("actionName") or settings["triggerName"]]
            assert set(settings["input"]) <= set(named["props"])


def settings_in(value: Any) -> list[dict[str, Any]]:
    """Find the settings of our steps in a flow."""
    if isinstance(value, list):
        return [found for each in value for found in settings_in(each)]
    if not isinstance(value, dict):
        return []
    mine = [value] if "pieceName" in value else []
    return mine + [found for each in value.values() for found in settings_in(each)]


def test_the_same_registry_gives_the_same_bytes() -> None:
    target = targets()["activepieces"]
    request = request_for(target, our_tools())
    assert target.files(request) == target.files(request)
