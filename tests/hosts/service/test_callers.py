"""Who may call: tokens, the secret, names and origins; and that nobody sees what is another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks import Connection
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import KEY, SECRET, Client, until
from tests.postgres import connected

REPORT = {"projectId": REVENUE_REPORT}


def test_a_callers_own_token_is_used(here):
    client = here()

    ada = client.post("/v1/tools/hex_get_current_user").json()
    eli = client.with_token(TOKENS.editor).post("/v1/tools/hex_get_current_user").json()

    assert ada["email"] != eli["email"]


@pytest.mark.parametrize(
    ("authorization", "key"),
    [
        (None, "bearer_missing"),
        ("Bearer wrong", "bearer_refused"),
        (f"Basic {SECRET}", "bearer_refused"),
        ("Bearer", "bearer_refused"),
        (f"Bearer {SECRET} more", "bearer_refused"),
        ("Bearer ä", "bearer_refused"),
    ],
)
def test_a_secret_is_asked_for(authorization, key, here):
    client = here(secret=SECRET)
    headers = {"Authorization": authorization.encode("latin-1")} if authorization else {}

    answer = client.post("/v1/tools/hex_get_current_user", headers=headers)

    assert (answer.status_code, answer.json()["key"]) == (401, key)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_with_the_secret_the_servers_token_is_used_and_a_token_goes_without(here):
    client = here(secret=SECRET)

    assert client.with_token(SECRET).post("/v1/tools/hex_get_current_user").status_code == 200
    assert client.with_token(TOKENS.editor).post("/v1/tools/hex_get_current_user").status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/tools", "/v1/tools/hex_ask", "/v1/jobs", "/v1/hooks", "/v1/hooks/samples", "/v1/jobs/x/events"]
)
def test_everything_asks_for_it(path, here):
    assert here(secret=SECRET).get(path).status_code == 401


def test_a_token_that_hex_refuses_is_the_callers_own_fault_or_the_servers(here, fast):
    client = here()
    expired = Connection(TOKENS.expired, fast.base_url, allowed_hosts=(fast.origin,), pinned=True)

    theirs = client.with_token(TOKENS.expired).post("/v1/tools/hex_get_current_user")
    ours = here(connection=expired).post("/v1/tools/hex_get_current_user")

    assert (theirs.status_code, theirs.json()["key"]) == (401, "token_refused")
    assert (ours.status_code, ours.json()["key"]) == (503, "token_refused")
    assert "www-authenticate" in theirs.headers
    assert "www-authenticate" not in ours.headers


def test_a_server_without_a_token_serves_those_who_bring_one(here):
    client = here(has_token=False)

    assert client.post("/v1/tools/hex_get_current_user").json()["key"] == "server_without_token"
    assert client.with_token(TOKENS.personal).post("/v1/tools/hex_get_current_user").status_code == 200


def test_jobs_and_hooks_are_their_callers_alone(here):
    client = here(loopback_hooks=True)
    ada, eli = client.with_token(TOKENS.personal), client.with_token(TOKENS.editor)
    job = ada.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}}).json()
    hook = ada.post("/v1/hooks", {"targetUrl": "http://127.0.0.1:9/", "events": ["job.failed"]}).json()

    for other in (eli, client):
        assert other.get(f"/v1/jobs/{job['jobId']}").status_code == 404
        assert other.get(f"/v1/jobs/{job['jobId']}/events").status_code == 404
        assert other.ask("DELETE", f"/v1/jobs/{job['jobId']}").status_code == 404
        assert other.get("/v1/jobs").json() == {"jobs": []}
        assert other.get(f"/v1/hooks/{hook['id']}").status_code == 404
        assert other.get(f"/v1/hooks/{hook['id']}/deliveries").status_code == 404
        assert other.ask("DELETE", f"/v1/hooks/{hook['id']}").status_code == 404
        assert other.get("/v1/hooks").json() == {"hooks": []}
    assert ada.get(f"/v1/jobs/{job['jobId']}").status_code == 200
    assert ada.get(f"/v1/hooks/{hook['id']}").status_code == 200


def test_keys_of_callers_do_not_meet(here):
    client = here()
    header = {"Idempotency-Key": "daily"}

    runs = [
        client.with_token(token).call("hex_run_project", REPORT, headers=header).json()["runId"]
        for token in (TOKENS.personal, TOKENS.workspace, TOKENS.personal)
    ]

    assert runs[0] == runs[2] != runs[1]


def test_a_foreign_name_and_a_foreign_page_are_refused(here):
    client = here(allowed_hosts=("hex.example.com",))

    def status(**headers: str) -> int:
        return int(client.get("/v1/tools", headers=headers).status_code)

    assert status(Host="hex.example.com") == 200
    assert status(Host="evil.example") == 421
    assert status(Origin="https://hex.example.com") == 200
    assert status(Origin="https://evil.example") == 403
    assert status(Origin="null") == 403


def test_pages_of_an_allowed_origin_may_call(here):
    client = here(origins=("https://app.example.com",))
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}

    before = client.ask("OPTIONS", "/v1/tools/hex_ask", headers=asked)
    then = client.get("/v1/tools", headers={"Origin": "https://app.example.com"})
    other = client.get("/v1/tools", headers={"Origin": "https://app.example.com.evil.example"})

    assert before.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "idempotency-key" in before.headers["access-control-allow-headers"].lower()
    assert "location" in then.headers["access-control-expose-headers"].lower()
    assert other.status_code == 403


def all_that_is_kept(place: str | None, folder: Path) -> bytes:
    """Give what stands in the files of a service, and in its server."""
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    if place is None:
        return kept
    with connected(place) as server:
        rows = [server.execute(f"SELECT * FROM hex_blocks.{name}".encode()).fetchall() for name in TABLES]
    assert any(rows)
    # Bytes too, as they are.
    return kept + repr(rows).encode()


NOWHERE = "00000000-0000-4000-8000-000000000000"
TABLES = ("settings", "jobs", "events", "hooks", "deliveries")


def test_no_token_is_kept_shown_or_told(here, tmp_path, caplog, place, httpserver: HTTPServer):
    """A marked token of a caller is searched in all that a service keeps, shows, logs, counts and sends."""
    client = here(key=KEY, loopback_hooks=True, secret=SECRET)
    caller = client.with_token(TOKENS.workspace)
    httpserver.expect_request("/hook").respond_with_data(status=204)
    hook = {"targetUrl": httpserver.url_for("/hook").replace("localhost", "127.0.0.1"), "events": ["job.failed"]}
    with caplog.at_level("DEBUG"), requests.Session() as browser:
        answers = [
            caller.post("/v1/hooks", hook),
            caller.post("/v1/jobs", {"tool": "hex_get_project", "inputs": {"projectId": TOKENS.workspace}}),
            caller.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}}),
            caller.call("hex_get_run_status", {"projectId": REVENUE_REPORT, "runId": NOWHERE}),
            caller.get("/v1/nothing"),
            caller.get(f"/v1/jobs/{TOKENS.workspace}"),
        ]
        failed = {"tool": "hex_get_run_status", "inputs": {"projectId": REVENUE_REPORT, "runId": NOWHERE}}
        assert caller.job(caller.post("/v1/jobs", failed))["status"] == "failed"
        until(lambda: httpserver.log)
        browser.trust_env = False
        browser.post(f"{client.url}/sign-in", data={"token": TOKENS.workspace}, timeout=30)
        pages = ["/", "/jobs", "/tools/hex_run_project", *(f"/jobs/{each['jobId']}" for each in listed(caller))]
        answers += [browser.get(client.url + path, timeout=30) for path in pages]
        answers.append(client.with_token(SECRET).get("/metrics"))

    told = "".join(f"{answer.text}{answer.headers}{answer.url}" for answer in answers[:5] + answers[6:])
    sent = "".join(f"{request.headers}{request.get_data(as_text=True)}" for request, _ in httpserver.log)
    # The client of the test logs the addresses that it asks for.
    logged = "".join(each.getMessage() for each in caplog.records if not each.name.startswith("urllib3"))
    assert TOKENS.workspace not in told + answers[5].text + sent + logged
    assert TOKENS.workspace.encode() not in all_that_is_kept(place, tmp_path)
    assert SECRET not in told + sent + logged


def listed(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/jobs").json()["jobs"]
    return found


def test_no_token_is_written_down_or_logged(here, tmp_path, caplog):
    client = here(key=KEY, loopback_hooks=True)
    caller = client.with_token(TOKENS.workspace)
    with caplog.at_level("DEBUG"):
        caller.post("/v1/jobs", {"tool": "hex_run_and_wait", "inputs": REPORT})
        caller.post(
            "/v1/hooks",
            {"url": "http://127.0.0.1:9/", "events": ["run.completed"], "filter": {"projectIds": [REVENUE_REPORT]}},
        )
        caller.call("hex_find_project", {"query": TOKENS.workspace, "apiKey": TOKENS.workspace})

    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if TOKENS.workspace.encode() in file.read_bytes()]
    assert TOKENS.workspace not in caplog.text
    assert TOKENS.workspace not in client.get("/metrics").text
