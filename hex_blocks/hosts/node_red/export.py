"""Exports the Node-RED package: runtime, editor, translations and examples."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import as_json, core_data, core_files
from hex_blocks.hosts.javascript.packages import LICENSE, changelog, npm_manifest
from hex_blocks.hosts.node_red.editor import page
from hex_blocks.hosts.node_red.examples import flows
from hex_blocks.hosts.node_red.nodes import Node, catalogue, nodes_of
from hex_blocks.hosts.node_red.words import LANGUAGES, SET, help_pages, locale
from hex_blocks.hosts.packing import npm_archive
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, languages

NAME = "@hex-blocks/node-red-hex"
# The tools that the runtime uses besides those of its nodes.
USED = ("hex_watch_runs", "hex_check_connection", "hex_list_collections", "hex_list_groups", "hex_list_users")
LISTED = (
    "hex_list_data_connections",
    "hex_list_projects",
    "hex_get_project_runs",
    "hex_run_project",
    "hex_run_and_wait",
)
_HERE = Path(str(resources(__package__)))
# White, because it is shown on the node's color.
_ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="40" height="60">
  <path d="M32 8 53 20v24L32 56 11 44V20Z" fill="none" stroke="#fff" stroke-width="5" stroke-linejoin="round"/>
  <path d="M28 24 40 32l-12 8Z" fill="#fff"/>
</svg>
"""


def files(request: ExportRequest) -> Files:
    """Return the files of the package."""
    nodes = nodes_of(request.tools, request.registry.groups)
    translated = [language for language in languages() if language in LANGUAGES]
    shown = {tool.id: tool for node in nodes for tool in node.tools}
    shown |= {name: request.registry[name] for name in (*USED, *LISTED)}
    made = {
        "package.json": as_json(_package(request.version)),
        "README.md": _readme(nodes).encode(),
        "CHANGELOG.md": changelog(request.version, "Hex's nodes for Node-RED."),
        "LICENSE": LICENSE.read_bytes(),
        "catalogue.json": as_json(catalogue(nodes)),
        "specs.json": as_json(core_data(request.registry, shown.values(), translated)),
        "hex-blocks.js": (_HERE / "package" / "hex-blocks.js").read_bytes(),
        "hex-blocks.html": page(nodes).encode(),
        "icons/hex.svg": _ICON.encode(),
    }
    made |= {f"lib/{file.name}": file.read_bytes() for file in sorted((_HERE / "package" / "lib").glob("*.js"))}
    made |= {f"core/{name}": content for name, content in core_files().items()}
    made |= {f"examples/{name}.json": as_json(flow) for name, flow in flows(nodes).items()}
    for language in translated:
        folder = f"locales/{LANGUAGES[language]}"
        made[f"{folder}/{SET}.json"] = as_json(locale(nodes, language))
        if language != SOURCE_LANGUAGE:
            made[f"{folder}/{SET}.html"] = help_pages(nodes, language).encode()
    return made


def _package(version: str) -> dict[str, object]:
    about = "Run Hex projects, follow the runs, fetch their charts, and manage the workspace around them."
    return {
        **npm_manifest(NAME, version, about, ("node-red", "hex", "notebook", "analytics", "data")),
        "engines": {"node": ">=20.3.0"},
        "node-red": {"version": ">=3.0.0", "nodes": {SET: f"{SET}.js"}},
        "files": ["*.js", "*.json", "*.html", "core", "lib", "locales", "icons", "examples", "CHANGELOG.md"],
    }


def _readme(nodes: list[Node]) -> str:
    rows = "\n".join(f"| `{node.type}` | {', '.join(tool.title() for tool in node.tools)} |" for node in nodes)
    return (_HERE / "package" / "README.md").read_text(encoding="utf-8").replace("NODES", rows)


TARGET = ExportTarget(
    name="node-red",
    title="Node-RED",
    level={
        "tools": "done: tests/hosts/node_red/test_flows.py",
        "waits": "done: tests/hosts/node_red/test_flows.py",
        "trigger": "done: tests/hosts/node_red/test_flows.py",
        "languages": "done: tests/hosts/node_red/test_package.py",
        "batches": (
            "exempt: Batches and pipelines are flows here: split, run and join. Passwords of data connections are not "
            "shown."
        ),
    },
    files=files,
    pack=npm_archive,
)
