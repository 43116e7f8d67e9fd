"""Exports the n8n package: the form for verified nodes, or the translated form for self-hosted editors."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import LISTED, as_json, core_data, core_files
from hex_blocks.hosts.javascript.typescript import javascript, typescript
from hex_blocks.hosts.n8n import manifest
from hex_blocks.hosts.n8n.description import (
    Form,
    form_of,
    operation_property,
    resource_fields,
    resource_property,
)
from hex_blocks.hosts.n8n.forms import credential_fields, trigger_fields
from hex_blocks.hosts.n8n.operations import not_shown, operations, resource_names
from hex_blocks.hosts.n8n.sources import (
    credential_source,
    description_source,
    node_source,
    plans_source,
    trigger_source,
)
from hex_blocks.hosts.n8n.translations import translations
from hex_blocks.hosts.packing import npm_archive
from hex_blocks.i18n.texts import languages
from hex_blocks.tools.tool import Tool

_HERE = Path(str(resources(__package__)))
# Tools that are not operations: they are used by Run Project's wait, the trigger and the pickers.
USED = (
    "hex_run_and_wait",
    "hex_watch_runs",
    "hex_find_project",
    "hex_get_project_runs",
    "hex_list_cells",
    *LISTED,
)
# A file of the core that n8n does not need: it reads the environment and sets timers.
NOT_IN_N8N = ("node_host.js",)
# The module that reads the environment: a verified node must not read it, a translated one reads the language.
_ENVIRONMENT = {False: "verified.js", True: "translated.js"}
ALIAS = ("notebook", "report", "dashboard", "analytics", "SQL", "Python", "chart")
"""Search words for the palette."""


def files(request: ExportRequest) -> Files:
    """Return the files of the package."""
    shown = operations(request.tools)
    titles = resource_names(shown, request.registry.groups)
    forms = [form_of(each) for each in shown]
    made: dict[str, bytes] = {}
    sources = _sources(forms, titles)
    for path, marked in sources.items():
        made[f"{path}.ts"] = typescript(marked).encode()
        made[f"{path}.js"] = javascript(marked).encode()
    made |= _assets()
    if request.translated:
        words = translations(forms, request.registry.groups)
        made |= {f"nodes/Hex/{path}": content for path, content in words.items()}
    made |= {f"dist/{path}": content for path, content in _built(made).items()}
    return made | {
        "package.json": manifest.package_json(request.version),
        "README.md": manifest.readme(shown, titles, not_shown(request.tools), request.version),
        "CHANGELOG.md": manifest.changelog(request.version),
        **{path.name: path.read_bytes() for path in sorted((_HERE / "package").iterdir())},
        **_core(request, [each.tool for each in shown]),
        **_below("runtime"),
        "runtime/environment.js": (_HERE / "environments" / _ENVIRONMENT[request.translated]).read_bytes(),
        **_below("examples"),
    }


def _sources(forms: list[Form], titles: dict[str, str]) -> dict[str, str]:
    """Return the TypeScript sources, by path without the ending."""
    first = [resource_property(titles)]
    lists = {"Resource": ("resource", first)}
    for resource in titles:
        own_forms = [form for form in forms if form.operation.resource == resource]
        fields = [operation_property(resource, [form.operation for form in own_forms]), *resource_fields(own_forms)]
        lists[resource[0].upper() + resource[1:]] = (f"{resource}Fields", fields)
    plans = {form.operation.value: form.plan for form in forms}
    made = {
        f"nodes/Hex/descriptions/{name}Description": description_source(variable, fields)
        for name, (variable, fields) in lists.items()
    }
    names = {f"{name}Description": variable for name, (variable, _) in lists.items()}
    return made | {
        "nodes/Hex/plans": plans_source(plans),
        "nodes/Hex/Hex.node": node_source(manifest.DESCRIPTION, names),
        "nodes/Hex/HexTrigger.node": trigger_source(manifest.TRIGGER_DESCRIPTION, trigger_fields()),
        "credentials/HexApi.credentials": credential_source(manifest.DOCUMENTATION, credential_fields()),
    }


def _core(request: ExportRequest, shown: list[Tool]) -> dict[str, bytes]:
    """Return the files of the core, and its data for the tools that the node uses."""
    tools = {tool.id: tool for tool in shown} | {name: request.registry[name] for name in USED}
    translated = languages() if request.translated else ()
    made = {f"core/{name}": content for name, content in core_files().items() if name not in NOT_IN_N8N}
    return made | {"core/specs.json": as_json(core_data(request.registry, tools.values(), translated))}


def _assets() -> dict[str, bytes]:
    icons = {path.name: path.read_bytes() for path in sorted((_HERE / "icons").iterdir())}
    return {
        **{f"nodes/Hex/{name}": content for name, content in icons.items()},
        **{f"credentials/{name}": content for name, content in icons.items()},
        "nodes/Hex/Hex.node.json": manifest.codex("hex", ALIAS),
        "nodes/Hex/HexTrigger.node.json": manifest.codex("hexTrigger", ALIAS),
    }


def _built(made: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files in `dist`, where n8n requires them; they load the real files."""
    loaded = (*manifest.NODES, *manifest.CREDENTIALS)
    assets = {path: content for path, content in made.items() if path.endswith((".svg", ".json"))}
    up = {path: "../" * (path.count("/") + 1) for path in loaded}
    return assets | {
        path: f"'use strict';\nmodule.exports = require('{up[path]}{path}');\n".encode() for path in loaded
    }


def _below(folder: str) -> dict[str, bytes]:
    return {f"{folder}/{path.name}": path.read_bytes() for path in sorted((_HERE / folder).iterdir())}


TARGET = ExportTarget(
    name="n8n",
    title="n8n",
    level={
        "operations": "done: tests/hosts/n8n/test_operations.py",
        "pickers": "done: tests/hosts/n8n/test_pickers.py",
        "charts as files": "done: tests/hosts/n8n/test_items.py",
        "waiting, stopping, retries": "done: tests/hosts/n8n/test_runs.py",
        "trigger": "done: tests/hosts/n8n/test_trigger.py",
        "languages": "done: tests/hosts/n8n/test_package.py",
        "pipelines and batches": "exempt: Nodes in a row and items do the same in n8n.",
        "inputs of a project": "done: tests/hosts/javascript/test_stories.py",
        "data connections": "exempt: Creating or changing one would put passwords into workflow files.",
        "idempotency keys": "exempt: A try of a node knows the runs of the one before it; n8n keeps no further record.",
    },
    files=files,
    pack=npm_archive,
    two_forms=True,
)
