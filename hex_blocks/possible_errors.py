"""Which errors a tool can give: from its request, and from what its handler's code raises.

Read from the code, so that no list has to be kept by hand. Errors that any request can meet are EVERYWHERE and are
not repeated for each tool.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from hex_blocks.errors import SENTENCES
from hex_blocks.registry import Tool

EVERYWHERE = (
    "bad_inputs",
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
    "connection_lost",
    "reply_too_large",
    "bad_base_url",
    "host_not_allowed",
    "bad_budget",
)
# Where the code of handlers lies; what they call elsewhere raises what is everywhere.
_ROOMS = ("hex_blocks.handlers.", "hex_blocks.watch")

Place = tuple[str, str]


def possible_errors(tool: Tool) -> list[str]:
    """List the keys of the errors that a tool can give, beside those of EVERYWHERE, in the order of SENTENCES."""
    keys: set[str] = set()
    if handler := tool.spec.handler:
        module, _, name = handler.partition(":")
        keys |= _reached(module, name)
        for other in _tools_reached(module, name):
            if other in tool.registry:
                keys |= _of_request(tool.registry[other])
    keys |= _of_request(tool)
    return [key for key in SENTENCES if key in keys and key not in EVERYWHERE]


def _of_request(tool: Tool) -> set[str]:
    request = tool.spec.request
    if request is None:
        return set()
    keys = set(request.errors.values())
    if request.placeholders:
        keys.add("not_found")
    if request.method != "GET":
        keys.add("request_refused")
    if request.operation_id == "RunProject":
        keys |= {"bad_parameters", "not_published"}
    return keys


def _reached(module: str, name: str) -> set[str]:
    return {text for text in _texts(module, name) if text in SENTENCES}


def _tools_reached(module: str, name: str) -> set[str]:
    return {text for text in _texts(module, name) if text.startswith("hex_")}


@cache
def _texts(module: str, name: str) -> frozenset[str]:
    """Give every text in a function and in what it uses of the handlers' modules."""
    texts: set[str] = set()
    seen: set[Place] = set()
    waiting: list[Place] = [(module, name)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        definitions, imports = _read(place[0])
        for node in ast.walk(definitions.get(place[1], ast.Pass())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.Name):
                waiting.append(imports.get(node.id, (place[0], node.id)))
    return frozenset(texts)


@cache
def _read(module: str) -> tuple[dict[str, ast.AST], dict[str, Place]]:
    """Give what a module defines, and what it imports from the handlers' modules."""
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
