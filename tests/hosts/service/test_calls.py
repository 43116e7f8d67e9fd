"""Calls over HTTP: outputs, problems, languages, bounds, keys."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import OPEN, Client

REPORT = {"projectId": REVENUE_REPORT}


@pytest.fixture
def client(here) -> Client:
    made: Client = here()
    return made


def problem(answer: Any) -> dict[str, Any]:
    """Give a problem, having looked at what every problem has."""
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:hex-blocks:problem:{told['key']}"
    assert told["title"]
    assert told["detail"]
    assert told["instance"].startswith("/")
    return told


def test_a_tool_answers_with_its_outputs(client):
    answer = client.call("hex_find_project", {"query": "Revenue report"})

    assert answer.status_code == 200
    assert answer.json()["matches"][0]["id"] == REVENUE_REPORT
    assert answer.headers["cache-control"] == "no-store"


def test_a_tool_is_called_by_its_short_name_and_without_a_body(client):
    assert client.post("/v1/tools/get_current_user").json()["email"].endswith("@sandbox.example")


def test_a_run_is_waited_for(client):
    answer = client.call("hex_run_and_wait", REPORT)

    assert answer.status_code == 200
    assert answer.json()["status"] == "COMPLETED"


def test_tools_are_listed_with_where_they_are_called(client):
    tools = client.get("/v1/tools?group=runs").json()["tools"]
    found = client.get("/v1/tools?q=who+owns+a+project").json()["tools"]

    assert {tool["group"] for tool in tools} == {"runs"}
    assert all(client.get(urlsplit(tool["url"]).path).status_code == 200 for tool in tools[:3])
    assert "hex_find_project" in [tool["id"] for tool in found]


def test_a_tool_tells_its_inputs_without_those_of_the_connection(client):
    told = client.get("/v1/tools/hex_run_notebook").json()

    assert not {"apiKey", "baseUrl"} & set(told["inputSchema"]["properties"])
    assert not {"apiKey", "baseUrl"} & set(told["examples"][0]["inputs"])


def test_wrong_inputs_are_told_one_by_one_with_where_they_are(client):
    answer = client.call("hex_run_project", {"projectId": "x", "dryRun": "perhaps", "notifications": [{"type": "NO"}]})

    told = problem(answer)
    assert answer.status_code == 422
    assert {"/projectId", "/dryRun", "/notifications/0/type"} <= {each["pointer"] for each in told["errors"]}


def test_a_problem_is_in_the_callers_language(client):
    german = client.call("hex_run_project", {}, headers={"Accept-Language": "fr;q=0.2, de-AT, en;q=0.5"})
    unknown = client.call("hex_run_project", {}, headers={"Accept-Language": "tlh"})

    assert german.headers["content-language"] == "de"
    assert "erforderlich" in problem(german)["detail"]
    assert unknown.headers["content-language"] == "en"
    assert "Accept-Language" in german.headers["vary"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "key"),
    [
        ("{", "application/json", 400, "not_json"),
        ("[]", "application/json", 400, "not_an_object"),
        ('{"a": NaN}', "application/json", 400, "not_json"),
        ('{"a": ' * 5000 + "1" + "}" * 5000, "application/json", 400, "not_json"),
        ("\xff", "application/json", 400, "not_json"),
        ("query=x", "application/x-www-form-urlencoded", 415, "wrong_type"),
        ("{}", "text/plain", 415, "wrong_type"),
        ("{}", "", 415, "wrong_type"),
        (" " * 5_000_000, "application/json", 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read(body, kind, status, key, client):
    answer = client.ask(
        "POST", "/v1/tools/hex_find_project", data=body.encode("latin-1"), headers={"Content-Type": kind}
    )

    assert (answer.status_code, problem(answer)["key"]) == (status, key)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": NaN}', "The body is not JSON: NaN is not JSON."),
        (b"[" * 200_000, "The body is not JSON: it is nested too deeply."),
        (b'"\xff\xfe"', "The body is not JSON: it is not in UTF-8."),
        (b'{"a', "The body is not JSON: Unterminated string starting, line 1, column 2."),
    ],
)
def test_a_body_that_is_not_json_is_refused_in_words(body, said, client):
    answer = client.ask("POST", "/v1/tools/hex_find_project", data=body, headers={"Content-Type": "application/json"})

    assert problem(answer)["detail"] == said


def test_a_body_without_a_length_is_bounded_too(client):
    pieces = (b" " * 100_000 for _ in range(100))

    answer = client.ask("POST", "/v1/tools/hex_find_project", data=pieces, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status", "key"),
    [
        ("POST", "/v1/tools/hex_find_projekt", 404, "unknown_tool"),
        ("GET", "/v1/tools/nothing", 404, "unknown_tool"),
        ("GET", "/v1/nothing", 404, "no_such_page"),
        ("PUT", "/v1/jobs", 405, "no_such_method"),
        ("GET", "/v1/jobs/nothing", 404, "no_such_job"),
        ("GET", "/v1/tools?group=nothing", 400, "bad_query"),
        ("GET", "/v1/jobs?limit=0", 400, "bad_query"),
        ("GET", "/v1/jobs?status=gone", 400, "bad_query"),
        ("GET", "/openapi.json?version=4", 400, "bad_query"),
        ("GET", "/openapi.json?host=nothing", 400, "bad_query"),
        ("GET", "/openapi.json?host=gpt&tools=all", 400, "bad_query"),
        ("GET", "/openapi.json?tools=nothing", 400, "bad_query"),
    ],
)
def test_what_is_not_there_is_a_problem_too(method, path, status, key, client):
    answer = client.ask(method, path)

    assert (answer.status_code, problem(answer)["key"]) == (status, key)


def test_a_problem_says_where_as_a_reference(client):
    assert problem(client.get("/v1/jobs/%C2%97 %22"))["instance"] == "/v1/jobs/%C2%97%20%22"
    assert TOKENS.editor not in client.get(f"/v1/jobs/{TOKENS.editor}").text


def test_a_wrong_method_is_told_the_right_ones(client):
    assert client.ask("PUT", "/v1/jobs").headers["allow"] == "GET, HEAD, POST"
    assert client.ask("PUT", "/v1/tools/hex_ask").headers["allow"] == "GET, HEAD, POST"
    assert client.ask("POST", "/v1/jobs/x").headers["allow"] == "DELETE, GET, HEAD"


def test_a_method_of_another_address_is_not_told(client):
    answer = client.ask("PUT", "/v1/hooks/samples")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("inputs", [{"apiKey": TOKENS.editor}, {"baseUrl": "https://app.hex.tech"}])
def test_a_token_and_a_base_url_are_not_inputs_here(inputs, client):
    answer = client.call("hex_find_project", {"query": "x", **inputs})

    assert answer.status_code == 422
    assert "hxtp_" not in answer.text


def test_a_file_of_the_server_cannot_be_named(client):
    answer = client.call("hex_ingest_semantic_project", {"semanticProjectId": REVENUE_REPORT, "path": "/etc/passwd"})

    assert answer.status_code == 422
    assert "/path" in {each["pointer"] for each in problem(answer)["errors"]}


def test_what_hex_refuses_has_hexs_trace_id(client):
    answer = client.call("hex_get_project", {"projectId": "00000000-0000-4000-8000-000000000000"})

    assert answer.status_code == 404
    assert problem(answer)["traceId"]
    assert problem(answer)["hint"]


def test_a_run_that_fails_is_a_problem_with_its_run(fast: Sandbox, client):
    failing = fast.world.project("Broken import").id

    answer = client.call("hex_run_and_wait", {"projectId": failing})

    told = problem(answer)
    assert (answer.status_code, told["key"]) == (502, "run_errored")
    assert told["values"]["runId"]


def test_half_a_surrogate_pair_comes_back_as_it_came(client):
    answer = client.ask(
        "POST",
        "/v1/tools/hex_find_project",
        data=b'{"query": "x", "\\ud83d": 1}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422


def test_a_call_with_a_key_is_made_once(client, fast: Sandbox):
    header = {"Idempotency-Key": "monday"}

    first = client.call("hex_run_project", REPORT, headers=header)
    again = client.call("hex_run_project", REPORT, headers=header)

    assert first.status_code == again.status_code == 200
    assert again.json()["runId"] == first.json()["runId"]
    assert again.headers["idempotency-replayed"] == "true"
    assert sum(request.operation_id == "RunProject" for request in fast.requests) == 1


def test_a_write_that_knows_no_key_is_made_once_too(client):
    body = {"name": "Reports of the tests"}
    header = {"Idempotency-Key": '"a"'}

    first = client.call("hex_create_collection", body, headers=header)
    again = client.call("hex_create_collection", body, headers={"Idempotency-Key": "a"})

    assert first.status_code == 200, first.text
    assert again.json() == first.json()


def test_a_key_is_for_one_call(client):
    header = {"Idempotency-Key": "tuesday"}
    client.call("hex_run_project", REPORT, headers=header)

    other = client.call("hex_run_project", {**REPORT, "dryRun": True}, headers=header)

    assert (other.status_code, problem(other)["key"]) == (422, "key_of_other_call")


def test_a_key_whose_call_was_refused_can_be_used_again(client):
    header = {"Idempotency-Key": "wednesday"}
    missing = "00000000-0000-4000-8000-000000000000"

    refused = [client.call("hex_get_project", {"projectId": missing}, headers=header) for _ in range(2)]
    wrong = client.call("hex_get_project", {"projectId": "x"}, headers=header)

    assert [answer.status_code for answer in refused] == [404, 404]
    assert wrong.status_code == 422


@pytest.mark.parametrize("key", ["", '""', "ä", "x" * 256])
def test_a_key_has_a_form(key, client):
    answer = client.call("hex_find_project", {"query": "x"}, headers={"Idempotency-Key": key.encode()})

    assert (answer.status_code, problem(answer)["key"]) == (400, "bad_key")


def test_the_first_call_with_a_key_is_not_joined_by_a_second(client):
    """Read by hand, since the first has to be open while the second comes."""
    host = urlsplit(client.url)
    body = json.dumps(REPORT).encode()
    head = (
        f"POST /v1/tools/hex_run_and_wait HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nIdempotency-Key: thursday\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.hostname, host.port)) as first:
        first.sendall(head.encode() + body)
        while not client.get("/v1/jobs").json()["jobs"]:
            pass
        second = client.call("hex_run_and_wait", REPORT, headers={"Idempotency-Key": "thursday"})
        reply = b""
        while chunk := first.recv(65536):
            reply += chunk

    assert (second.status_code, problem(second)["key"]) == (409, "key_in_use")
    assert problem(second)["statusUrl"] == second.headers["location"]
    assert b"200 OK" in reply
    done = client.get(urlsplit(second.headers["location"]).path).json()
    assert done["status"] not in OPEN


def test_the_document_names_where_it_was_asked_for(client, here):
    proxied = here(public_url="https://hex.example.com/blocks")

    assert client.get("/openapi.json").json()["servers"] == [{"url": client.url}]
    assert proxied.get("/openapi.json?version=2.0").json()["host"] == "hex.example.com"
    assert proxied.get("/openapi.json?host=dify&tools=runs").json()["servers"][0]["url"].endswith("/blocks")
    assert "Projekt" in client.get("/openapi.json?language=de&tools=hex_run_project").text


def test_every_address_of_the_document_is_there(client):
    made = client.get("/openapi.json").json()

    for path, item in made["paths"].items():
        for method in item:
            filled = path.replace("{", "").replace("}", "")
            answer = client.ask(method.upper(), filled, {} if method == "post" else None)
            assert answer.status_code != 405, path
            assert not (answer.status_code == 404 and answer.json().get("key") == "no_such_page"), path
            told = item[method]["responses"]
            assert str(answer.status_code) in told, (path, answer.status_code)
