"""Exports the piece for Activepieces: TypeScript sources, their JavaScript, translations, and the JavaScript core."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from hex_blocks.hosts.activepieces import sources
from hex_blocks.hosts.activepieces.actions import about, actions, file_of
from hex_blocks.hosts.activepieces.examples import flows
from hex_blocks.hosts.activepieces.words import Words
from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import LISTED, as_json, core_data, core_files
from hex_blocks.hosts.javascript.packages import LICENSE, changelog, files_of, npm_manifest
from hex_blocks.hosts.javascript.typescript import javascript
from hex_blocks.hosts.packing import npm_archive
from hex_blocks.i18n.texts import data_folder
from hex_blocks.tools.tool import Tool

NAME = "@hex-blocks/piece-hex"
# The versions of the framework that the piece is compiled and tested with.
DEPENDENCIES = {"@activepieces/pieces-framework": "0.32.0", "@activepieces/shared": "0.95.1"}
_HERE = Path(str(resources(__package__)))
# The tools of the connection, the trigger and the lists, besides those of actions.
USED = ("hex_check_connection", "hex_watch_runs", "hex_get_project_runs", "hex_list_cells", *LISTED)


def files(request: ExportRequest) -> Files:
    """Return the files of the piece."""
    shown, words = actions(request.tools), Words()
    logo = (data_folder("tool_specs") / "icon.svg").read_bytes()
    used = {tool.id: tool for tool in shown} | {name: request.registry[name] for name in USED}
    made = files_of(_HERE / "package") | files_of(_HERE / "runtime", "src/lib/runtime/")
    for path, source in _sources(request, shown, logo, words).items():
        made[f"{path}.ts"] = source.encode()
        made[f"{path}.js"] = javascript(source).encode()
    made |= {f"src/lib/core/{name}": content for name, content in core_files().items()}
    made |= {f"src/i18n/{name}.json": as_json(translations) for name, translations in words.translations().items()}
    made |= {f"examples/{name}.json": as_json(flow) for name, flow in flows(NAME, request.version).items()}
    return made | {
        "package.json": as_json(_package(request.version)),
        "README.md": _readme(shown).encode(),
        "CHANGELOG.md": changelog(request.version, "A piece with actions and a trigger for Hex."),
        "LICENSE": LICENSE.read_bytes(),
        "logo.svg": logo,
        "src/lib/core/specs.json": as_json(core_data(request.registry, used.values())),
    }


def _sources(request: ExportRequest, shown: Sequence[Tool], logo: bytes, words: Words) -> dict[str, str]:
    """Return the TypeScript sources, by path without the ending."""
    address = f"data:image/svg+xml;base64,{base64.b64encode(logo).decode()}"
    return {
        "src/index": sources.index(shown, address, words),
        "src/lib/auth": sources.auth(words),
        "src/lib/triggers/run-finished": sources.trigger(request.registry["hex_watch_runs"], words),
        **{f"src/lib/actions/{file_of(tool)}": sources.action(tool, words) for tool in shown},
    }


def _package(version: str) -> dict[str, Any]:
    about_it = "Hex for Activepieces: run projects, fetch charts, ask Hex's agent, and start flows when runs end."
    return {
        **npm_manifest(NAME, version, about_it, ("activepieces", "hex", "notebook", "analytics", "data")),
        "main": "./src/index.js",
        "engines": {"node": ">=20.3.0"},
        "dependencies": DEPENDENCIES,
        "devDependencies": {"@types/node": "^24.0.0", "typescript": "5.9.3"},
    }


def _readme(shown: Sequence[Tool]) -> str:
    descriptions = (about(tool, Words()) for tool in shown)
    rows = "\n".join(f"| `{each['name']}` | {each['description']} | {each['audience']} |" for each in descriptions)
    return (_HERE / "package" / "README.md").read_text(encoding="utf-8").replace("ACTIONS\n", f"{rows}\n", 1)


TARGET = ExportTarget(
    name="activepieces",
    title="Activepieces",
    level={
        "actions": "done: tests/hosts/activepieces/test_actions.py",
        "lists to pick from": "done: tests/hosts/activepieces/test_pickers.py",
        "charts as files": "done: tests/hosts/activepieces/test_actions.py",
        "waiting, retries": "done: tests/hosts/activepieces/test_runs.py",
        "trigger": "done: tests/hosts/activepieces/test_trigger.py",
        "types": "done: tests/hosts/activepieces/test_package.py",
        "languages": "done: tests/hosts/activepieces/test_package.py",
        "engine": (
            "exempt: Activepieces' engine is not available as a package: the piece is compiled against its framework, "
            "and actions and trigger are run by themselves."
        ),
        "pauses": "exempt: That a step may pause twice takes the engine to show; a step waits nine minutes at most.",
        "pipelines and batches": "exempt: Steps in a row and Loop on Items do the same.",
        "data connections": "exempt: Creating or changing one would put passwords into flows.",
    },
    files=files,
    pack=npm_archive,
)
