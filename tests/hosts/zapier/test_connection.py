"""The connection: its test and its label, where a token may go, and what Zapier is told of failures."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.request_limits import EVERY_REQUEST
from tests.hosts.driven import REPORT, connect
from tests.hosts.zapier.conftest import Failed, Zapier

RUN = {"projectId": REPORT, "runId": REPORT}


def owner_of(zapier: Zapier) -> tuple[dict[str, Any], str]:
    found = zapier.run("authentication.test")
    return found, zapier.run("authentication.connectionLabel", found)


def test_a_connection_is_tested_and_named_by_its_owner(zapier: Zapier, sandbox: Sandbox) -> None:
    found, label = owner_of(zapier)

    assert found["ok"] is True
    assert label == f"{found['user']['email']} · {sandbox.origin.removeprefix('http://')}"


def test_a_workspace_token_is_named_as_one(zapier: Zapier, sandbox: Sandbox) -> None:
    sandbox.world.workspace_me_fails = True
    connect(zapier, sandbox, token=TOKENS.workspace)

    assert owner_of(zapier)[1] == f"Workspace token · {sandbox.origin.removeprefix('http://')}"


@pytest.mark.parametrize("token", ["hxtp_nobody_at_all_0123456789", "", None, "two words", "tökén"])
def test_a_token_that_cannot_be_used_asks_to_reconnect(token: str | None, zapier: Zapier) -> None:
    zapier.auth["apiKey"] = token

    for method in ("authentication.test", "triggers.run_finished.operation.perform"):
        with pytest.raises(Failed) as caught:
            zapier.run(method, {"projectIds": [REPORT]})
        assert caught.value.name == "ExpiredAuthError"
        assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ({"region": "mars"}, "region_unknown"),
        ({"region": "custom", "baseUrl": ""}, "base_url_missing"),
        ({"region": "custom", "baseUrl": None}, "base_url_missing"),
        ({"baseUrl": "https://hex.tech.example.com"}, "host_not_allowed"),
        ({"baseUrl": "http://app.hex.tech"}, "host_not_allowed"),
        ({"baseUrl": "http://127.0.0.1:1"}, "host_not_allowed"),
        ({"region": "", "baseUrl": "https://user:pass@app.hex.tech"}, "bad_base_url"),
    ],
)
def test_a_token_goes_nowhere_else(place: dict[str, Any], key: str, zapier: Zapier) -> None:
    zapier.auth |= place

    with pytest.raises(Failed) as caught:
        zapier.run("authentication.test")

    assert caught.value.said["code"] == key


def test_a_base_url_may_be_whole_or_bare(zapier: Zapier, sandbox: Sandbox) -> None:
    for base in (sandbox.origin, f"{sandbox.origin}/api", f" {sandbox.base_url}/ "):
        zapier.auth["baseUrl"] = base
        assert zapier.run("authentication.test")["ok"] is True


def test_a_spent_limit_is_tried_again_by_zapier(tester: Zapier) -> None:
    with Sandbox(limits={EVERY_REQUEST: ((1, 3600),)}) as sandbox:
        connect(tester, sandbox, token=TOKENS.editor)
        tester.search("find_run", RUN)
        with pytest.raises(Failed) as caught:
            tester.search("find_run", RUN)

    assert caught.value.name == "ThrottledError"
    assert caught.value.said["delay"] >= 1
    assert caught.value.said["message"].endswith("[rate_limited]")


def test_a_failure_has_sentence_hint_page_and_key(zapier: Zapier, sandbox: Sandbox) -> None:
    draft = sandbox.world.project("Endless simulation").id
    run = zapier.create("run_project", {"projectId": draft})
    zapier.create("cancel_run", {"projectId": draft, "runId": run["runId"]})

    with pytest.raises(Failed) as caught:
        zapier.search("get_run_results", {"projectId": draft, "runId": run["runId"]})

    said = caught.value.said["message"]
    assert run["runUrl"] in said
    assert said.endswith("[run_killed]")
    assert TOKENS.personal not in str(caught.value)
