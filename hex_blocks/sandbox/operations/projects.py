"""Projects: list, get, create, label, export, embed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hex_blocks.sandbox.hex_file import hex_file
from hex_blocks.sandbox.model import DataConnection, Project, Sharing, User
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import DIRECTION, NAME, NO_FLAG, paged
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import project_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, MapOf, Number, Obj, Text
from hex_blocks.sandbox.workspace import World

SORTS = {
    "CREATED_AT": lambda project: project.created_at,
    "LAST_EDITED_AT": lambda project: project.last_edited_at,
    "LAST_PUBLISHED_AT": lambda project: project.last_published_at or 0.0,
}

LIST_QUERY: dict[str, Kind] = {
    **paged(),
    "includeArchived": NO_FLAG,
    "includeComponents": NO_FLAG,
    "includeTrashed": NO_FLAG,
    "includeUnlisted": NO_FLAG,
    "includeSharing": NO_FLAG,
    "statuses": ListOf(Text()),
    "categories": ListOf(Text()),
    "creatorEmail": Text(),
    "ownerEmail": Text(),
    "collectionId": Text(),
    "sortBy": Text(choices=tuple(SORTS), default="CREATED_AT"),
    "sortDirection": DIRECTION,
}

PRESIGN_BODY = Obj(
    {
        "hexUserAttributes": MapOf(Text()),
        "scope": ListOf(Text(choices=("EXPORT_PDF", "EXPORT_CSV"))),
        "inputParameters": Obj({}),
        "expiresIn": Number(least=1, most=300_000),
        "displayOptions": Obj(
            {
                "theme": Text(choices=("light", "dark")),
                "showEmbeddedRunButton": Flag(),
                "noEmbedHeaderPadding": Flag(),
                "noEmbedBasePadding": Flag(),
                "noEmbedOutline": Flag(),
                "noEmbedFooter": Flag(),
            }
        ),
        "testMode": Flag(),
    }
)
DEFAULT_EXPIRY = 15_000


@operation("ListProjects", "GET", "/projects", query=LIST_QUERY)
def list_projects(call: OperationCall) -> Json:
    """List the projects that the caller may see."""
    query = call.query
    projects = [project for project in call.world.all(Project) if _listed(call, project)]
    descending = (query["sortDirection"] or "DESC") == "DESC"
    name = query["sortBy"]
    found = call.page(projects, Sort(f"{name} {descending}", SORTS[name], descending))
    sharing = query["includeSharing"]
    return {
        "values": [project_shape(call, project, sharing=sharing) for project in found.items],
        "pagination": found.pagination,
    }


def _listed(call: OperationCall, project: Project) -> bool:
    query = call.query
    hidden = (
        (project.archived_at is not None and not query["includeArchived"])
        or (project.trashed_at is not None and not query["includeTrashed"])
        or (project.type == "COMPONENT" and not query["includeComponents"])
        or (project.unlisted and not query["includeUnlisted"])
        or call.access(project) == 0
    )
    return not hidden and (
        (not query["statuses"] or project.status in query["statuses"])
        and (not query["categories"] or bool({*query["categories"]} & {*project.categories}))
        and _is_of(call.world, project.creator_id, query["creatorEmail"])
        and _is_of(call.world, project.owner_id, query["ownerEmail"])
        and query["collectionId"] in (None, *project.sharing.collections)
    )


def _is_of(world: World, user_id: str, email: str | None) -> bool:
    user = world.get(User, user_id)
    return email is None or (user is not None and user.email == email.lower())


@operation(
    "GetProject", "GET", "/projects/{projectId}", family="B", query={"includeSharing": NO_FLAG}, limits=("hex-api",)
)
def get_project(call: OperationCall) -> Json:
    """Return one project."""
    return project_shape(call, call.project(), sharing=call.query["includeSharing"])


@operation(
    "CreateProject",
    "POST",
    "/projects",
    success=201,
    body=Obj({"title*": NAME, "description": Text()}),
    role="EDITOR",
    family="B",
    limits=("hex-api",),
)
def create_project(call: OperationCall) -> Json:
    """Create an empty draft that the caller owns."""
    author = call.author
    project = Project(
        id=call.world.new_id(),
        title=call.body["title"],
        description=call.body.get("description"),
        creator_id=author.id,
        owner_id=author.id,
        created_at=call.now,
        last_edited_at=call.now,
        sharing=Sharing(workspace="NONE"),
    )
    return project_shape(call, call.world.add(project))


@operation(
    "UpdateProject", "PATCH", "/projects/{projectId}", body=Obj({"status^": Text()}), family="B", limits=("hex-api",)
)
def update_project(call: OperationCall) -> Json:
    """Set or remove the status label of a project."""
    project = call.project(need="CAN_EDIT")
    if "status" in call.body:
        status = call.body["status"]
        # Hex does not document the reply to an unknown label: the sandbox refuses it.
        if status is not None and status not in call.world.status_labels:
            raise call.refusal(f"There is no status {status!r}; there are {', '.join(call.world.status_labels)}")
        project.status = status
    return project_shape(call, project)


@dataclass(frozen=True)
class QueriedTable:
    """A table that a project reads."""

    order: int
    connection: DataConnection
    name: str


@operation("GetQueriedTables", "GET", "/projects/{projectId}/queriedTables", query=paged(), invalid=422)
def get_queried_tables(call: OperationCall) -> Json:
    """List the warehouse tables that a project's published version reads."""
    project = call.project(need="CAN_VIEW")
    if project.last_published_at is None:
        raise call.refusal("The project has never been published")
    tables = [
        QueriedTable(order, call.find(DataConnection, id_, "Data connection"), name)
        for order, (id_, name) in enumerate(project.tables)
    ]
    found = call.page(tables, Sort("tables", lambda table: table.order))
    return {
        "values": [
            {
                "dataConnectionId": table.connection.id,
                "dataConnectionName": table.connection.name,
                "tableName": table.name,
            }
            for table in found.items
        ],
        "pagination": found.pagination,
        "traceId": call.trace_id,
    }


class Version(Kind):
    """A version: a number, or one of two words."""

    def problems(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong with a value."""
        if value not in ("draft", "latest"):
            yield from Number(least=1, whole=True).problems(value, where)


@operation(
    "ExportProject",
    "POST",
    "/projects/export",
    family="B",
    body=Obj({"projectId*": Text(), "version": Version()}),
    missing=400,
    limits=("hex-api",),
)
def export_project(call: OperationCall) -> Json:
    """Return the definition of a project in the format of Hex's files."""
    project = call.project(call.body["projectId"], need="CAN_VIEW")
    version = call.body.get("version", "draft")
    if version == "latest":
        if project.last_published_at is None:
            raise call.refusal("The project has no published version")
        version = project.version
    if version != "draft" and version > project.version:
        raise call.refusal(f"The project has no version {version}")
    slug = re.sub(r"[^a-z0-9]+", "-", project.title.lower()).strip("-") or "project"
    return {"filename": f"{slug}.hex.yaml", "content": hex_file(call.world, project, version)}


@operation("CreatePresignedUrl", "POST", "/embedding/createPresignedUrl/{projectId}", body=PRESIGN_BODY, invalid=422)
def create_presigned_url(call: OperationCall) -> Json:
    """Return a URL that opens the project's app once, within a short time."""
    project = call.project(need="CAN_VIEW")
    if project.last_published_at is None:
        raise call.refusal("The project has never been published")
    key = secrets.token_urlsafe(16)
    lasts = call.body.get("expiresIn", DEFAULT_EXPIRY) / 1000
    call.world.signed_urls[key] = (project.id, call.now + lasts)
    return {"url": f"{call.origin}/embed/{project.id}?signature={key}"}
