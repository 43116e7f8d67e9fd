"""What OpenLineage is told of a task: which run of Hex it was, and the tables that its projects read.

Tables are named by OpenLineage's rules, from what Hex tells of the data connection, so that they are the same datasets
as those of the tasks that write them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hex_blocks.errors.classes import HexError
from hex_blocks.run import execute
from hex_blocks.tools.tool_call import ToolCall

if TYPE_CHECKING:
    from hex_blocks.client import Hex

log = logging.getLogger(__name__)

# OpenLineage gives ten seconds to all that it asks of a task.
SECONDS = 4.0
PORTS = {"postgres": 5432, "redshift": 5439, "trino": 8080, "clickhouse": 8123}
QUALIFIED = 3

Dataset = tuple[str, str]


def lineage_of(hex: Hex, project_ids: Iterable[str], run: Mapping[str, Any] | None = None) -> Any:
    """Return OpenLineage's OperatorLineage of a task.

    Args:
        hex: The client.
        project_ids: The projects that the task ran.
        run: Its run, where it is one.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset, ExternalQueryRunFacet
    from airflow.providers.openlineage.extractors import OperatorLineage

    inputs = [Dataset(namespace=namespace, name=name) for namespace, name in datasets_of(hex, project_ids)]
    facets = {}
    if run and run.get("runId"):
        source = run.get("runUrl") or hex.connection.base_url
        facets["externalQuery"] = ExternalQueryRunFacet(externalQueryId=run["runId"], source=source)
    return OperatorLineage(inputs=inputs, run_facets=facets)


def datasets_of(hex: Hex, project_ids: Iterable[str]) -> list[Dataset]:
    """Return the tables that projects read, as OpenLineage's namespaces and names; none where Hex does not tell."""
    found: dict[Dataset, None] = {}
    connections: dict[str, Mapping[str, Any]] = {}
    for project_id in dict.fromkeys(project_ids):
        tables = _asked(hex, "hex_get_queried_tables", projectId=project_id, fetchAll=True).get("tables") or []
        for table in tables:
            connection_id = str(table.get("dataConnectionId") or "")
            if connection_id and connection_id not in connections:
                connections[connection_id] = _asked(hex, "hex_get_data_connection", dataConnectionId=connection_id)
            if name := table.get("tableName"):
                found[dataset_of(str(name), table, connections.get(connection_id, {}), hex.connection.api.host)] = None
    return list(found)


def dataset_of(name: str, table: Mapping[str, Any], connection: Mapping[str, Any], host: str) -> Dataset:
    """Return a table as a namespace and a name: by its server, or by Hex's data connection where that is not told."""
    kind = str(connection.get("type") or "")
    details = (connection.get("connectionDetails") or {}).get(kind) or {}
    namespace = _namespace(kind, details)
    if namespace:
        return namespace, _qualified(name, details)
    of_hex = table.get("dataConnectionId") or table.get("dataConnectionName") or ""
    return f"hex://{host}/{of_hex}", name


def _namespace(kind: str, details: Mapping[str, Any]) -> str | None:
    if kind == "bigquery":
        return "bigquery"
    if kind == "snowflake":
        account = details.get("accountName")
        return f"snowflake://{account}" if account else None
    if kind == "databricks":
        host = urlsplit(str(details.get("jdbcUrl") or "").removeprefix("jdbc:")).hostname
        return f"databricks://{host}" if host else None
    host = details.get("hostname") or details.get("host")
    if kind == "athena":
        return f"awsathena://{host}" if host else None
    if kind not in PORTS or not host:
        return None
    return f"{kind}://{host}:{int(details.get('port') or PORTS[kind])}"


def _qualified(name: str, details: Mapping[str, Any]) -> str:
    """Return a table's name with its database, which queries may leave out."""
    parts = name.split(".")
    database = details.get("database") or details.get("catalog") or details.get("projectId")
    if len(parts) == 1 and details.get("schema"):
        parts = [str(details["schema"]), *parts]
    if len(parts) == QUALIFIED - 1 and database:
        parts = [str(database), *parts]
    return ".".join(parts)


def _asked(hex: Hex, tool: str, **inputs: Any) -> dict[str, Any]:
    found = hex.tools[tool]
    call = ToolCall(found, hex.tools, hex.connection, execute, hex.language).part(within=SECONDS)
    try:
        return execute(call, found.check(inputs))
    except HexError as error:
        # Which tables are read is told on some of Hex's plans only, and of connections to some users only.
        log.info("%s: no lineage: %s", tool, error)
        return {}
