"""Guides: files with instructions for Hex's agent. A change is a draft until it is published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import Guide
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import UUID, paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import guide_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, Obj, Text

SOURCES = {
    "unknown": Obj({"source*": Text(), "id": Text()}),
    "github": Obj(
        {
            "source*": Text(),
            "owner*": Text(),
            "repo*": Text(),
            "branch*": Text(),
            "commitHash*": Text(),
            "path*": Text(),
            "base": Text(),
        }
    ),
}
MOST_CHARACTERS = 100_000


class Source(Kind):
    """The origin of a file: its `source` decides which other keys it has."""

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong with a value."""
        name = value.get("source") if isinstance(value, dict) else None
        if isinstance(name, str) and name in SOURCES:
            yield from SOURCES[name].problems(value, where)
        else:
            yield f"{where}.source must be one of {', '.join(SOURCES)}"


FILE = Obj({"filePath*": Text(least=1), "contents*": Text(most=MOST_CHARACTERS), "externalSource": Source()})


@operation(
    "UpsertGuideDraft",
    "PUT",
    "/guides/draft",
    body=Obj({"files*": ListOf(FILE), "forceWrite": Flag()}, closed=True),
    role="MANAGER",
)
def upsert_guide_draft(call: OperationCall) -> Json:
    """Create or change drafts. A file of another origin is not changed unless forceWrite is true."""
    known = {guide.file_path: guide for guide in call.world.all(Guide)}
    written, warnings = [], []
    for file in call.body["files"]:
        path, source = file["filePath"], file.get("externalSource")
        guide = known.get(path)
        if guide is None:
            guide = call.world.add(Guide(id=call.world.new_id(), file_path=path, source=source))
            known[path] = guide
        elif _origin(guide.source) != _origin(source) and not call.body.get("forceWrite"):
            message = "Not written: the guide is kept elsewhere; forceWrite overwrites it"
            warnings.append({"message": message, "filePath": path})
            continue
        guide.draft, guide.source = file["contents"], source
        written.append(guide)
    return {
        "files": [guide_shape(guide) for guide in written],
        "warnings": warnings,
        "traceId": call.trace_id,
    }


def _origin(source: dict[str, Any] | None) -> tuple[Any, ...]:
    """Return what identifies the origin of a file, without the commit."""
    return () if source is None else tuple(source.get(key) for key in ("source", "id", "owner", "repo"))


@operation(
    "PublishGuideDrafts",
    "POST",
    "/guides/publish",
    body=Obj({"orgGuideFileIds": ListOf(UUID), "publishAllDraftGuides": Flag()}, closed=True),
    role="MANAGER",
)
def publish_guide_drafts(call: OperationCall) -> Json:
    """Publish all drafts, or those with the given ids."""
    if call.body.get("publishAllDraftGuides"):
        chosen = [guide for guide in call.world.all(Guide) if guide.draft is not None]
    elif call.body.get("orgGuideFileIds"):
        chosen = [_draft(call, id_, 400) for id_ in call.body["orgGuideFileIds"]]
    else:
        raise call.refusal("Give orgGuideFileIds, or publishAllDraftGuides as true")
    for guide in chosen:
        guide.published, guide.draft = guide.draft, None
    return {
        "message": f"Published {len(chosen)} guide(s)",
        "publishedGuides": [guide_shape(guide) for guide in chosen],
        "traceId": call.trace_id,
    }


@operation("DeleteGuideDraft", "DELETE", "/guides/draft/{orgGuideFileId}", success=204, role="MANAGER")
def delete_guide_draft(call: OperationCall) -> Json:
    """Delete a draft. The published version stays."""
    guide = _draft(call, call.path["orgGuideFileId"], 404)
    guide.draft = None
    if guide.published is None:
        call.world.remove(guide)
    return None


@operation(
    "ListDraftGuides",
    "GET",
    "/guides/draft/list",
    family="B",
    query={**paged(100, default=100), "externalSource": Text()},
    limits=("hex-api-30rpm",),
)
def list_draft_guides(call: OperationCall) -> Json:
    """List the drafts by path. `externalSource` selects a type of origin, such as github."""
    wanted = call.query["externalSource"]
    drafts = [
        guide
        for guide in call.world.all(Guide)
        if guide.draft is not None and wanted in (None, (guide.source or {}).get("source"))
    ]
    found = call.page(drafts, Sort("path", lambda guide: guide.file_path))
    return {"values": [guide_shape(guide) for guide in found.items], "pagination": found.pagination}


def _draft(call: OperationCall, id_: str, status: int) -> Guide:
    guide = call.world.get(Guide, id_)
    if guide is None or guide.draft is None:
        raise Refusal(status, f"There is no draft guide {id_}")
    return guide
