"""Exports the app for Zapier: its definition as data, the functions that run it, and the JavaScript core."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import LISTED, as_json, core_data, core_files
from hex_blocks.hosts.javascript.packages import LICENSE, changelog, files_of, npm_manifest
from hex_blocks.hosts.packing import npm_archive
from hex_blocks.hosts.zapier.app import RUNTIME_SENTENCES, app_data
from hex_blocks.hosts.zapier.operations import CREATE, NAMED, SEARCH, Operation, operations
from hex_blocks.i18n.texts import SOURCE_LANGUAGE

NAME = "hex-blocks-zapier"
PLATFORM = "19.1.0"
_HERE = Path(str(resources(__package__)))
# Zapier requires a square of at least 256 pixels.
ICON = Path(str(resources("hex_blocks.hosts.mcpb"))) / "bundle" / "icon.png"
# The tools of the connection, the triggers and the lists, besides those of actions and searches.
USED = ("hex_check_connection", "hex_watch_runs", "hex_get_project_runs", "hex_get_run_chart_image", "hex_list_cells")


def files(request: ExportRequest) -> Files:
    """Return the files of the app."""
    shown = operations(request.tools)
    app = app_data(request)
    used = {each.tool.id: each.tool for each in shown} | {name: request.registry[name] for name in (*USED, *LISTED)}
    languages = [] if request.language == SOURCE_LANGUAGE else [request.language]
    made = files_of(_HERE / "package") | {
        "package.json": as_json(_package(request.version)),
        "README.md": _readme(app).encode(),
        "CHANGELOG.md": changelog(request.version, "An app with actions, searches and triggers for Hex."),
        "LICENSE": LICENSE.read_bytes(),
        "icon.png": ICON.read_bytes(),
        "app.json": as_json(app),
        "specs.json": as_json(core_data(request.registry, used.values(), languages, more=map(str, RUNTIME_SENTENCES))),
    }
    made |= {f"core/{name}": content for name, content in core_files().items()}
    return made | {f"examples/{each.key}.json": as_json(_example(each)) for each in shown}


def _package(version: str) -> dict[str, Any]:
    about = "Hex for Zapier: run projects, find runs and people, fetch charts, and start Zaps when runs end."
    return {
        **npm_manifest(NAME, version, about, ("zapier", "hex", "notebook", "analytics", "data")),
        "private": True,
        "main": "index.js",
        "engines": {"node": ">=20.3.0"},
        "dependencies": {"zapier-platform-core": PLATFORM},
    }


def _readme(app: dict[str, Any]) -> str:
    page = (_HERE / "package" / "README.md").read_text(encoding="utf-8")
    for kind in ("triggers", CREATE, SEARCH):
        rows = [f"| `{key}` | {each['label']}: {each['description']} |" for key, each in app[kind].items()]
        page = page.replace(f"{kind.upper()}\n", "\n".join(rows) + "\n")
    return page


def _example(operation: Operation) -> dict[str, Any]:
    """Return example inputs of an operation, from the example in the tool's spec."""
    example = operation.tool.raw["examples"][0]
    if operation.search.how == NAMED:
        first = example["outputs"][next(iter(operation.entries))][0]
        return {operation.search.by: first[operation.search.by]}
    return {name: value for name, value in example["inputs"].items() if name in operation.fields}


TARGET = ExportTarget(
    name="zapier",
    title="Zapier",
    level={
        "actions and searches": "done: tests/hosts/zapier/test_operations.py",
        "lists to pick from": "done: tests/hosts/zapier/test_lists.py",
        "charts as files": "done: tests/hosts/zapier/test_charts.py",
        "triggers": "done: tests/hosts/zapier/test_triggers.py",
        "connection and errors": "done: tests/hosts/zapier/test_connection.py",
        "languages": "done: tests/hosts/zapier/test_package.py",
        "catalogue": "exempt: Zapier's style checks and a listing need an account there; the app is for your own.",
        "waiting": "exempt: Zapier ends a step after thirty seconds; another Zap continues when the run has ended.",
        "retries": "exempt: Zapier names no try of a step, so a replayed start whose answer was lost starts again.",
        "other tools": (
            "exempt: Cells, data connections, guides, semantic projects, batches, deletions and links that expire are "
            "not what Zaps are made for."
        ),
    },
    files=files,
    pack=npm_archive,
    one_language=True,
)
