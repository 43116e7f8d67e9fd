"""Objects of the workspace in the form of Hex's replies."""

from __future__ import annotations

from typing import Any

from hex_blocks.sandbox.model import Cell, Collection, DataConnection, Group, Guide, Project, Run, User
from hex_blocks.sandbox.request import OperationCall, moment, timestamp
from hex_blocks.sandbox.workspace import World

# The details of a connection that replies show, by type. All others are secret.
READABLE_DETAILS = {
    "athena": ("hostname", "port", "s3OutputPath", "accessKeyId", "catalog", "workgroup"),
    "bigquery": ("projectId", "enableDriveAccess", "enableStorageApi"),
    "clickhouse": ("hostname", "port", "username"),
    "databricks": ("jdbcUrl",),
    "postgres": ("hostname", "port", "database", "username"),
    "redshift": ("host", "port", "database", "username"),
    "snowflake": ("accountName", "warehouse", "database", "username", "schema", "role"),
    "trino": ("hostname", "port", "username", "catalog", "schema", "sessionProperties"),
}


def user_shape(user: User) -> dict[str, Any]:
    """Return a user."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "lastLoginDate": moment(user.last_login_at),
    }


def group_shape(group: Group) -> dict[str, Any]:
    """Return a group."""
    return {"id": group.id, "name": group.name, "createdAt": moment(group.created_at)}


def collection_shape(world: World, collection: Collection) -> dict[str, Any]:
    """Return a collection and its members."""
    shape: dict[str, Any] = {
        "id": collection.id,
        "name": collection.name,
        "sharing": {
            "users": [{"id": id_, "access": access} for id_, access in collection.users.items()],
            "groups": [{"id": id_, "access": access} for id_, access in collection.groups.items()],
            "workspace": {"members": collection.members},
        },
    }
    if collection.description is not None:
        shape["description"] = collection.description
    creator = world.get(User, collection.creator_id)
    if creator:
        shape["creator"] = {"email": creator.email, "id": creator.id}
    return shape


def project_shape(call: OperationCall, project: Project, *, sharing: bool = False) -> dict[str, Any]:
    """Return a project; `sharing` adds its access levels."""
    world = call.world
    shape = {
        "id": project.id,
        "title": project.title,
        "description": project.description,
        "type": project.type,
        "creator": {"email": _email(world, project.creator_id)},
        "owner": {"email": _email(world, project.owner_id)},
        "status": {"name": project.status} if project.status else None,
        "categories": [{"name": name, "description": world.categories.get(name)} for name in project.categories],
        "reviews": {"required": project.reviews_required},
        "analytics": {
            "appViews": dict(
                zip(
                    ("allTime", "lastSevenDays", "lastFourteenDays", "lastThirtyDays"),
                    project.views,
                    strict=True,
                )
            ),
            "lastViewedAt": moment(project.last_viewed_at),
            "publishedResultsUpdatedAt": moment(world.published_results_at(project, call.now)),
        },
        "lastEditedAt": moment(project.last_edited_at),
        "lastPublishedAt": moment(project.last_published_at),
        "createdAt": moment(project.created_at),
        "archivedAt": moment(project.archived_at),
        "trashedAt": moment(project.trashed_at),
        "schedules": list(project.schedules),
    }
    return shape | ({"sharing": _sharing_shape(world, project)} if sharing else {})


def _email(world: World, user_id: str) -> str:
    user = world.get(User, user_id)
    return user.email if user else ""


def _sharing_shape(world: World, project: Project) -> dict[str, Any]:
    sharing = project.sharing
    groups = ((world.get(Group, id_), access) for id_, access in sharing.groups.items())
    collections = ((world.get(Collection, id_), access) for id_, access in sharing.collections.items())
    return {
        "users": [{"user": {"email": _email(world, id_)}, "access": access} for id_, access in sharing.users.items()],
        "groups": [{"group": {"name": group.name}, "access": access} for group, access in groups if group],
        "collections": [
            {"collection": {"name": found.name}, "access": access} for found, access in collections if found
        ],
        "workspace": {"access": sharing.workspace},
        "publicWeb": {"access": sharing.public_web},
        "support": {"access": sharing.support},
    }


def run_url(call: OperationCall, run_id: str, project_id: str) -> str:
    """Return the URL of a run's page."""
    return f"{call.origin}/hex/{project_id}/app/runs/{run_id}"


def run_shape(call: OperationCall, run: Run, *, expanded: bool = False) -> dict[str, Any]:
    """Return a run in its current state; `expanded` adds its events."""
    state = run.state(call.now)
    elapsed = None
    if state.started_at is not None:
        ended_at = call.now if state.ended_at is None else state.ended_at
        elapsed = round((ended_at - state.started_at) * 1000)
    shape: dict[str, Any] = {
        "projectId": run.project_id,
        "projectVersion": str(run.version),
        "runId": run.id,
        "runUrl": run_url(call, run.id, run.project_id),
        "status": state.status,
        "runTrigger": run.trigger,
        "startTime": moment(state.started_at),
        "endTime": moment(state.ended_at),
        "elapsedTime": elapsed,
        "traceId": call.trace_id,
    }
    if run.flag_config is not None:
        shape["flagConfigOverride"] = run.flag_config
    if run.notifications:
        shape["notifications"] = run.notifications
    if expanded:
        # Hex does not document the names of these events: the sandbox uses the statuses.
        moments = [("PENDING", run.created_at), ("RUNNING", state.started_at), (state.status, state.ended_at)]
        shape["stateEvents"] = [
            {"type": "STATUS", "value": value, "timestamp": timestamp(at)} for value, at in moments if at is not None
        ]
    return shape


def connection_shape(call: OperationCall, connection: DataConnection, *, basic: bool = False) -> dict[str, Any]:
    """Return a data connection without its secrets; `basic` is for callers who cannot manage it."""
    shape: dict[str, Any] = {"id": connection.id, "name": connection.name, "type": connection.type}
    if connection.description is not None:
        shape["description"] = connection.description
    if basic:
        return shape
    readable = READABLE_DETAILS[connection.type]
    groups = ((call.world.get(Group, id_), access) for id_, access in connection.groups.items())
    shape |= {
        "connectionDetails": {
            connection.type: {
                name: connection.details[name] for name in readable if connection.details.get(name) is not None
            }
        },
        "connectViaSsh": connection.connect_via_ssh,
        "includeMagic": connection.include_magic,
        "allowWritebackCells": connection.allow_writeback_cells,
        "schemaRefreshAccess": connection.schema_refresh_access,
        "sharing": {
            "workspace": connection.workspace,
            "groups": [
                {"access": access, "group": {"id": group.id, "name": group.name}} for group, access in groups if group
            ],
        },
    }
    if connection.schema_filters is not None:
        shape["schemaFilters"] = connection.schema_filters
    if connection.schema_refresh_schedule is not None:
        shape["schemaRefreshSchedule"] = connection.schema_refresh_schedule
    return shape


def cell_shape(cell: Cell) -> dict[str, Any]:
    """Return a cell. Only code, SQL and markdown cells have contents."""
    source = cell.source or ""
    sql = {"source": source, "outputDataframe": cell.output_dataframe or ""}
    return {
        "id": cell.id,
        "staticId": cell.static_id,
        "cellType": cell.type,
        "label": cell.label,
        "dataConnectionId": cell.connection_id,
        "contents": {
            "codeCell": {"source": source} if cell.type == "CODE" else None,
            "sqlCell": sql if cell.type == "SQL" else None,
            "markdownCell": {"source": source} if cell.type == "MARKDOWN" else None,
        },
        "projectId": cell.project_id,
    }


def guide_shape(guide: Guide) -> dict[str, Any]:
    """Return a guide file."""
    return {"id": guide.id, "filePath": guide.file_path}
