"""Triggers: each run that ends once, by looking and by a service, and new projects."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hex_blocks import Connection
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import our_tools
from tests.hosts.driven import REPORT, begin
from tests.hosts.zapier.conftest import Failed, Zapier

Json = Any
ENDS = ["COMPLETED", "ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"]
SECRET = "a-secret-of-the-tests-0123456789"


class Zap:
    """A Zap that is switched on: Zapier starts it for what a poll gives and has not been seen before."""

    def __init__(self, zapier: Zapier, key: str = "run_finished", **inputs: Json) -> None:
        self.zapier = zapier
        self.key = key
        self.inputs = {"projectIds": [REPORT], **inputs}
        self.seen = {each["id"] for each in self._poll()}

    def _poll(self) -> list[Json]:
        found: list[Json] = self.zapier.poll(self.key, self.inputs)
        assert len({each["id"] for each in found}) == len(found)
        return found

    def starts(self) -> list[str]:
        """Poll, and give the IDs that it is started for, newest first."""
        new = [each["id"] for each in self._poll() if each["id"] not in self.seen]
        self.seen.update(new)
        return new


def test_a_hundred_polls_tell_each_end_once(zapier: Zapier, sandbox: Sandbox) -> None:
    zap = Zap(zapier)
    late = begin(sandbox, running=60 * 5)
    begun, told = [late], []

    for number in range(100):
        begun += [begin(sandbox) for _ in range(number % 3)]
        told += zap.starts()
    sandbox.clock.wait(60 * 5)
    told += zap.starts()

    assert sorted(told) == sorted(begun)
    assert zap.starts() == []


def test_a_burst_of_ends_between_two_polls_is_told_whole(zapier: Zapier, sandbox: Sandbox) -> None:
    zap = Zap(zapier)

    ended = [begin(sandbox) for _ in range(250)]
    sandbox.clock.wait(10)

    assert sorted(zap.starts()) == sorted(ended)


def test_the_newest_end_comes_first_and_a_sample_is_like_it(zapier: Zapier, app: Path) -> None:
    sample = json.loads((app / "app.json").read_text())["triggers"]["run_finished"]["sample"]
    found = zapier.poll("run_finished", {"projectIds": [REPORT]})

    ends = [each["endTime"] for each in found]

    assert ends == sorted(ends, reverse=True)
    assert set(sample) <= set(found[0])
    assert all(each["id"] == each["runId"] for each in found)


def test_only_the_ends_that_are_asked_for_are_told(zapier: Zapier) -> None:
    by_status = {end: zapier.poll("run_finished", {"projectIds": [REPORT], "statuses": [end]}) for end in ENDS}

    assert all(each["status"] == end for end, found in by_status.items() for each in found)
    assert len(zapier.poll("run_finished", {"projectIds": [REPORT]})) == sum(map(len, by_status.values()))


@pytest.mark.parametrize("statuses", [None, "", [], ["COMPLETED", "ERRORED"], "COMPLETED, ERRORED"])
def test_statuses_may_be_a_list_or_nothing(statuses: Json, zapier: Zapier) -> None:
    assert zapier.poll("run_finished", {"projectIds": [REPORT], "statuses": statuses})


@pytest.mark.parametrize("projects", [None, "", [], ["not an ID"], [None], [REPORT, "../x"], {"a": 1}, 7])
def test_projects_that_are_none_are_told_before_anything_is_asked(
    projects: Json, zapier: Zapier, sandbox: Sandbox
) -> None:
    before = len(sandbox.requests)

    with pytest.raises(Failed) as caught:
        zapier.poll("run_finished", {"projectIds": projects})

    assert caught.value.said["code"] == "bad_inputs"
    assert "projectIds" in caught.value.said["message"]
    assert len(sandbox.requests) == before


def test_a_status_that_is_no_end_is_told(zapier: Zapier) -> None:
    with pytest.raises(Failed, match="statuses"):
        zapier.poll("run_finished", {"projectIds": [REPORT], "statuses": ["RUNNING"]})


def test_a_project_that_is_gone_keeps_the_others_runs_from_nobody(zapier: Zapier) -> None:
    gone = "00000000-0000-4000-8000-000000000000"

    found = zapier.poll("run_finished", {"projectIds": [gone, REPORT, REPORT.upper()]})

    assert found
    with pytest.raises(Failed, match="not_found"):
        zapier.poll("run_finished", {"projectIds": [gone]})


def test_a_project_that_is_made_starts_a_zap_once(zapier: Zapier) -> None:
    zap = Zap(zapier, "new_project")

    made = zapier.create("create_project", {"title": "Fresh"})

    assert zap.starts() == [made["id"]]
    assert zap.starts() == []


@pytest.fixture
def service(zapier: Zapier, sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    """A service of ours that looks at the sandbox."""
    from hex_blocks.hosts.service.app import make_service
    from hex_blocks.hosts.service.serving import Serving
    from hex_blocks.hosts.service.settings import Settings

    with ExitStack() as held:
        connection = held.enter_context(
            Connection(TOKENS.workspace, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True)
        )
        settings = Settings(folder=tmp_path / "service", grace=2.0, secret=SECRET, loopback_hooks=True, watch=0.2)
        told: queue.Queue[str] = queue.Queue()
        serving = Serving(make_service(settings, our_tools(), connection, has_token=True), 0, told.put)
        thread = threading.Thread(target=serving.run, daemon=True)
        thread.start()
        held.callback(thread.join, 30)
        held.callback(serving.stop)
        url = told.get(timeout=30).rstrip("/")
        zapier.allowed.append(url)
        yield url


class Catcher:
    """The address that Zapier gives for a hook."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/hooks/catch/1").replace("localhost", "127.0.0.1")
        self.got: list[Json] = []
        self.came = threading.Event()
        server.expect_request("/hooks/catch/1").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.got.append(request.get_json())
        self.came.set()
        return Response("{}", mimetype="application/json")


INSTANT = "triggers.run_finished_instant.operation"


def test_a_service_tells_of_a_run_as_soon_as_it_has_ended(
    zapier: Zapier, sandbox: Sandbox, service: str, httpserver: HTTPServer
) -> None:
    zapier.auth |= {"serviceUrl": service, "serviceKey": SECRET}
    catcher = Catcher(httpserver)
    inputs = {"projectIds": [REPORT], "statuses": ["COMPLETED"]}
    hook = zapier.run(f"{INSTANT}.performSubscribe", inputs, targetUrl=catcher.url)
    run = begin(sandbox)

    assert catcher.came.wait(60)
    [told] = zapier.run(f"{INSTANT}.perform", inputs, cleanedRequest=catcher.got[0], subscribeData=hook)
    [tried, *_] = zapier.run(f"{INSTANT}.performList", inputs)
    zapier.run(f"{INSTANT}.performUnsubscribe", inputs, subscribeData=hook)
    again = zapier.run(f"{INSTANT}.performUnsubscribe", inputs, subscribeData=hook)

    assert (told["id"], told["runId"], told["status"]) == (run, run, "COMPLETED")
    assert set(told) == set(tried)
    assert again == {}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "service_missing"),
        ({"serviceUrl": None, "serviceKey": SECRET}, "service_missing"),
        ({"serviceUrl": "https://service.example.com", "serviceKey": "  "}, "service_missing"),
        ({"serviceUrl": "http://service.example.com", "serviceKey": SECRET}, "service_address"),
        ({"serviceUrl": "http://127.0.0.1:1", "serviceKey": SECRET}, "service_address"),
        ({"serviceUrl": "javascript:alert(1)", "serviceKey": SECRET}, "service_address"),
        ({"serviceUrl": "https://[", "serviceKey": SECRET}, "service_address"),
    ],
)
def test_a_service_that_cannot_be_asked_is_told(more: Json, code: str, zapier: Zapier) -> None:
    zapier.auth |= more

    with pytest.raises(Failed) as caught:
        zapier.run(f"{INSTANT}.performSubscribe", {"projectIds": [REPORT]}, targetUrl="https://hooks.zapier.com/1")

    assert caught.value.said["code"] == code
    assert SECRET not in str(caught.value)


def test_a_service_that_refuses_says_why(zapier: Zapier, service: str) -> None:
    zapier.auth |= {"serviceUrl": service, "serviceKey": SECRET}
    subscribe: Callable[..., Json] = zapier.run

    with pytest.raises(Failed, match="The service refused it") as caught:
        subscribe(f"{INSTANT}.performSubscribe", {"projectIds": [REPORT]}, targetUrl="http://10.0.0.1/hook")
    zapier.auth["serviceKey"] = "another-secret-0123456789-0123456789"
    with pytest.raises(Failed) as unknown:
        subscribe(f"{INSTANT}.performSubscribe", {"projectIds": [REPORT]}, targetUrl="https://hooks.zapier.com/1")

    assert caught.value.said["code"] == "bad_hook"
    assert unknown.value.name == "ExpiredAuthError"


@pytest.mark.parametrize("body", [None, {}, {"data": None}, {"data": {"status": "COMPLETED"}}, {"data": []}])
def test_a_message_that_is_of_no_run_starts_nothing(body: Json, zapier: Zapier) -> None:
    assert zapier.run(f"{INSTANT}.perform", {}, cleanedRequest=body) == []
