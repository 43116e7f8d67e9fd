"""Every operation of Hex's reference, once, with a reply that the reference describes."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Guide, Plan, Project, Run
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations import OPERATIONS
from hex_blocks.sandbox.validation import ListOf, MapOf, Obj, Variants
from hex_blocks.sandbox.workspace import World

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        opened.writestr("models/refunds.yml", "name: refunds")
        opened.writestr("README.md", "read me")
    return content.getvalue()


def active_run(world: World) -> Run:
    ada = world.user("Ada Okafor").id
    plan = Plan(running=None)
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=0, plan=plan)
    return world.add(run)


@dataclass(frozen=True)
class Example:
    operation: str
    path: Callable[[World], str] | str
    json: Callable[[World], Any] | Any = None
    query: dict[str, Any] | None = None
    files: Any = None
    label: str = ""


def share(many: str, one: str, id_: Callable[[World], str]) -> Callable[[World], Any]:
    """Return a body that shares with something known and something unknown."""
    unknown = "11111111-1111-1111-1111-111111111111"
    return lambda world: {
        "sharing": {
            "upsert": {
                many: [{one: {"id": id_(world)}, "access": "CAN_VIEW"}, {one: {"id": unknown}, "access": "NONE"}]
            }
        }
    }


SNOWFLAKE = {
    "accountName": "a",
    "warehouse": "w",
    "database": "d",
    "username": "u",
    "privateKey": "secret",
    "passphrase": "secret",
    "schema": None,
}
NOTIFICATIONS = [
    {
        "type": "ALL",
        "includeSuccessScreenshot": True,
        "screenshotFormat": "png",
        "slackChannelIds": ["C0FINANCE"],
        "subject": "Done",
    }
]

EXAMPLES = (
    Example(
        "RunProject", f"/projects/{REPORT}/runs", {"inputParams": {"region": "US"}, "notifications": NOTIFICATIONS}
    ),
    Example("RunProject", f"/projects/{REPORT}/runs", None, label="without a body"),
    Example("GetProjectRuns", f"/projects/{REPORT}/runs"),
    Example("GetRunStatus", f"/projects/{REPORT}/runs/{RUN}"),
    Example("GetRunStatus", lambda w: f"/projects/{REPORT}/runs/{active_run(w).id}", label="still running"),
    Example("CancelRun", lambda w: f"/projects/{REPORT}/runs/{active_run(w).id}"),
    Example(
        "ListProjects",
        "/projects",
        query={
            "includeSharing": "true",
            "includeArchived": "true",
            "includeTrashed": "true",
            "includeComponents": "true",
        },
    ),
    Example("CreateProject", "/projects", {"title": "New", "description": "Fresh"}),
    Example("GetProject", f"/projects/{REPORT}", query={"includeSharing": "true"}),
    Example("UpdateProject", f"/projects/{REPORT}", {"status": None}),
    Example("GetQueriedTables", f"/projects/{REPORT}/queriedTables"),
    Example("ExportProject", "/projects/export", {"projectId": REPORT, "version": "latest"}),
    Example("CreatePresignedUrl", f"/embedding/createPresignedUrl/{REPORT}", {"displayOptions": {"theme": "dark"}}),
    Example(
        "EditProjectSharingUsers",
        f"/projects/{REPORT}/sharing/users",
        share("users", "user", lambda w: w.user("Eli Brandt").id),
    ),
    Example(
        "EditProjectSharingGroups",
        f"/projects/{REPORT}/sharing/groups",
        share("groups", "group", lambda w: w.group("Growth").id),
    ),
    Example(
        "EditProjectSharingCollections",
        f"/projects/{REPORT}/sharing/collections",
        share("collections", "collection", lambda w: w.collection("Archive").id),
    ),
    Example(
        "EditProjectSharingOrgAndPublic",
        f"/projects/{REPORT}/sharing/workspaceAndPublic",
        {"sharing": {"workspace": "APP_ONLY", "publicWeb": "FULL_ACCESS"}},
    ),
    Example("Me", "/users/me"),
    Example("ListUsers", "/users"),
    Example("DeactivateUser", lambda w: f"/users/{w.user('Ines Costa').id}/deactivate"),
    Example("ListGroups", "/groups"),
    Example(
        "CreateGroup", "/groups", lambda w: {"name": "New", "members": {"users": [{"id": w.user("Ines Costa").id}]}}
    ),
    Example("GetGroup", lambda w: f"/groups/{w.group('Growth').id}"),
    Example("EditGroup", lambda w: f"/groups/{w.group('Growth').id}", {"name": "Growing"}),
    Example("DeleteGroup", lambda w: f"/groups/{w.group('Growth').id}"),
    Example("ListCollections", "/collections", query={"sortBy": "NAME"}),
    Example("CreateCollection", "/collections", {"name": "New", "sharing": {"workspace": {"members": "MEMBER"}}}),
    Example("GetCollection", lambda w: f"/collections/{w.collection('Archive').id}"),
    Example("EditCollection", lambda w: f"/collections/{w.collection('Archive').id}", {"description": "Old things"}),
    Example("ListDataConnections", "/data-connections"),
    Example("GetDataConnection", lambda w: f"/data-connections/{w.connection('Logs').id}"),
    Example(
        "CreateDataConnection",
        "/data-connections",
        lambda w: {
            "name": "New",
            "type": "snowflake",
            "connectionDetails": {"snowflake": SNOWFLAKE},
            "sharing": {"groups": [{"group": {"id": w.group("Growth").id}, "access": "QUERY"}]},
        },
    ),
    Example(
        "EditDataConnection",
        lambda w: f"/data-connections/{w.connection('Warehouse').id}",
        {"name": "Renamed", "connectionDetails": {"snowflake": {"role": "WRITER"}}, "schemaRefreshSchedule": None},
    ),
    Example(
        "UpdateDataConnectionSchema",
        lambda w: f"/data-connections/{w.connection('Warehouse').id}/schema",
        {"updates": [{"type": "TABLE", "name": "analytics.shop.orders", "status": "Endorsed"}]},
    ),
    Example(
        "UpdateSemanticProject",
        lambda w: f"/semantic-projects/{w.semantic_project('Shop').id}",
        {"updates": [{"type": "VIEW", "name": "revenue_by_region", "status": None}]},
    ),
    Example(
        "IngestSemanticProject",
        lambda w: f"/semantic-projects/{w.semantic_project('Shop').id}/ingest",
        files={"file": ("models.zip", archive(), "application/zip"), "debug": (None, "true")},
    ),
    Example("ListCells", "/cells", query={"projectId": REPORT}),
    Example(
        "CreateCell",
        "/cells",
        {"projectId": REPORT, "cellType": "SQL", "contents": {"sqlCell": {"source": "select 1"}}},
    ),
    Example("GetCell", lambda w: f"/cells/{w.cell('Revenue report', 'Totals').id}"),
    Example(
        "UpdateCell",
        lambda w: f"/cells/{w.cell('Revenue report', 'Totals').id}",
        {"contents": {"codeCell": {"source": "1 + 1"}}},
    ),
    Example("DeleteCell", lambda w: f"/cells/{w.cell('Revenue report', 'Totals').id}"),
    Example("GetCellOutput", lambda w: f"/cells/{w.cell('Revenue report', 'Refunds').id}/output"),
    Example(
        "GetCellOutput",
        lambda w: f"/cells/{w.cell('Broken import', 'Import').id}/output",
        label="of a query that failed",
    ),
    Example("GetChartImageFromLogic", lambda w: f"/cells/{w.cell('Revenue report', 'Revenue chart').id}/image"),
    Example(
        "GetChartImageFromRun",
        lambda w: f"/projects/{REPORT}/runs/{RUN}/cells/{w.cell('Revenue report', 'Revenue chart').static_id}/image",
    ),
    Example("CreateThread", "/threads", {"prompt": "How many orders?", "projectId": REPORT}),
    Example("CreateThread", "/threads", {"prompt": "How many orders?", "newProject": True}, label="in a new project"),
    Example("ListThreads", "/threads"),
    Example("GetThread", lambda w: f"/threads/{w.thread('Why did revenue dip in March?').id}"),
    Example("GetThread", lambda w: f"/threads/{w.thread('Forecast that fails').id}", label="that ended in an error"),
    Example("GetThreadMessages", lambda w: f"/threads/{w.thread('Are there duplicate orders?').id}/messages"),
    Example(
        "ContinueThread",
        lambda w: f"/threads/{w.thread('Which cohort stays longest?').id}/followup",
        {"prompt": "And why?"},
    ),
    Example("ListTopics", "/context/topics"),
    Example("UpsertGuideDraft", "/guides/draft", {"files": [{"filePath": "new.md", "contents": "# New"}]}),
    Example("PublishGuideDrafts", "/guides/publish", {"publishAllDraftGuides": True}),
    Example("DeleteGuideDraft", lambda w: f"/guides/draft/{w.named(Guide, 'metrics/churn.md').id}"),
    Example("ListDraftGuides", "/guides/draft/list"),
)


def value_of(part: Any, world: World) -> Any:
    return part(world) if callable(part) else part


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation} {example.label}".strip())
def test_an_operation_answers_as_the_reference_says(example, sandbox, ada, reference):
    method, _ = reference.operations[example.operation]
    path = value_of(example.path, sandbox.world)
    body = value_of(example.json, sandbox.world)

    reply = ada(method.upper(), path, json=body, params=example.query, files=example.files)

    assert reply.status_code == min(reference.statuses(example.operation)), reply.text
    reference.check(example.operation, reply)
    assert sandbox.requests[-1].operation_id == example.operation


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation} {example.label}".strip())
def test_an_operation_answers_with_all_that_tools_look_for(example, sandbox, ada, registry):
    path = value_of(example.path, sandbox.world)
    body = value_of(example.json, sandbox.world)
    tools = [
        tool for tool in registry.values() if tool.spec.request and tool.spec.request.operation_id == example.operation
    ]

    reply = ada(tools[0].spec.request.method, path, json=body, params=example.query, files=example.files)

    for tool in tools:
        fitted = tool.coerce_reply(reply.json() if reply.content else None)
        assert not fitted.lacking | fitted.missing | fitted.unread | fitted.left_out, tool.id


def test_every_operation_of_the_reference_has_an_example(reference):
    operations = set(reference.operations)

    assert {example.operation for example in EXAMPLES} == operations
    assert set(OPERATIONS) == operations
    assert len(operations) == 52


def test_an_operation_is_registered_once():
    with pytest.raises(ValueError, match="GetProject is registered twice"):
        operation("GetProject", "GET", "/elsewhere")(lambda _: None)

    assert OPERATIONS["GetProject"].path == "/projects/{projectId}"


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_has_the_method_and_path_of_the_reference(operation_id, reference):
    operation = OPERATIONS[operation_id]
    method, path = reference.operations[operation_id]

    assert operation.method == method.upper()
    assert f"/v1{operation.path}" == path.replace("(projects|models)", "projects")


# Known of Hex, and not in its document yet.
NEWER_QUERY = {"ListProjects": {"includeUnlisted"}}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_takes_the_query_parameters_of_the_reference(operation_id, reference):
    method, path = reference.operations[operation_id]
    parameters = reference.document["paths"][path][method].get("parameters", [])
    named = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}

    assert {name.rstrip("*") for name in OPERATIONS[operation_id].query} - NEWER_QUERY.get(operation_id, set()) == named


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_refuses_with_statuses_of_the_reference(operation_id, reference):
    assert OPERATIONS[operation_id].invalid in reference.statuses(operation_id)


def outline(kind: Any) -> Any:
    """Return the keys that a body of the sandbox has, which must be there, and whether others are refused."""
    match kind:
        case Variants():
            return {name: outline(fields) for name, fields in kind.fields.items()}
        case ListOf():
            return [outline(kind.item)]
        case Obj(fields=fields) if fields:
            keys = {f"{name.rstrip('*^')}{'*' * ('*' in name)}": outline(field) for name, field in fields.items()}
            return keys | ({"closed": True} if kind.closed else {})
        case Obj() | MapOf():
            return "object"
    return "value"


def reference_outline(schema: Any, schemas: Any) -> Any:
    """Return the same of a schema of the reference."""
    if "$ref" in schema:
        return reference_outline(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return reference_outline(schema["allOf"][0], schemas)
    if "anyOf" in schema and all(option.get("type") == "object" for option in schema["anyOf"]):
        named = (reference_outline(option, schemas) for option in schema["anyOf"])
        return {name.rstrip("*"): fields for option in named for name, fields in option.items()}
    if schema.get("type") == "array":
        return [reference_outline(schema["items"], schemas)]
    if schema.get("properties"):
        keys = {
            f"{name}{'*' * (name in schema.get('required', []))}": reference_outline(part, schemas)
            for name, part in schema["properties"].items()
        }
        return keys | ({"closed": True} if schema.get("additionalProperties") is False else {})
    return "object" if schema.get("type") == "object" else "value"


# Older Hex refuses unknown keys here and newer Hex does not; the sandbox refuses them.
CLOSED_BEFORE = {"RunProject"}


def _opened(kind: Any) -> Any:
    """Return an outline without what it says of other keys."""
    if isinstance(kind, list):
        return [_opened(each) for each in kind]
    return {name: _opened(part) for name, part in kind.items() if name != "closed"} if isinstance(kind, dict) else kind


OPERATIONS_WITH_A_BODY = [name for name, operation in OPERATIONS.items() if operation.body]


@pytest.mark.parametrize("operation_id", OPERATIONS_WITH_A_BODY)
def test_an_operation_takes_the_body_of_the_reference(operation_id, reference):
    method, path = reference.operations[operation_id]
    body = reference.document["paths"][path][method]["requestBody"]
    schema = body["content"]["application/json"]["schema"]

    expected = reference_outline(schema, reference.document["components"]["schemas"])

    shown = _opened if operation_id in CLOSED_BEFORE else lambda kind: kind
    assert shown(outline(OPERATIONS[operation_id].body)) == shown(expected)
    assert OPERATIONS[operation_id].body_required == body["required"]


@pytest.mark.parametrize("title", [project.title for project in Sandbox().world.all(Project)])
def test_every_seeded_project_answers_as_the_reference_says(title, sandbox, ada, reference):
    project = sandbox.world.project(title)

    reply = ada("GET", f"/projects/{project.id}", params={"includeSharing": "true"})
    runs = ada("GET", f"/projects/{project.id}/runs", params={"limit": 100})

    reference.check("GetProject", reply)
    reference.check("GetProjectRuns", runs)


def test_a_workspace_token_has_no_user(callers, reference):
    reply = callers(TOKENS.workspace)("GET", "/users/me")

    reference.check("Me", reply)
    assert set(reply.json()) == {"org", "token"}


def test_a_chart_is_a_png(sandbox, ada):
    cell = sandbox.world.cell("Revenue report", "Revenue chart")

    reply = ada.get(f"/cells/{cell.id}/image")

    assert base64.b64decode(reply["imageBase64"]).startswith(b"\x89PNG\r\n\x1a\n")
