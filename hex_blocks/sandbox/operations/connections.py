"""Data connections, and the status labels of their databases, schemas and tables."""

from __future__ import annotations

from typing import Any

from hex_blocks.sandbox.model import DataConnection, Group
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.common import DIRECTION, NAME, UUID, paged
from hex_blocks.sandbox.operations.statuses import Change, apply_statuses, updates_body
from hex_blocks.sandbox.paging import Sort
from hex_blocks.sandbox.replies import READABLE_DETAILS, connection_shape
from hex_blocks.sandbox.request import Json, OperationCall
from hex_blocks.sandbox.validation import Flag, Kind, ListOf, Number, Obj, Text, Variants

TEXT, FLAG, NUMBER = Text(), Flag(), Number()

# The details of each type of connection. Clickhouse connections can be read but not created.
DETAILS: dict[str, dict[str, Kind]] = {
    "athena": {
        "hostname*": TEXT,
        "port*": NUMBER,
        "s3OutputPath*": TEXT,
        "accessKeyId*": TEXT,
        "secretAccessKey*": TEXT,
        "catalog^": TEXT,
        "workgroup^": TEXT,
    },
    "bigquery": {
        "projectId*": TEXT,
        "serviceAccountJsonConfig*": TEXT,
        "enableDriveAccess": FLAG,
        "enableStorageApi": FLAG,
    },
    "databricks": {"jdbcUrl*": TEXT, "accessToken*": TEXT},
    "postgres": {"hostname*": TEXT, "port*": NUMBER, "database*": TEXT, "username*": TEXT, "password*": TEXT},
    "redshift": {
        "host*": TEXT,
        "port*": NUMBER,
        "database*": TEXT,
        "username*": TEXT,
        "password*": TEXT,
        "sslRootCert^": TEXT,
    },
    "snowflake": {
        "accountName*": TEXT,
        "warehouse*": TEXT,
        "database*": TEXT,
        "username*": TEXT,
        "privateKey*": TEXT,
        "passphrase*": TEXT,
        "schema^": TEXT,
        "role^": TEXT,
    },
    "trino": {
        "hostname*": TEXT,
        "port*": NUMBER,
        "username*": TEXT,
        "password": TEXT,
        "catalog": TEXT,
        "schema": TEXT,
        "sessionProperties^": ListOf(Obj({"key*": TEXT, "value*": TEXT})),
    },
}

ACCESS = Text(choices=("NONE", "QUERY", "VIEW_RESULTS"))
PUBLIC_ACCESS = Text(choices=("NONE", "VIEW_RESULTS"))
GROUP_SHARES = ListOf(Obj({"access*": ACCESS, "group*": Obj({"id*": UUID})}))
MATCH = Obj({"values*": ListOf(TEXT), "matchType*": Text(choices=("EXACT", "PREFIX", "REGEX", "SUFFIX"))})
FILTER = Obj({"include": MATCH, "exclude": MATCH})
ZONE: dict[str, Kind] = {"timezoneString*": TEXT}
AT: dict[str, Kind] = {
    **ZONE,
    "hour*": Number(least=0, most=23, whole=True),
    "minute*": Number(least=0, most=59, whole=True),
}
DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
SCHEDULE = Obj(
    {
        "cadence*": Text(choices=("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "CUSTOM")),
        "enabled*": FLAG,
        "daily^": Obj(AT),
        "weekly^": Obj({**AT, "dayOfWeek*": Text(choices=DAYS)}),
        "monthly^": Obj({**AT, "day*": Number(least=1, most=28, whole=True)}),
        "custom^": Obj({**ZONE, "cron*": TEXT}),
    },
    closed=True,
)


def _body(details: dict[str, Obj], groups: Kind, mark: str) -> Obj:
    """Return the body of create (`mark` "*": required keys) or of edit (no mark)."""
    workspace = Obj({"public": PUBLIC_ACCESS, "guests": ACCESS, "members": ACCESS})
    fields: dict[str, Kind] = {
        f"name{mark}": NAME,
        f"connectionDetails{mark}": Variants(details),
        "description": TEXT,
        "connectViaSsh": FLAG,
        "includeMagic": FLAG,
        "allowWritebackCells": FLAG,
        "schemaFilters": Obj({"tables": FILTER, "schemas": FILTER, "databases": FILTER}),
        f"schemaRefreshSchedule{'' if mark else '^'}": SCHEDULE,
        "schemaRefreshAccess": Text(choices=("ADMINS", "USERS_WITH_QUERY_ACCESS")),
        "sharing": Obj({"workspace": workspace, "groups": groups}),
    }
    return Obj(fields | ({"type*": Text(choices=tuple(READABLE_DETAILS))} if mark else {}))


CREATE_BODY = _body({name: Obj(fields) for name, fields in DETAILS.items()}, GROUP_SHARES, "*")
EDIT_BODY = _body(
    {name: Obj({key.rstrip("*"): kind for key, kind in fields.items()}) for name, fields in DETAILS.items()},
    Obj({"upsert": GROUP_SHARES}),
    "",
)
# Keys of the body that are copied, by the attribute that they set.
PLAIN = {
    "name": "name",
    "description": "description",
    "connectViaSsh": "connect_via_ssh",
    "includeMagic": "include_magic",
    "allowWritebackCells": "allow_writeback_cells",
    "schemaFilters": "schema_filters",
    "schemaRefreshSchedule": "schema_refresh_schedule",
    "schemaRefreshAccess": "schema_refresh_access",
}
SORTS = {
    "CREATED_AT": lambda connection: connection.created_at,
    "NAME": lambda connection: connection.name.casefold(),
}


@operation(
    "ListDataConnections",
    "GET",
    "/data-connections",
    query={
        **paged(),
        "sortBy": Text(choices=tuple(SORTS), default="CREATED_AT"),
        "sortDirection": DIRECTION,
    },
    family="B",
    limits=("hex-api",),
)
def list_data_connections(call: OperationCall) -> Json:
    """List the connections. Callers who cannot manage them only see names and types."""
    name = call.query["sortBy"]
    descending = call.query["sortDirection"] == "DESC"
    found = call.page(call.world.all(DataConnection), Sort(f"{name} {descending}", SORTS[name], descending))
    values = [connection_shape(call, connection, basic=not call.is_admin) for connection in found.items]
    return {"values": values, "pagination": found.pagination}


@operation("GetDataConnection", "GET", "/data-connections/{dataConnectionId}", family="B", limits=("hex-api",))
def get_data_connection(call: OperationCall) -> Json:
    """Return one connection, without its secrets."""
    return connection_shape(call, _connection(call))


@operation(
    "CreateDataConnection", "POST", "/data-connections", success=201, body=CREATE_BODY, invalid=422, role="ADMIN"
)
def create_data_connection(call: OperationCall) -> Json:
    """Create a connection."""
    body = call.body
    connection = DataConnection(
        id=call.world.new_id(),
        name=body["name"],
        type=body["type"],
        created_at=call.now,
        details=_details(call, body, body["type"]),
        objects={"DATABASE": {}, "SCHEMA": {}, "TABLE": {}},
    )
    _change(call, connection, _group_shares(call, body.get("sharing", {}).get("groups", [])))
    return connection_shape(call, call.world.add(connection))


@operation(
    "EditDataConnection",
    "PATCH",
    "/data-connections/{dataConnectionId}",
    success=201,
    body=EDIT_BODY,
    invalid=422,
    role="ADMIN",
)
def edit_data_connection(call: OperationCall) -> Json:
    """Change a connection; keys that the body does not have stay unchanged."""
    connection = _connection(call)
    details = _details(call, call.body, connection.type) if "connectionDetails" in call.body else {}
    shares = _group_shares(call, call.body.get("sharing", {}).get("groups", {}).get("upsert", []))
    connection.details |= details
    _change(call, connection, shares)
    return connection_shape(call, connection)


def _connection(call: OperationCall) -> DataConnection:
    return call.find(DataConnection, call.path["dataConnectionId"], "Data connection")


def _details(call: OperationCall, body: Any, type_: str) -> dict[str, Any]:
    details = body["connectionDetails"]
    if type_ not in details:
        raise call.refusal(f"connectionDetails must hold {type_}, the type of the connection")
    return dict(details[type_])


def _group_shares(call: OperationCall, entries: list[dict[str, Any]]) -> dict[str, str]:
    return {call.find(Group, entry["group"]["id"], "Group").id: entry["access"] for entry in entries}


def _change(call: OperationCall, connection: DataConnection, group_shares: dict[str, str]) -> None:
    for key, attribute in PLAIN.items():
        if key in call.body:
            setattr(connection, attribute, call.body[key])
    connection.workspace |= call.body.get("sharing", {}).get("workspace", {})
    shares = connection.groups | group_shares
    connection.groups = {id_: access for id_, access in shares.items() if access != "NONE"}


# The minimum and maximum number of parts of each kind's names.
NAME_PARTS = {"DATABASE": (1, 1), "SCHEMA": (1, 2), "TABLE": (2, 3)}
TYPES_WITHOUT_DATABASES = ("athena", "clickhouse", "postgres", "redshift")


@operation(
    "UpdateDataConnectionSchema",
    "PATCH",
    "/data-connections/{dataConnectionId}/schema",
    body=updates_body("DATABASE", "SCHEMA", "TABLE"),
    lists_faults=True,
    role="ADMIN",
)
def update_data_connection_schema(call: OperationCall) -> Json:
    """Set the status labels of databases, schemas and tables: all of them, or none."""
    connection = _connection(call)

    def find(kind: str, name: str) -> tuple[str | None, str]:
        least, most = NAME_PARTS[kind]
        if kind == "DATABASE" and connection.type in TYPES_WITHOUT_DATABASES:
            return None, "database_not_supported"
        if not least <= name.count(".") + 1 <= most or not all(name.split(".")):
            return None, "invalid_name_format"
        known = connection.objects.get(kind, {})
        fits = [full for full in known if full == name or full.endswith(f".{name}")]
        if name in known:
            return name, ""
        return (fits[0], "") if len(fits) == 1 else (None, "ambiguous_name" if fits else "not_found")

    keys = {"DATABASE": "databases", "SCHEMA": "schemas", "TABLE": "tables"}
    changes = [Change(**update) for update in call.body["updates"]]
    return {"updated": apply_statuses(call.world, connection.objects, changes, find, keys)}
