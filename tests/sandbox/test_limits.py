"""Hex's request limits."""

from __future__ import annotations

from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.operations import OPERATIONS

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"


@pytest.fixture
def ask(callers, limited):
    """Send a request many times; return the statuses."""
    made: dict[str, Any] = {}

    def send(times, method, path, token=TOKENS.personal):
        caller = made.setdefault(token, callers(token, limited))
        return [caller(method, path) for _ in range(times)]

    return send


def statuses(replies):
    return [reply.status_code for reply in replies]


def test_a_user_has_60_requests_in_the_minute_after_the_first(ask, clock):
    first = ask(60, "GET", "/groups")
    clock.advance(30.5)
    refused = ask(1, "GET", "/groups")[0]
    clock.advance(29.5)
    later = ask(1, "GET", "/groups")

    assert set(statuses(first)) == {200}
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "30"
    assert statuses(later) == [200]


def test_a_refused_request_does_not_count(ask, clock):
    ask(60, "GET", "/groups")
    ask(100, "GET", "/groups")
    clock.advance(60)

    assert statuses(ask(60, "GET", "/groups")) == [200] * 60


@pytest.mark.parametrize(
    ("method", "path", "count", "family"),
    [
        ("GET", "/users/me", 30, "B"),
        ("POST", f"/projects/{PROJECT}/runs", 20, "B"),
        ("POST", f"/project/{PROJECT}/run", 20, "B"),
        ("GET", f"/cells/{PROJECT}/image", 20, "B"),
        ("GET", f"/projects/{PROJECT}/runs/{PROJECT}/cells/{PROJECT}/image", 20, "B"),
        ("POST", f"/semantic-projects/{PROJECT}/ingest", 3, "A"),
        ("POST", "/threads", 20, "B"),
    ],
)
def test_a_group_of_operations_has_its_own_limit(method, path, count, family, ask):
    replies = ask(count + 1, method, path)

    refused = replies[-1]
    assert 429 not in statuses(replies[:-1])
    assert refused.status_code == 429
    assert set(refused.json()) == ({"reason", "traceId"} if family == "A" else {"message", "code"})
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"] == "60"
    assert refused.headers["RateLimit-Remaining"] == "0"


def test_runs_have_a_limit_for_the_hour_too(ask, clock):
    for _ in range(3):
        assert 429 not in statuses(ask(20, "POST", f"/projects/{PROJECT}/runs"))
        clock.advance(60)

    refused = ask(1, "POST", f"/projects/{PROJECT}/runs")[0]

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == str(3600 - 180)


def test_a_refused_run_is_not_started(ask, limited):
    before = len(limited.world.runs(PROJECT))

    ask(25, "POST", f"/projects/{PROJECT}/runs")

    assert len(limited.world.runs(PROJECT)) == before + 20


def test_each_user_and_each_workspace_token_is_counted_alone(ask):
    ask(60, "GET", "/groups")

    assert statuses(ask(1, "GET", "/groups", TOKENS.editor)) == [200]
    assert statuses(ask(1, "GET", "/groups", TOKENS.workspace)) == [200]


def test_replies_say_how_much_is_left(ask, clock):
    first = ask(1, "GET", "/groups")[0]
    clock.advance(10)
    second = ask(1, "GET", "/users/me")[0]

    assert (first.headers["RateLimit-Remaining"], first.headers["RateLimit-Reset"]) == ("59", "60")
    assert (second.headers["RateLimit-Remaining"], second.headers["RateLimit-Reset"]) == ("29", "60")


def test_limits_can_be_replaced(callers, clock):
    with Sandbox(clock=clock, limits={"hex-api-30rpm": ((2, 5),)}) as sandbox:
        caller = callers(TOKENS.personal, sandbox)
        replies = [caller("GET", "/users/me").status_code for _ in range(3)]

    assert replies == [200, 200, 429]


def test_limits_can_be_left_out(ada):
    replies = [ada("GET", "/users/me") for _ in range(100)]

    assert set(statuses(replies)) == {200}
    assert "RateLimit-Remaining" not in replies[0].headers


@pytest.mark.parametrize("group", ["hex-api", "hex-api-30rpm", "hex-run-kernel", "hex-chart-image"])
def test_the_groups_are_those_of_the_reference(group, reference):
    for operation_id, (method, path) in reference.operations.items():
        text = reference.document["paths"][path][method].get("description", "")
        assert (group in OPERATIONS[operation_id].limits) == (f"`{group}`" in text), operation_id
