"""Drift: Hex's document as it is, and changed in every way that a later one may be."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from hex_blocks import Registry
from hex_blocks.api.refusals import CODES
from hex_blocks.dev.drift import Deviation, Finding, NotOpenApiError, compare, read_deviations
from hex_blocks.dev.drift.openapi import read_operations
from tests.documents import HEX_DOCUMENTS
from tests.marks import mostly_slow

REPOSITORY = Path(__file__).parents[2]
RUNS = "/v1/projects/{projectId}/runs"
RUN_BODY = "RunProjectRequestBody"

Document = dict[str, Any]
Change = Callable[[Document], None]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", params=mostly_slow(["today", "before"], "today"))
def reference_file(request: pytest.FixtureRequest) -> Path:
    return HEX_DOCUMENTS[request.param]


@pytest.fixture(scope="session")
def reference(reference_file: Path) -> Document:
    document: Document = json.loads(reference_file.read_bytes())
    return document


def test_on_todays_document_there_is_nothing_to_do(reference: Document, registry: Registry) -> None:
    found = compare(reference, registry)

    assert found.findings == ()
    assert found.unused == ()
    assert found.clean
    assert found.operations == 52


def test_every_deviation_has_its_reason(registry: Registry) -> None:
    deviations = read_deviations()

    assert all(deviation.reason.endswith(".") for deviation in deviations)
    # What is meant is pinned to what Hex says, so that it is looked at anew when Hex says something else.
    assert all(deviation.hex != "whatever" for deviation in deviations)


def operation(document: Document, method: str, path: str) -> Any:
    return document["paths"][path][method]


def schema(document: Document, name: str) -> Any:
    return document["components"]["schemas"][name]


def reply(document: Document, method: str, path: str, status: str = "200") -> Any:
    return operation(document, method, path)["responses"][status]["content"]["application/json"]["schema"]


def run_reply(document: Document) -> Any:
    found = reply(document, "post", RUNS, "201")
    return schema(document, found["$ref"].rsplit("/", 1)[1]) if "$ref" in found else found


def body(document: Document, method: str, path: str) -> Any:
    return operation(document, method, path)["requestBody"]["content"]["application/json"]["schema"]


def parameter(document: Document, method: str, path: str, name: str) -> Any:
    return next(each for each in operation(document, method, path)["parameters"] if each["name"] == name)


def add_operation(document: Document) -> None:
    document["paths"]["/v1/projects/{projectId}/publish"] = {
        "post": {"operationId": "PublishProject", "responses": {"200": {"description": "-"}}}
    }


def drop_operation(document: Document) -> None:
    del document["paths"][f"/v1{ONE_GUIDE}"]


def rename_operation(document: Document) -> None:
    operation(document, "delete", "/v1/groups/{groupId}")["operationId"] = "RemoveGroup"


def move_operation(document: Document) -> None:
    document["paths"]["/v1/topics"] = document["paths"].pop("/v1/context/topics")


def change_method(document: Document) -> None:
    document["paths"]["/v1/guides/publish"]["put"] = document["paths"]["/v1/guides/publish"].pop("post")


def change_success(document: Document) -> None:
    responses = operation(document, "delete", "/v1/groups/{groupId}")["responses"]
    responses["200"] = responses.pop("204")


def add_query_input(document: Document) -> None:
    operation(document, "get", RUNS)["parameters"].append(
        {"name": "startedAfter", "in": "query", "required": True, "schema": {"type": "string"}}
    )


def drop_query_input(document: Document) -> None:
    parameters = operation(document, "get", RUNS)["parameters"]
    parameters.remove(parameter(document, "get", RUNS, "runTriggerFilter"))


def demand_query_input(document: Document) -> None:
    parameter(document, "get", RUNS, "statusFilter")["required"] = True


def change_page_size(document: Document) -> None:
    parameter(document, "get", "/v1/users", "limit")["schema"]["maximum"] = 1000


def change_page_size_of_a_whole_number(document: Document) -> None:
    schema(document, "PageSize")["maximum"] = 50


def add_body_input(document: Document) -> None:
    schema(document, RUN_BODY)["properties"]["computeProfile"] = {"type": "string"}


def drop_body_input(document: Document) -> None:
    del schema(document, RUN_BODY)["properties"]["viewId"]


def demand_input_of_an_optional_body(document: Document) -> None:
    schema(document, RUN_BODY)["required"] = ["inputParams"]


def retype_body_input(document: Document) -> None:
    schema(document, RUN_BODY)["properties"]["inputParams"] = {"type": "array", "items": {"type": "string"}}


def release_body_input(document: Document) -> None:
    body(document, "post", "/v1/projects")["required"] = []


def add_nested_input(document: Document) -> None:
    schema(document, "ProjectRunNotification")["properties"]["teamsChannelIds"] = {"type": "array"}


def change_nested_enum(document: Document) -> None:
    schemas = document["components"]["schemas"]
    own = schemas.get("RunNotificationType") or schemas["ProjectRunNotification"]["properties"]["type"]
    own["enum"].append("CANCELLED")


def sharing(document: Document) -> Any:
    path = "/v1/projects/{projectId}/sharing/users"
    return body(document, "patch", path)["properties"]["sharing"]["properties"]["upsert"]["properties"]["users"]


def change_list_limit(document: Document) -> None:
    sharing(document)["maxItems"] = 50


def add_to_envelope(document: Document) -> None:
    sharing(document)["items"]["properties"]["expiresAt"] = {"type": "string"}


def drop_from_envelope(document: Document) -> None:
    del sharing(document)["items"]["properties"]["access"]


def release_in_envelope(document: Document) -> None:
    sharing(document)["items"]["required"].remove("access")


def release_in_optional_envelope(document: Document) -> None:
    group = body(document, "post", "/v1/data-connections")["properties"]["sharing"]["properties"]["groups"]
    group["items"]["required"].remove("access")


def demand_envelope(document: Document) -> None:
    body(document, "post", "/v1/threads")["required"].append("attachments")


def demand_in_optional_envelope(document: Document) -> None:
    body(document, "post", "/v1/threads")["properties"]["attachments"]["required"] = ["tableIds"]


def unlimit_text(document: Document) -> None:
    del body(document, "post", "/v1/threads")["properties"]["prompt"]["minLength"]


def allow_null(document: Document) -> None:
    body(document, "post", "/v1/projects")["properties"]["description"]["nullable"] = True


def forbid_null(document: Document) -> None:
    del body(document, "patch", "/v1/projects/{projectId}")["properties"]["status"]["nullable"]


def change_input_format(document: Document) -> None:
    parameter(document, "get", RUNS, "projectId")["schema"] = {"type": "string", "format": "email"}


def change_default(document: Document) -> None:
    schema(document, "PageSize")["default"] = "50"


def add_output(document: Document) -> None:
    run_reply(document)["properties"]["queuePosition"] = {"type": "integer"}


def drop_output(document: Document) -> None:
    del run_reply(document)["properties"]["traceId"]


def rename_cursor(document: Document) -> None:
    properties = reply(document, "get", "/v1/users")["properties"]
    own = properties["pagination"]
    # A schema of its own, where several replies share one.
    properties["pagination"] = deepcopy(schema(document, "Pagination") if "$ref" in own else own)
    pagination = properties["pagination"]["properties"]
    pagination["next"] = pagination.pop("after")


def drop_envelope_of_outputs(document: Document) -> None:
    del reply(document, "get", "/v1/users")["properties"]["pagination"]


def allow_null_output(document: Document) -> None:
    run_reply(document)["properties"]["runStatusUrl"]["nullable"] = True


def leave_out_output(document: Document) -> None:
    run_reply(document)["required"].remove("runStatusUrl")


def promise_output(document: Document) -> None:
    run_reply(document)["required"].append("notifications")


def change_output_enum(document: Document) -> None:
    reply(document, "get", "/v1/threads/{id}")["properties"]["status"]["enum"].append("QUEUED")


def drop_value_of_output(document: Document) -> None:
    reply(document, "get", "/v1/threads/{id}")["properties"]["status"]["enum"].remove("ERROR")


def retype_output(document: Document) -> None:
    reply(document, "get", "/v1/threads/{id}")["properties"]["creditsUsed"]["type"] = "string"


def change_limit_that_is_meant(document: Document) -> None:
    schema(document, "ScheduleApiResource")["properties"]["hourly"]["properties"]["minute"]["maximum"] = 60


def refusals(document: Document) -> list[Any]:
    """Give the properties of every error body of one operation."""
    responses = operation(document, "delete", "/v1/groups/{groupId}")["responses"]
    found = []
    for status, told in responses.items():
        if status[0] in "45":
            own = told["content"]["application/json"]
            # A schema of its own, where several operations share one.
            own["schema"] = deepcopy(resolved(document, own["schema"]))
            found.append(own["schema"]["properties"])
    return found


def resolved(document: Document, told: Any) -> Any:
    while "$ref" in told:
        told = schema(document, told["$ref"].rsplit("/", 1)[1])
    return told


def add_to_refusals(document: Document) -> None:
    for properties in refusals(document):
        properties["retryable"] = {"type": "boolean"}


def retype_reason(document: Document) -> None:
    for properties in refusals(document):
        properties["reason"] = {"type": "object"}


def rename_reason(document: Document) -> None:
    for properties in refusals(document):
        properties.pop("message", None)
        properties.pop("reason", None)


def add_code(document: Document) -> None:
    for properties in refusals(document):
        properties["code"] = {"type": "string", "enum": ["FORBIDDEN", "PAYMENT_REQUIRED"]}


def empty_reply(document: Document) -> None:
    del operation(document, "post", "/v1/guides/publish")["responses"]["200"]["content"]


ONE_GUIDE = "/guides/draft/{orgGuideFileId}"
USERS = "hex_edit_project_sharing_users"

CHANGES: list[tuple[Change, tuple[Any, ...]]] = [
    # kind, tool, field, what, hex, here
    (add_operation, ("added", None, "", "operation", "POST /projects/{projectId}/publish", None)),
    (
        drop_operation,
        ("gone", "hex_delete_guide_draft", "", "operation", None, "DELETE /guides/draft/{orgGuideFileId}"),
    ),
    (rename_operation, ("changed", "hex_delete_group", "", "operationId", "RemoveGroup", "DeleteGroup")),
    (move_operation, ("changed", "hex_list_topics", "", "path", "/topics", "/context/topics")),
    (change_method, ("changed", "hex_publish_guide_drafts", "", "method", "PUT", "POST")),
    (change_success, ("changed", "hex_delete_group", "", "success", "200", "204")),
    (add_query_input, ("added", "hex_get_project_runs", "inputs.startedAfter", "field", "string, required", None)),
    (drop_query_input, ("gone", "hex_get_project_runs", "inputs.runTriggerFilter", "field", None, "string")),
    (demand_query_input, ("changed", "hex_get_project_runs", "inputs.statusFilter", "required", True, False)),
    (change_page_size, ("changed", "hex_list_users", "inputs.limit", "maximum", 1000, 500)),
    (add_body_input, ("added", "hex_run_project", "inputs.computeProfile", "field", "string", None)),
    (drop_body_input, ("gone", "hex_run_project", "inputs.viewId", "field", None, "string")),
    (release_body_input, ("changed", "hex_create_project", "inputs.title", "required", False, True)),
    (
        add_nested_input,
        ("added", "hex_run_project", "inputs.notifications[].teamsChannelIds", "field", "array", None),
    ),
    (change_list_limit, ("changed", USERS, "inputs.userIds", "maxLength", 50, 25)),
    (add_to_envelope, ("added", USERS, "inputs.sharing.upsert.users[].expiresAt", "field", "string", None)),
    (drop_from_envelope, ("gone", USERS, "inputs.access", "field", None, "string")),
    (release_in_envelope, ("changed", USERS, "inputs.access", "required", False, True)),
    (
        release_in_optional_envelope,
        ("changed", "hex_create_data_connection", "inputs.groupAccess", "required", False, True),
    ),
    (demand_envelope, ("changed", "hex_create_thread", "inputs.attachments", "required", True, False)),
    (
        demand_in_optional_envelope,
        ("changed", "hex_create_thread", "inputs.attachmentTableIds", "required", True, False),
    ),
    (unlimit_text, ("changed", "hex_create_thread", "inputs.prompt", "minLength", None, 1)),
    (allow_null, ("changed", "hex_create_project", "inputs.description", "nullable", True, False)),
    (forbid_null, ("changed", "hex_update_project", "inputs.status", "nullable", False, True)),
    (change_input_format, ("changed", "hex_get_project_runs", "inputs.projectId", "format", "email", "uuid")),
    (leave_out_output, ("changed", "hex_run_project", "outputs.runStatusUrl", "nullable", True, False)),
    (allow_null_output, ("changed", "hex_run_project", "outputs.runStatusUrl", "nullable", True, False)),
    (promise_output, ("changed", "hex_run_project", "outputs.notifications", "nullable", False, True)),
    (add_output, ("added", "hex_run_project", "outputs.queuePosition", "field", "integer", None)),
    (drop_output, ("gone", "hex_run_project", "outputs.traceId", "field", None, "string")),
    (
        change_output_enum,
        ("changed", "hex_get_thread", "outputs.status", "enum", "ERROR, IDLE, QUEUED, RUNNING", "ERROR, IDLE, RUNNING"),
    ),
    (
        drop_value_of_output,
        ("changed", "hex_get_thread", "outputs.status", "enum", "IDLE, RUNNING", "ERROR, IDLE, RUNNING"),
    ),
    (retype_output, ("changed", "hex_get_thread", "outputs.creditsUsed", "type", "string", "number")),
    (add_to_refusals, ("added", None, "errors.retryable", "field", "boolean", None)),
    (retype_reason, ("changed", None, "errors.reason", "type", "object", "string")),
    (rename_reason, ("gone", None, "errors.reason", "field", None, "string")),
    (add_code, ("changed", None, "errors.code", "enum", "FORBIDDEN, PAYMENT_REQUIRED", ", ".join(sorted(CODES)))),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_a_change_in_hex_is_found_and_nothing_else(
    reference: Document, registry: Registry, change: Change, expected: tuple[Any, ...]
) -> None:
    document = deepcopy(reference)
    change(document)

    found = compare(document, registry)

    assert [told(finding) for finding in found.findings] == [expected]
    assert not found.clean


def told(finding: Finding) -> tuple[Any, ...]:
    return (finding.kind, finding.tool, finding.field, finding.what, finding.hex, finding.here)


SEVERAL: list[tuple[Change, set[tuple[Any, ...]]]] = [
    (
        demand_input_of_an_optional_body,
        {
            ("changed", "hex_run_notebook", "inputs.inputParamsJson", "required", True, False),
            ("changed", "hex_run_project", "inputs.inputParams", "required", True, False),
        },
    ),
    (
        retype_body_input,
        {
            ("changed", "hex_run_notebook", "inputs.inputParamsJson", "type", "array", "object"),
            ("changed", "hex_run_project", "inputs.inputParams", "type", "array", "object"),
        },
    ),
    (
        rename_cursor,
        {
            ("added", "hex_list_users", "outputs.pagination.next", "field", "string, nullable", None),
            ("gone", "hex_list_users", "outputs.after", "field", None, "string"),
        },
    ),
    (
        drop_envelope_of_outputs,
        {
            ("gone", "hex_list_users", "outputs.after", "field", None, "string"),
            ("gone", "hex_list_users", "outputs.before", "field", None, "string"),
        },
    ),
    (
        empty_reply,
        {
            ("gone", "hex_publish_guide_drafts", f"outputs.{name}", "field", None, type_)
            for name, type_ in (("message", "string"), ("publishedGuides", "array"), ("traceId", "string"))
        },
    ),
]


@pytest.mark.parametrize(("change", "expected"), SEVERAL, ids=[change.__name__ for change, _ in SEVERAL])
def test_a_change_that_shows_in_several_places_is_found_in_each(
    reference: Document, registry: Registry, change: Change, expected: set[tuple[Any, ...]]
) -> None:
    document = deepcopy(reference)
    change(document)

    assert {told(finding) for finding in compare(document, registry).findings} == expected


@pytest.mark.parametrize(
    ("change", "tools", "field", "what"),
    [
        (change_page_size_of_a_whole_number, {"hex_list_projects", "hex_get_project_runs"}, "inputs.limit", "maximum"),
        (change_default, {"hex_list_projects", "hex_get_project_runs"}, "inputs.limit", "default"),
        (change_nested_enum, {"hex_run_project"}, "inputs.notifications[].type", "enum"),
        (
            change_limit_that_is_meant,
            {"hex_get_project", "hex_create_project", "hex_list_projects"},
            "minute",
            "maximum",
        ),
    ],
)
def test_a_change_in_a_shared_schema_is_found_in_the_tools_that_have_it(
    reference: Document, registry: Registry, change: Change, tools: set[str], field: str, what: str
) -> None:
    document = deepcopy(reference)
    change(document)

    findings = compare(document, registry).findings

    named = {str(each.tool) for each in findings if each.what == what and each.field.endswith(field)}
    assert {finding.what for finding in findings} == {what}
    assert named & tools


def test_a_name_in_a_path_and_a_version_before_it_are_no_change(reference: Document, registry: Registry) -> None:
    document = deepcopy(reference)
    document["paths"] = {f"/api{path}": methods for path, methods in document["paths"].items()}

    assert compare(document, registry).clean


def test_what_hex_describes_differently_is_no_change(reference: Document, registry: Registry) -> None:
    document = deepcopy(reference)
    operation(document, "get", RUNS)["summary"] = "Another one"
    schema(document, "PageSize")["description"] = "Another one"
    operation(document, "get", RUNS)["responses"]["429"] = {"description": "Too many"}

    assert compare(document, registry).clean


def test_a_deviation_excuses_only_what_it_names(reference: Document, registry: Registry) -> None:
    document = deepcopy(reference)
    change_page_size(document)
    reason = "For the test."
    meant = Deviation("maximum", ("hex_list_*",), ("inputs.limit",), reason, hex=1000)
    other = Deviation("maximum", ("hex_list_*",), ("inputs.limit",), reason, hex=2000)

    assert compare(document, registry, [*read_deviations(), meant]).clean
    drifted = compare(document, registry, [*read_deviations(), other])
    assert len(drifted.findings) == 1
    assert drifted.unused == ("maximum: hex_list_*", "maximum: inputs.limit")


def test_a_deviation_that_nothing_calls_for_any_more_is_told(reference: Document, registry: Registry) -> None:
    document = deepcopy(reference)
    del schema(document, RUN_BODY)["properties"]["updateCache"]

    drifted = compare(document, registry)

    assert drifted.findings == ()
    assert drifted.unused == ("field: hex_run_project", "field: inputs.updateCache")
    assert not drifted.clean


@pytest.mark.parametrize(
    "document", [None, [], {}, {"openapi": "3.0.3"}, {"swagger": "2.0", "paths": {}}, {"openapi": 3, "paths": {}}]
)
def test_what_is_no_openapi_document_is_refused(registry: Registry, document: Any) -> None:
    with pytest.raises(NotOpenApiError):
        compare(document, registry)


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [1], {"a": 1}, {"$ref": "#/nowhere"}, {"$ref": "#/paths"}])
def test_a_document_that_is_broken_inside_is_read_as_far_as_it_goes(junk: Any) -> None:
    paths = {
        "/v1/a": junk,
        "/v1/b": {"get": junk},
        "/v1/c": {"get": {"parameters": junk, "requestBody": junk, "responses": junk}},
        "/v1/d": {"get": {"parameters": [junk], "responses": {"200": junk, "2XX": junk}}},
        "/v1/e": {"post": {"requestBody": {"content": {"application/json": {"schema": junk}}}}},
        "/v1/f": {"post": {"requestBody": {"content": {"x/json": {"schema": {"type": junk, "properties": junk}}}}}},
        "/v1/g": {"post": {"requestBody": {"content": {"a/json": {"schema": {"allOf": junk, "enum": junk}}}}}},
        "/v1/h": {"post": {"requestBody": {"content": {"a/json": {"schema": {"type": "array", "items": junk}}}}}},
    }

    assert read_operations({"openapi": "3.0.3", "paths": paths})


def test_a_schema_that_holds_itself_is_read() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/v1/a": {"get": {"operationId": "A", "responses": {"200": {"content": content}}}}},
        "components": {"schemas": {"T": tree}},
    }

    operations = read_operations(document)

    assert operations["A"].reply is not None
    assert list(operations["A"].reply.fields) == ["children"]


def test_the_command_says_that_there_is_nothing_to_do(here: Run, reference_file: Path) -> None:
    finished = here("drift", str(reference_file))

    assert finished.returncode == 0
    assert finished.stdout.startswith("Nothing to do")


@pytest.fixture
def drifted_file(reference: Document, tmp_path: Path) -> Path:
    document = deepcopy(reference)
    change_page_size(document)
    add_operation(document)
    drop_output(document)
    path = tmp_path / "drifted.json"
    path.write_text(json.dumps(document))
    return path


def test_the_command_names_each_change_and_ends_with_1(here: Run, drifted_file: Path) -> None:
    finished = here("drift", str(drifted_file))

    assert finished.returncode == 1
    assert finished.stdout.splitlines() == [
        "PublishProject: new in Hex: POST /projects/{projectId}/publish",
        "hex_list_users inputs.limit: maximum is 1000 in Hex, 500 here",
        "hex_run_project outputs.traceId: gone from Hex: string",
        "3 things to do",
    ]


def test_the_command_tells_programs_in_json(here: Run, drifted_file: Path) -> None:
    finished = here("drift", str(drifted_file), "--json")

    document = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert (document["clean"], document["operations"], document["unusedDeviations"]) == (False, 53, [])
    assert document["findings"][1] == {
        "kind": "changed",
        "tool": "hex_list_users",
        "operation": "ListUsers",
        "field": "inputs.limit",
        "what": "maximum",
        "hex": 1000,
        "here": 500,
        "wire": "query.limit",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("openapi: 3.0.3", "is not JSON"), ("{}", "is not an OpenAPI 3 document")],
)
def test_a_file_that_cannot_be_used_is_wrong_use(here: Run, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "document.json"
    file.write_text(content)

    finished = here("drift", str(file))

    assert (finished.returncode, finished.stdout) == (2, "")
    assert said in finished.stderr


@pytest.mark.parametrize("source", ["nowhere.json", ".", "http://127.0.0.1:1/a.json", "ftp://127.0.0.1/a", "https://"])
def test_a_source_that_cannot_be_read_is_wrong_use(here: Run, source: str) -> None:
    finished = here("drift", source)

    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr


@pytest.fixture
def secure_server(tmp_path: Path) -> Iterator[tuple[HTTPServer, dict[str, str]]]:
    """An https server of our own, and the environment in which it is trusted."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here, so no certificate can be made")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    line += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(line, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HTTPServer(host="localhost", ssl_context=context) as server:
        yield server, {"REQUESTS_CA_BUNDLE": str(certificate), "HEX_API_TOKEN": "hxtp_secret"}


def test_a_document_is_fetched_over_https_without_the_token(
    here: Run, secure_server: tuple[HTTPServer, dict[str, str]], reference: Document
) -> None:
    server, environment = secure_server
    server.expect_request("/old.json").respond_with_response(Response(status=302, headers={"Location": "/new.json"}))
    server.expect_request("/new.json").respond_with_json(reference)

    finished = here("drift", server.url_for("/old.json"), env=environment)

    assert (finished.returncode, finished.stderr) == (0, "")
    assert [request.path for request, _ in server.log] == ["/old.json", "/new.json"]
    assert all("Authorization" not in request.headers for request, _ in server.log)


def test_a_redirect_to_plain_http_is_not_followed(here: Run, secure_server: tuple[HTTPServer, dict[str, str]]) -> None:
    server, environment = secure_server
    elsewhere = Response(status=302, headers={"Location": "http://localhost:1/a.json"})
    server.expect_request("/a.json").respond_with_response(elsewhere)

    finished = here("drift", server.url_for("/a.json"), env=environment)

    assert finished.returncode == 2
    assert "only https" in finished.stderr


def test_redirects_that_never_end_are_given_up(here: Run, secure_server: tuple[HTTPServer, dict[str, str]]) -> None:
    server, environment = secure_server
    server.expect_request("/a.json").respond_with_response(Response(status=302, headers={"Location": "/a.json"}))

    finished = here("drift", server.url_for("/a.json"), env=environment)

    assert finished.returncode == 2
    assert len(server.log) == 6
