"""Compares an OpenAPI document of Hex with all specs.

Both sides become trees, with inputs as in the request and outputs as in the reply, which are then compared node by
node. Intended differences are listed in deviations.json, each with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hex_blocks.dev.drift.openapi import NotOpenApiError, Operation, Shape, read_operations
from hex_blocks.dev.drift.refusals import of_refusals
from hex_blocks.dev.drift.specs import reply_tree, request_tree
from hex_blocks.dev.drift.walk import Finding, Walk
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.tool import Request
from hex_blocks.tools.tool import Tool

__all__ = ["Deviation", "Drift", "Finding", "NotOpenApiError", "compare", "read_deviations"]

DEVIATIONS = Path(__file__).with_name("deviations.json")
WHATEVER = "whatever"
ENCODINGS = {"json": "application/json", "multipart": "multipart/form-data"}


@dataclass(frozen=True)
class Deviation:
    """An intended difference: `what` differs in these fields of these tools, while Hex's side is `hex`.

    In names of tools and fields, * matches anything. Without `hex` it applies whatever Hex's side is. `sometimes` says
    that only some versions of Hex's document need it.
    """

    what: str
    tools: tuple[str, ...]
    fields: tuple[str, ...]
    reason: str
    hex: Any = WHATEVER
    sometimes: bool = False

    def excuses(self, finding: Finding) -> bool:
        """Return whether a difference is this intended one."""
        return (
            self.what == finding.what
            and self.hex in (WHATEVER, finding.hex)
            and any(_fits(tool, finding.tool or finding.operation) for tool in self.tools)
            and any(_fits(name, finding.field) for name in self.fields)
        )

    def unused(self, findings: Iterable[Finding]) -> Iterator[str]:
        """Return the tools and fields of the deviation that no difference needs any more."""
        if self.sometimes:
            return
        mine = [finding for finding in findings if self.excuses(finding)]
        yield from (tool for tool in self.tools if not any(_fits(tool, each.tool or each.operation) for each in mine))
        yield from (name for name in self.fields if not any(_fits(name, each.field) for each in mine))


@dataclass(frozen=True)
class Drift:
    """The result of a comparison: differences, intended differences, and deviations that are not needed any more."""

    operations: int
    findings: tuple[Finding, ...]
    excused: tuple[Finding, ...]
    unused: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether there is nothing to do."""
        return not self.findings and not self.unused


def read_deviations(file: Path = DEVIATIONS) -> list[Deviation]:
    """Return the intended differences in a file."""
    return [
        Deviation(**entry | {"tools": tuple(entry["tools"]), "fields": tuple(entry["fields"])})
        for entry in json.loads(file.read_bytes())
    ]


def compare(document: Any, registry: Registry, deviations: Iterable[Deviation] | None = None) -> Drift:
    """Compare a document with the built-in tools.

    Raises:
        NotOpenApiError: It is not an OpenAPI 3 document.
    """
    meant = list(read_deviations() if deviations is None else deviations)
    operations = read_operations(document)
    ours: dict[str, list[Tool]] = {}
    for tool in registry.values():
        if tool.plugin is None and tool.spec.request and not tool.experimental:
            ours.setdefault(tool.spec.request.operation_id, []).append(tool)
    found = sorted(_all_findings(operations, ours), key=lambda each: (each.tool or "", each.field, each.what))
    excused = tuple(finding for finding in found if any(each.excuses(finding) for each in meant))
    return Drift(
        operations=len(operations),
        findings=tuple(finding for finding in found if finding not in excused),
        excused=excused,
        unused=tuple(f"{each.what}: {part}" for each in meant for part in each.unused(found)),
    )


def _all_findings(operations: Mapping[str, Operation], ours: Mapping[str, list[Tool]]) -> Iterator[Finding]:
    new = {id_: operation for id_, operation in operations.items() if id_ not in ours}
    for id_, tools in ours.items():
        operation = operations.get(id_) or _renamed(new, _request(tools[0]))
        if operation is None:
            for tool in tools:
                yield Finding("gone", tool.id, id_, "", "operation", None, _line(_request(tool)))
        else:
            new.pop(operation.id, None)
            yield from _of_operation(operation, tools)
            yield from of_refusals(operation)
    for operation in new.values():
        yield Finding("added", None, operation.id, "", "operation", f"{operation.method} {operation.paths[0]}", None)


def _renamed(new: Mapping[str, Operation], request: Request) -> Operation | None:
    """Return the new operation that replaces one of ours, if there is one."""
    for operation in new.values():
        paths = [_without_names(path) for path in operation.paths]
        if operation.method == request.method and _without_names(request.path) in paths:
            return operation
    return None


def _of_operation(operation: Operation, tools: list[Tool]) -> Iterator[Finding]:
    """Compare the tools of one operation. A field that one of them has is not missing in the others."""
    by_tool = [list(_of_tool(operation, tool)) for tool in tools]
    missing = [[finding.wire for finding in found if finding.kind == "added"] for found in by_tool]
    fullest = missing.index(min(missing, key=len))
    for number, found in enumerate(by_tool):
        for finding in found:
            nowhere = all(any(_leads_to(part, finding.wire) for part in parts) for parts in missing)
            if finding.kind != "added" or (number == fullest and nowhere):
                yield finding


def _of_tool(operation: Operation, tool: Tool) -> Iterator[Finding]:
    request = _request(tool)
    walk = Walk(tool.id, request.operation_id)
    if operation.id != request.operation_id:
        yield walk.changed("", "operationId", operation.id, request.operation_id)
    if operation.method != request.method:
        yield walk.changed("", "method", operation.method, request.method)
    if request.path not in operation.paths:
        yield walk.changed("", "path", operation.paths[0], request.path)
    if request.success not in operation.success:
        yield walk.changed("", "success", ", ".join(map(str, operation.success)), str(request.success))
    if operation.encodings and ENCODINGS[request.encoding] not in operation.encodings:
        yield walk.changed("", "encoding", ", ".join(operation.encodings), ENCODINGS[request.encoding])
    yield from walk.requests(operation.request, request_tree(tool.spec))
    yield from walk.replies(operation.reply or Shape.closed({}), reply_tree(tool.spec))


def _request(tool: Tool) -> Request:
    assert tool.spec.request  # noqa: S101
    return tool.spec.request


def _line(request: Request) -> str:
    return f"{request.method} {request.path}"


def _leads_to(part: str, wire: str) -> bool:
    return wire == part or wire.startswith((f"{part}.", f"{part}["))


def _without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _fits(pattern: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None
