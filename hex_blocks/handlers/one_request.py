"""The handler of all tools that send a single request or read a list, which is most of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hex_blocks.errors.classes import BusyError, HexDownError
from hex_blocks.i18n.plurals import Plural
from hex_blocks.tools.output_selection import value_at
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.tool_call import ToolCall

Entry = dict[str, Any]
ORDER = ("sortBy", "sortDirection")


def one_request(call: ToolCall, inputs: dict[str, Any]) -> Any:
    """Send the tool's request and return Hex's reply; for a list with fetchAll, read all pages."""
    return read_list(call, inputs) if call.tool.spec.paging else call.request(inputs)


def read_list(call: ToolCall, inputs: dict[str, Any], wanted: Callable[[Entry], bool] | None = None) -> Any:
    """Read one page of a list, or with fetchAll all pages up to maxItems entries, without duplicates.

    Args:
        call: The call of a tool whose spec has `paging`.
        inputs: Its inputs.
        wanted: Returns whether to keep an entry. Default: all are kept.

    Returns:
        A reply in the form of one page, whose cursors are before and after all entries that were read. If Hex fails
        after the first page, the entries so far, with a warning.

    Raises:
        HexError: The first page cannot be read.
    """
    spec = call.tool.spec
    inputs = _in_order(spec, inputs)
    if not inputs.get("fetchAll"):
        page = call.request(inputs)
        return page if wanted is None else page | {_key(spec): [each for each in _entries(spec, page) if wanted(each)]}
    most = inputs.get("maxItems") or spec.inputs["maxItems"].default
    size = int(spec.inputs["limit"].maximum or most)
    asked = {name: value for name, value in inputs.items() if name not in ("fetchAll", "maxItems")}
    backwards = spec.paging is not None and spec.paging.after == "before"
    pages: list[list[Entry]] = []
    read: dict[Any, Entry] = {}
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    while True:
        # Not more than is still needed, so that the next cursor is right after the last entry that is returned.
        asked["limit"] = min(size, most - len(read))
        try:
            coerced = call.request_with_details(asked)
        except (BusyError, HexDownError) as error:
            if not read:
                raise
            call.warn("list_incomplete", reason=error.message(call.language), count=len(read))
            break
        last = coerced.reply
        first = first or last
        entries = _entries(spec, last)
        pages.append([])
        for entry in entries:
            if (identity := _identity(entry, len(read))) not in read:
                read[identity] = entry
                pages[-1].append(entry)
        message = call.say(Plural("{count} entry read", "{count} entries read"), count=len(read))
        call.report_progress(Progress(message, values={"count": len(read)}))
        following = _following(spec, last, asked, len(entries))
        if following is None:
            if _cursor_output(spec) in coerced.missing | coerced.unread:
                call.warn("list_end_unknown", count=len(read))
            break
        asked |= following
        if len(read) >= most:
            call.warn("list_cut", count=most)
            break
    # For a list that is read backwards, the pages are in reverse order.
    ordered = [entry for page in (reversed(pages) if backwards else pages) for entry in page]
    kept = [entry for entry in ordered if wanted is None or wanted(entry)]
    return _merged(spec, *((last, first) if backwards else (first, last)), kept)


def _in_order(spec: ToolSpec, inputs: Entry) -> Entry:
    """Return inputs with explicit defaults of the sort order, if one of them is given or several pages are read.

    Not every version of Hex has the defaults of its API document.
    """
    if not inputs.get("fetchAll") and not inputs.keys() & set(ORDER):
        return inputs
    defaults = {name: spec.inputs[name].default for name in ORDER if name in spec.inputs}
    return {name: value for name, value in defaults.items() if value is not None} | inputs


def _key(spec: ToolSpec) -> str:
    """Return the name of the reply's field that contains the entries."""
    assert spec.list_place  # noqa: S101
    return spec.list_place


def _entries(spec: ToolSpec, page: Mapping[str, Any]) -> list[Any]:
    entries: list[Any] = page[_key(spec)]
    return entries


def _cursor_output(spec: ToolSpec) -> str:
    """Return the name of the output that has the cursor of the next page."""
    assert spec.paging  # noqa: S101
    return next(
        (name for name, output in spec.outputs.items() if (output.source or name) == spec.paging.next),
        spec.paging.next,
    )


def _identity(entry: Entry, default: Any) -> Any:
    """Return the ID of an entry, to find duplicates in a list that changes while it is read, or else `default`."""
    for name in ("id", "runId"):
        if isinstance(entry.get(name), str):
            return entry[name]
    return default


def _following(spec: ToolSpec, page: Mapping[str, Any], asked: Entry, count: int) -> Entry | None:
    """Return the inputs that select the next page, or None at the end of the list."""
    assert spec.paging  # noqa: S101
    if spec.paging.style == "offset":
        return {"offset": asked.get("offset", 0) + count} if count and page.get("nextPage") else None
    cursor = value_at(page, spec.paging.next)
    name = spec.paging.after
    return {name: cursor} if isinstance(cursor, str) and cursor and cursor != asked.get(name) else None


def _merged(spec: ToolSpec, first: Entry, last: Entry, entries: list[Entry]) -> Entry:
    """Return one page of all entries, with the cursor before the first page and the one after the last."""
    merged = last | {_key(spec): entries}
    if isinstance(last.get("pagination"), dict):
        merged["pagination"] = last["pagination"] | {"before": value_at(first, "pagination.before")}
    if "previousPage" in first:
        merged["previousPage"] = first["previousPage"]
    return merged
