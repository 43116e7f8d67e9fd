"""Which errors a tool can give, and which of Hex's operations it uses: from its request and its handler's code.

Read from the code, so that no list has to be kept by hand. Errors that any request can meet are EVERYWHERE and are
not repeated for each tool.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.tool import Request
from hex_blocks.tools.tool import Tool

EVERYWHERE = (
    "bad_inputs",
    "request_refused",
    "token_missing",
    "token_malformed",
    "token_refused",
    "no_permission",
    "rate_limited",
    "budget_spent",
    "hex_failed",
    "hex_down",
    "not_hex",
    "redirected",
    "no_network",
    "bad_certificate",
    "timeout",
    "call_stopped",
    "connection_lost",
    "reply_too_large",
    "bad_base_url",
    "host_not_allowed",
    "bad_budget",
    "bad_record",
    "no_such_profile",
    "profile_without_token",
    "config_unusable",
)
# Where the code of handlers lies; what they call elsewhere raises what is everywhere.
_ROOMS = ("hex_blocks.handlers.", "hex_blocks.runs.")

Place = tuple[str, str]


def possible_errors(tool: Tool, tools: Registry) -> list[str]:
    """List the keys of the errors that a tool can give, beside those of EVERYWHERE, in the order of SENTENCES."""
    keys = {text for text in _said_by(tool) if text in SENTENCES}
    keys = keys.union(*map(_of_request, _senders(tool, tools)))
    return [key for key in SENTENCES if key in keys and key not in EVERYWHERE]


def requests(tool: Tool, tools: Registry) -> list[Request]:
    """List the requests that a tool may send, its own first."""
    sent = {
        other.spec.request.operation_id: other.spec.request for other in _senders(tool, tools) if other.spec.request
    }
    return list(sent.values())


def _senders(tool: Tool, tools: Registry) -> list[Tool]:
    """Return the tool and those whose requests its handler sends."""
    used = sorted(text for text in _said_by(tool) if text.startswith("hex_") and text in tools)
    return [tool, *(tools[name] for name in used)]


def _said_by(tool: Tool) -> frozenset[str]:
    module, _, name = (tool.spec.handler or "").partition(":")
    return _texts(module, name) if module else frozenset()


def _of_request(tool: Tool) -> set[str]:
    request = tool.spec.request
    if request is None:
        return set()
    keys = set(request.errors.values())
    if request.placeholders:
        keys.add("not_found")
    if request.operation_id == "RunProject":
        keys |= {"bad_parameters", "not_published"}
    return keys


@cache
def _texts(module: str, name: str) -> frozenset[str]:
    """Return every text in a function and in what it uses of the handlers' modules.

    A table's texts count only where some function raises an error whose key it looks up.
    """
    texts: set[str] = set()
    in_tables: set[str] = set()
    looks_up = False
    seen: set[Place] = set()
    waiting: list[Place] = [(module, name)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        definitions, imports = _read(place[0])
        definition = definitions.get(place[1], ast.Pass())
        found = in_tables if isinstance(definition, ast.Assign | ast.AnnAssign) else texts
        for node in ast.walk(definition):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Name):
                waiting.append(imports.get(node.id, (place[0], node.id)))
            elif isinstance(node, ast.Call):
                looks_up |= place[1] != "run_error" and _raises_what_it_looks_up(node)
    return frozenset(texts | in_tables if looks_up else texts)


def _raises_what_it_looks_up(call: ast.Call) -> bool:
    position = {"hex_error": 0, "run_error": 1}.get(getattr(call.func, "id", ""))
    return position is not None and len(call.args) > position and not isinstance(call.args[position], ast.Constant)


@cache
def _read(module: str) -> tuple[dict[str, ast.AST], dict[str, Place]]:
    """Return what a module defines, and what it imports from the handlers' modules."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return {}, {}
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, Place] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[node.name] = node
        for name in _assigned(node):
            definitions[name] = node
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ImportFrom) and inner.module and f"{inner.module}.".startswith(_ROOMS):
            imports |= {each.asname or each.name: (inner.module, each.name) for each in inner.names}
    return definitions, imports


def _assigned(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))
