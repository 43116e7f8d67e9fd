"""How the sandbox says no: the right status, in the form of the operation's family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.operations import OPERATIONS
from hex_blocks.sandbox.workspace import World

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
RUN = "01234567-89ab-cdef-0123-456789abcdef"
NOBODY = "11111111-1111-1111-1111-111111111111"


def some_path(operation_id: str) -> str:
    """Return an operation's path with an id that nothing has."""
    parts = (NOBODY if part.startswith("{") else part for part in OPERATIONS[operation_id].segments)
    return "/" + "/".join(parts)


@pytest.mark.parametrize("token", [None, "hxtp_unknown", TOKENS.expired])
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_without_a_valid_token_nothing_is_answered(operation_id, token, callers, reference):
    operation = OPERATIONS[operation_id]

    reply = callers(token)(operation.method, some_path(operation_id))

    assert reply.status_code == 401
    if operation.family == "A":
        assert reply.text == "Unauthorized"
    elif 401 in reference.statuses(operation_id):
        reference.check(operation_id, reply)
    else:
        assert reply.json()["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("operation_id", [name for name in OPERATIONS if name != "Me"])
def test_a_token_without_permission_is_forbidden_everything(operation_id, callers, reference):
    reply = callers(TOKENS.no_permission)(OPERATIONS[operation_id].method, some_path(operation_id))

    assert reply.status_code == 403
    reference.check(operation_id, reply)


def test_a_token_without_permission_may_ask_who_it_is(callers):
    assert callers(TOKENS.no_permission).get("/users/me")["name"] == "Noor Haddad"


WITH_IDS = [name for name, operation in OPERATIONS.items() if "{" in operation.path]


@pytest.mark.parametrize("operation_id", [name for name in WITH_IDS if OPERATIONS[name].family == "A"])
def test_an_id_that_is_no_uuid_is_refused(operation_id, ada, reference):
    operation = OPERATIONS[operation_id]

    reply = ada(operation.method, some_path(operation_id).replace(NOBODY, "nonsense"))

    assert reply.status_code == operation.invalid
    assert "must be a UUID" in reply.json()["reason"]
    reference.check(operation_id, reply)


@pytest.mark.parametrize("operation_id", WITH_IDS)
def test_an_id_that_nothing_has_is_not_found(operation_id, ada):
    operation = OPERATIONS[operation_id]
    bodies: dict[str, Any] = {
        "UpdateDataConnectionSchema": {"updates": []},
        "UpdateSemanticProject": {"updates": []},
        "ContinueThread": {"prompt": "And?"},
        "EditProjectSharingUsers": {"sharing": {"upsert": {"users": []}}},
        "EditProjectSharingGroups": {"sharing": {"upsert": {"groups": []}}},
        "EditProjectSharingCollections": {"sharing": {"upsert": {"collections": []}}},
        "EditProjectSharingOrgAndPublic": {"sharing": {}},
    }

    reply = ada(operation.method, some_path(operation_id), json=bodies.get(operation_id, {}))

    assert reply.status_code == operation.missing
    assert "traceId" in reply.json() or reply.json()["code"] in ("NOT_FOUND", "BAD_REQUEST")


@dataclass(frozen=True)
class Refused:
    operation: str
    status: int
    path: Callable[[World], str] | str
    says: str
    json: Any = None
    query: dict[str, Any] | None = None


WAREHOUSE = "/data-connections/{}/schema"
CELL = "/cells/{}"


def path_of(template: str, name: str) -> Callable[[World], str]:
    return lambda world: template.format(world.connection(name).id)


def cell_path(label: str, project: str = "Revenue report", rest: str = "") -> Callable[[World], str]:
    return lambda world: f"/cells/{world.cell(project, label).id}{rest}"


def project_path(title: str, rest: str) -> Callable[[World], str]:
    return lambda world: f"/projects/{world.project(title).id}{rest}"


REFUSED = (
    Refused("RunProject", 422, project_path("New customer survey", "/runs"), "never been published"),
    Refused("RunProject", 422, project_path("Old marketing dashboard", "/runs"), "archived"),
    Refused(
        "RunProject",
        422,
        f"/projects/{REPORT}/runs",
        "body.updateCacheResult is not a known key",
        {"updateCacheResult": True},
    ),
    Refused("RunProject", 422, f"/projects/{REPORT}/runs", "body.dryRun must be a boolean", {"dryRun": "yes"}),
    Refused("RunProject", 422, f"/projects/{REPORT}/runs", "body.inputParams must be an object", {"inputParams": None}),
    Refused(
        "RunProject",
        422,
        f"/projects/{REPORT}/runs",
        "cannot be given together",
        {"viewId": "view-emea", "inputParams": {}},
    ),
    Refused("RunProject", 422, f"/projects/{REPORT}/runs", "no view", {"viewId": "nonsense"}),
    Refused(
        "RunProject",
        422,
        f"/projects/{REPORT}/runs",
        "userIds holds nobody",
        {"notifications": [{"type": "ALL", "includeSuccessScreenshot": False, "userIds": ["nobody"]}]},
    ),
    Refused("GetProjectRuns", 422, f"/projects/{REPORT}/runs", "query.limit must be at most 100", query={"limit": 101}),
    Refused("GetProjectRuns", 422, f"/projects/{REPORT}/runs", "query.offset must be at least 0", query={"offset": -1}),
    Refused(
        "GetProjectRuns",
        422,
        f"/projects/{REPORT}/runs",
        "query.statusFilter must be one of",
        query={"statusFilter": "DONE"},
    ),
    Refused("CancelRun", 422, f"/projects/{REPORT}/runs/{RUN}", "ended already"),
    Refused("ListProjects", 400, "/projects", "query.limit must be a number", query={"limit": "ten"}),
    Refused(
        "ListProjects",
        400,
        "/projects",
        "query.includeArchived must be true or false",
        query={"includeArchived": "yes"},
    ),
    Refused("ListProjects", 400, "/projects", "cursor", query={"after": "nonsense"}),
    Refused("ListProjects", 400, "/projects", "not both", query={"after": "a", "before": "b"}),
    Refused("ListProjects", 400, "/projects", "more than once", query={"limit": ["1", "2"]}),
    Refused("CreateProject", 400, "/projects", "body.title is missing", {}),
    Refused("UpdateProject", 400, f"/projects/{REPORT}", "no status 'Nonsense'", {"status": "Nonsense"}),
    Refused("GetQueriedTables", 422, project_path("New customer survey", "/queriedTables"), "never been published"),
    Refused("ExportProject", 400, "/projects/export", "no version 99", {"projectId": REPORT, "version": 99}),
    Refused("ExportProject", 400, "/projects/export", "not found", {"projectId": NOBODY}),
    Refused(
        "ExportProject",
        400,
        "/projects/export",
        "body.version must be a number",
        {"projectId": REPORT, "version": "last"},
    ),
    Refused(
        "CreatePresignedUrl",
        422,
        f"/embedding/createPresignedUrl/{REPORT}",
        "at most 300000",
        {"expiresIn": 300_001},
    ),
    Refused(
        "EditProjectSharingUsers",
        400,
        f"/projects/{REPORT}/sharing/users",
        "at most 25 items",
        {"sharing": {"upsert": {"users": [{"user": {"id": NOBODY}, "access": "NONE"}] * 26}}},
    ),
    Refused("ListUsers", 400, "/users", "query.limit must be at most 500", query={"limit": 501}),
    Refused("DeactivateUser", 400, lambda w: f"/users/{w.user('Ada Okafor').id}/deactivate", "yourself"),
    Refused("CreateGroup", 400, "/groups", "at least 1 character", {"name": ""}),
    Refused("CreateGroup", 400, "/groups", "no user", {"name": "New", "members": {"users": [{"id": NOBODY}]}}),
    Refused(
        "CreateGroup",
        400,
        "/groups",
        "at most 100 items",
        {"name": "New", "members": {"users": [{"id": NOBODY}] * 101}},
    ),
    Refused(
        "CreateCollection",
        400,
        "/collections",
        "one of NONE, MEMBER, MANAGER",
        {"name": "New", "sharing": {"workspace": {"members": "ALL"}}},
    ),
    Refused(
        "CreateDataConnection",
        422,
        "/data-connections",
        "must hold postgres",
        {"name": "New", "type": "postgres", "connectionDetails": {"databricks": {"jdbcUrl": "j", "accessToken": "t"}}},
    ),
    Refused(
        "CreateDataConnection",
        422,
        "/data-connections",
        "password is missing",
        {
            "name": "New",
            "type": "postgres",
            "connectionDetails": {"postgres": {"hostname": "h", "port": 1, "database": "d", "username": "u"}},
        },
    ),
    Refused(
        "EditDataConnection",
        404,
        path_of("/data-connections/{}", "Warehouse"),
        "Group not found",
        {"sharing": {"groups": {"upsert": [{"group": {"id": NOBODY}, "access": "QUERY"}]}}},
    ),
    Refused("ListCells", 400, "/cells", "query.projectId is missing"),
    Refused("ListCells", 404, "/cells", "not found", query={"projectId": NOBODY}),
    Refused(
        "CreateCell",
        400,
        "/cells",
        "contents must hold codeCell",
        {"projectId": REPORT, "cellType": "CODE", "contents": {"markdownCell": {"source": ""}}},
    ),
    Refused(
        "CreateCell",
        400,
        "/cells",
        "cannot be given together",
        {
            "projectId": REPORT,
            "cellType": "SQL",
            "contents": {"sqlCell": {"source": "", "dataConnectionId": NOBODY, "isDataframeSql": True}},
        },
    ),
    Refused("UpdateCell", 400, cell_path("Totals"), "Only a SQL cell", {"dataConnectionId": None}),
    Refused("UpdateCell", 400, cell_path("Revenue chart"), "do not fit", {"contents": {"codeCell": {"source": ""}}}),
    Refused("GetCellOutput", 400, cell_path("Totals", rest="/output"), "Only SQL cells"),
    Refused("GetChartImageFromLogic", 400, cell_path("Totals", rest="/image"), "Only chart cells"),
    Refused("GetChartImageFromLogic", 400, cell_path("Revenue chart", rest="/image"), "together", query={"width": 200}),
    Refused(
        "GetChartImageFromLogic",
        400,
        cell_path("Revenue chart", rest="/image"),
        "at most 2000",
        query={"width": 2001, "height": 200},
    ),
    Refused(
        "CreateCell",
        400,
        "/cells",
        "has no cell",
        {
            "projectId": REPORT,
            "cellType": "CODE",
            "contents": {"codeCell": {"source": ""}},
            "location": {"insertAfterCellId": NOBODY},
        },
    ),
    Refused("UpdateCell", 400, cell_path("Revenue by region"), "no data connection", {"dataConnectionId": NOBODY}),
    Refused(
        "ExportProject",
        400,
        "/projects/export",
        "no published version",
        lambda w: {"projectId": w.project("New customer survey").id, "version": "latest"},
    ),
    Refused(
        "CreatePresignedUrl",
        422,
        lambda w: f"/embedding/createPresignedUrl/{w.project('New customer survey').id}",
        "never been published",
        {},
    ),
    Refused("CreateThread", 400, "/threads", "at least 1 character", {"prompt": ""}),
    Refused("CreateThread", 400, "/threads", "together", {"prompt": "Hm?", "projectId": REPORT, "newProject": True}),
    Refused(
        "ContinueThread",
        400,
        lambda w: f"/threads/{w.thread('Forecast that fails').id}/followup",
        "is ERROR",
        {"prompt": "And?"},
    ),
    Refused(
        "GetThreadMessages",
        400,
        lambda w: f"/threads/{w.thread('Forecast that fails').id}/messages",
        "at most 50",
        query={"limit": 51},
    ),
    Refused("ListThreads", 400, "/threads", "query.numDays must be at least 1", query={"numDays": 0}),
    Refused(
        "UpsertGuideDraft",
        400,
        "/guides/draft",
        "at most 100000",
        {"files": [{"filePath": "a.md", "contents": "x" * 100_001}]},
    ),
    Refused(
        "UpsertGuideDraft",
        400,
        "/guides/draft",
        "source must be one of",
        {"files": [{"filePath": "a.md", "contents": "", "externalSource": {"source": "gitlab"}}]},
    ),
    Refused("PublishGuideDrafts", 400, "/guides/publish", "publishAllDraftGuides", {}),
    Refused("PublishGuideDrafts", 400, "/guides/publish", "no draft guide", {"orgGuideFileIds": [NOBODY]}),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: f"{refused.operation}: {refused.says}")
def test_a_request_that_does_not_fit_is_refused(refused, sandbox, ada, reference):
    path = refused.path if isinstance(refused.path, str) else refused.path(sandbox.world)

    body = refused.json(sandbox.world) if callable(refused.json) else refused.json
    reply = ada(OPERATIONS[refused.operation].method, path, json=body, params=refused.query)

    assert reply.status_code == refused.status
    assert refused.says in reply.text
    if refused.status in reference.statuses(refused.operation):
        reference.check(refused.operation, reply)


@pytest.mark.parametrize("body", ["{", '{"dryRun": NaN}', "[" * 100_000, b"\xff"])
def test_a_body_that_is_not_json_is_refused(body, ada):
    assert ada("POST", f"/projects/{REPORT}/runs", data=body).status_code == 400


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_a_body_that_is_no_object_is_refused(body, ada):
    assert ada("POST", f"/projects/{REPORT}/runs", data=body).status_code == 422


STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "x",
    "1" * 5000,
    "\0",
    [],
    [None],
    [[]],
    {},
    {"": None},
    {"id": {}},
)


BODIES = {name: operation.body for name, operation in OPERATIONS.items() if operation.body}


@pytest.mark.parametrize("operation_id", BODIES)
def test_no_strange_body_breaks_an_operation(operation_id, ada):
    operation = OPERATIONS[operation_id]
    path = some_path(operation_id).replace(NOBODY, REPORT)
    names = [name.rstrip("*^") for name in BODIES[operation_id].fields]
    bodies = [*STRANGE, *({name: strange} for name in names for strange in STRANGE)]
    bodies += [dict.fromkeys(names, strange) for strange in STRANGE]

    replies = [ada(operation.method, path, json=body) for body in bodies]

    assert max(reply.status_code for reply in replies) < 500


@pytest.mark.parametrize("operation_id", [name for name, operation in OPERATIONS.items() if operation.query])
def test_no_strange_query_breaks_an_operation(operation_id, ada):
    operation = OPERATIONS[operation_id]
    path = some_path(operation_id).replace(NOBODY, REPORT)
    texts = ("", "x", "-1", "0", "9" * 400, "1e5", "NaN", "null", "true", "\0", "é", "[]", "%", "W10", "WzEsMiwzXQ")

    replies = [
        ada(operation.method, path, params={name.rstrip("*"): text}) for name in operation.query for text in texts
    ]

    assert max(reply.status_code for reply in replies) < 500


def test_an_older_operation_answers_with_a_reason_and_a_trace(ada):
    first, second = (ada("POST", "/groups", json={"name": 5}).json() for _ in range(2))

    assert set(first) == {"reason", "details", "traceId"}
    assert first["traceId"] != second["traceId"]


def test_a_newer_operation_answers_with_a_code_and_issues(ada):
    reply = ada("POST", "/threads", json={"muted": 1}).json()

    assert reply["code"] == "BAD_REQUEST"
    assert reply["issues"] == [{"message": "body.prompt is missing"}, {"message": "body.muted must be a boolean"}]


@pytest.mark.parametrize("path", ["/nonsense", "/projects/a/b/c", "/users/me/", "//[/users"])
def test_an_unknown_path_is_not_found(path, ada):
    reply = ada("GET", path)

    assert reply.status_code == 404
    assert set(reply.json()) == {"reason", "traceId"}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "BREW"])
def test_an_unknown_method_is_not_allowed(method, ada):
    reply = ada(method, "/projects")

    assert reply.status_code == 405
    assert reply.headers["Allow"] == "GET, POST"


def test_an_id_cannot_lead_to_another_path(sandbox, ada):
    group = sandbox.world.group("Growth").id

    reply = ada("DELETE", f"/projects/..%2Fgroups%2F{group}%3Fx=/runs/{RUN}")

    assert reply.status_code == 422
    assert sandbox.world.group("Growth").id == group


@pytest.mark.parametrize(
    ("operation_id", "path", "body"),
    [
        ("CreateGroup", "/groups", {"name": "New"}),
        ("DeactivateUser", f"/users/{NOBODY}/deactivate", None),
        ("ListThreads", "/threads", None),
        ("PublishGuideDrafts", "/guides/publish", {"publishAllDraftGuides": True}),
    ],
)
def test_an_editor_may_not_do_what_needs_a_higher_role(operation_id, path, body, eli, reference):
    reply = eli(OPERATIONS[operation_id].method, path, json=body)

    assert reply.status_code == 403
    reference.check(operation_id, reply)


def test_what_may_not_be_seen_is_not_found(sandbox, eli):
    payroll = sandbox.world.project("Payroll check").id

    assert eli("GET", f"/projects/{payroll}").status_code == 404
    assert eli("POST", f"/projects/{payroll}/runs").status_code == 404


def test_what_may_be_seen_but_not_changed_is_forbidden(sandbox, eli):
    forecast = sandbox.world.project("Endless simulation").id

    assert eli("PATCH", f"/projects/{forecast}", json={"status": None}).status_code == 403
    assert eli("POST", f"/projects/{forecast}/runs", json={"updatePublishedResults": True}).status_code == 403
    assert eli("POST", f"/projects/{forecast}/runs").status_code == 201


def test_a_deactivated_users_token_dies(sandbox, ada, eli):
    ada("POST", f"/users/{sandbox.world.user('Eli Brandt').id}/deactivate")

    assert eli("GET", "/users/me").status_code == 401


def test_a_token_ends_when_its_time_has_come(clock, eli):
    before = eli("GET", "/users/me").status_code
    clock.advance(30 * 86_400)

    assert (before, eli("GET", "/users/me").status_code) == (200, 401)
