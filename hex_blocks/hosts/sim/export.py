"""Exports the files for Sim's repository: tools, block, trigger, run-time code, pages, and the patch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.javascript.data import core_data
from hex_blocks.hosts.javascript.packages import LICENSE, files_of
from hex_blocks.hosts.packing import zip_of
from hex_blocks.hosts.sim.block import block_source
from hex_blocks.hosts.sim.modules import core_modules
from hex_blocks.hosts.sim.operations import KEPT_OUTPUTS, TODAY, Operation, operations, why_hidden
from hex_blocks.hosts.sim.pages import pages
from hex_blocks.hosts.sim.patching import patch
from hex_blocks.hosts.sim.tools import index_source, tool_source, types_source
from hex_blocks.hosts.sim.trigger import trigger_source
from hex_blocks.i18n.texts import text
from hex_blocks.tools.tool import Tool

_HERE = Path(__file__).parent
SOURCES = _HERE / "sources"
APP = "apps/sim"
# The tool that the poller uses.
WATCH = "hex_watch_runs"
# The sentences in the run-time code, which are translated to the language of the export.
RUNTIME_SENTENCES = (
    text("The run keeps running in Hex: {runUrl}"),
    text("Keep waiting with hex_wait_for_run, or check with hex_get_run_status."),
    text("The agent is still working in Hex. Read its answer with hex_get_thread and the threadId {threadId}: {url}"),
)
_TEXT_KEYS = ("title", "description", "example")


def files(request: ExportRequest) -> Files:
    """Return the files, by path in Sim's repository."""
    shown = operations(_with_current_tools(request))
    language = request.language
    sources = {
        "tools/hex/types.ts": types_source(shown),
        "tools/hex/index.ts": index_source(shown),
        **{f"tools/hex/{each.key}.ts": tool_source(each, language) for each in shown},
        "blocks/blocks/hex.ts": block_source(shown, request.registry, language),
        "triggers/hex/index.ts": "export { hexRunFinishedTrigger } from '@/triggers/hex/poller'\n",
        "triggers/hex/poller.ts": trigger_source(request.registry, language),
        "lib/hex/data.js": _data_source(request, shown),
    }
    made = {f"{APP}/{path}": source.encode() for path, source in sources.items()}
    made |= {f"{APP}/lib/hex/core/{name}": content for name, content in core_modules().items()}
    return made | {
        **files_of(SOURCES, f"{APP}/"),
        **pages(shown, request.registry),
        "hex.patch": patch().encode(),
        "check.mjs": (_HERE / "check.mjs").read_bytes(),
        "README.md": _readme(request, shown).encode(),
        "LICENSE": LICENSE.read_bytes(),
    }


def _readme(request: ExportRequest, shown: list[Operation]) -> str:
    hidden = {tool.id: why for tool in request.tools if (why := why_hidden(tool))}
    rows = "\n".join(f"| `{name}` | {why[:1].upper()}{why[1:]}. |" for name, why in sorted(hidden.items()))
    page = (_HERE / "README.md").read_text(encoding="utf-8")
    return page.replace("OPERATIONS", str(len(shown))).replace("HIDDEN", rows)


def _with_current_tools(request: ExportRequest) -> list[Tool]:
    """Return the requested tools, and those that Sim's files refer to today, in the order of the registry."""
    wanted = {tool.id for tool in request.tools} | {request.registry[key].id for key in TODAY}
    return [tool for tool in request.registry.values() if tool.id in wanted]


def pack(_request: ExportRequest, made: Files) -> Files:
    """Return the folder as a ZIP archive."""
    return {".zip": zip_of(made)}


def _data_source(request: ExportRequest, shown: list[Operation]) -> str:
    """Return the module with the data of the core: the specs of the tools, without texts."""
    tools = [each.tool for each in shown] + [request.registry[WATCH]]
    data = core_data(request.registry, tools, [request.language], more=RUNTIME_SENTENCES)
    for operation in shown:
        spec = data["tools"][operation.tool.id]
        shown_inputs = {
            *operation.inputs,
            *(name for name, field in spec["inputs"].items() if field["in"] == "connection"),
        }
        spec["inputs"] = {name: field for name, field in spec["inputs"].items() if name in shown_inputs}
        known = spec["outputs"] | KEPT_OUTPUTS.get(operation.tool.id, {})
        spec["outputs"] = {name: known[name] for name in operation.outputs}
    for group in ("tools", "helpers"):
        data[group] = {name: _without_texts(spec) for name, spec in data[group].items()}
    return f"export const data = {_literal(data)}\n\nexport const language = {_literal(request.language)}\n"


def _without_texts(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec without texts, because Sim has them in its own declarations."""
    bare = {name: each for name, each in spec.items() if name not in ("title", "description", "modelHint", "tagline")}
    for part in ("inputs", "outputs"):
        bare[part] = {name: _bare(field) for name, field in spec[part].items()}
    return bare


def _bare(field: dict[str, Any]) -> dict[str, Any]:
    made = {name: each for name, each in field.items() if name not in _TEXT_KEYS}
    if "fields" in made:
        made["fields"] = {name: _bare(each) for name, each in made["fields"].items()}
    if "items" in made:
        made["items"] = _bare(made["items"])
    return made


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


TARGET = ExportTarget(
    name="sim",
    title="Sim",
    level={
        "tools": "done: tests/hosts/sim/test_tools.py",
        "the same as in Python": "done: tests/hosts/sim/test_same.py",
        "saved workflows": "done: tests/hosts/sim/test_block.py",
        "waits, pictures": "done: tests/hosts/sim/test_tools.py",
        "trigger": "done: tests/hosts/sim/test_trigger.py",
        "types": "done: tests/hosts/sim/test_types.py",
        "documentation": "done: tests/hosts/sim/test_pages.py",
        "Sim itself": (
            "exempt: Sim's sources are no package: types and calls are tested against declarations of its interfaces; "
            "check.mjs checks a clone."
        ),
        "pickers": "exempt: A list of projects in a form needs a route of Sim's own server; find_project takes titles.",
        "batches and pipelines": "exempt: A Parallel block and blocks in a row do the same in Sim.",
        "semantic models and guides": "exempt: They are kept by tools of their own, not by workflows.",
        "data connections": "exempt: Creating or changing one would put passwords into saved workflows.",
        "taking a status label away": "exempt: Sim does not start a block whose required field is empty.",
        "idempotency keys": "exempt: Sim keeps no record of starts between two executions.",
    },
    files=files,
    pack=pack,
    one_language=True,
)
