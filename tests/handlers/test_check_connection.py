"""Whether a connection works, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on

TOOL = "hex_check_connection"
ME = "/api/v1/users/me"
HOUR = 3600

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


def test_a_persons_token_is_told_with_its_user(sandbox: Sandbox, run: RunTool, asked: Asked) -> None:
    outputs = run(TOOL, {})

    assert (outputs["ok"], outputs["tokenKind"]) == (True, "PERSONAL")
    assert outputs["user"]["name"] == "Ada Okafor"
    assert outputs["user"]["role"] == "ADMIN"
    assert outputs["orgId"] == sandbox.world.org_id
    assert outputs["baseUrl"] == sandbox.base_url
    assert asked() == ["Me"]


def test_a_workspaces_token_has_no_user(run: RunTool) -> None:
    outputs = run(TOOL, {}, token=TOKENS.workspace)

    assert (outputs["tokenKind"], outputs["user"]) == ("WORKSPACE", None)


def test_the_requests_left_are_those_of_the_minute(run: RunTool) -> None:
    first = run(TOOL, {})["requestsLeft"]
    run("hex_list_projects", {})

    assert first == 59
    assert run(TOOL, {})["requestsLeft"] == 57


@pytest.mark.parametrize("token", [TOKENS.expired, "hxtp_never_made"])
def test_a_token_that_is_refused_is_an_error(run: RunTool, token: str) -> None:
    with pytest.raises(HexError) as failure:
        run(TOOL, {}, token=token)

    assert (failure.value.key, failure.value.kind) == ("token_refused", "token")


def test_a_token_without_rights_is_good_all_the_same(run: RunTool) -> None:
    assert run(TOOL, {}, token=TOKENS.no_permission)["ok"] is True


@pytest.mark.parametrize("token", [TOKENS.workspace])
def test_where_hex_cannot_say_whose_token_it_is_another_read_shows_that_it_works(
    sandbox: Sandbox, run: RunTool, asked: Asked, token: str
) -> None:
    sandbox.world.workspace_me_fails = True

    outputs = run(TOOL, {}, token=token)

    assert (outputs["ok"], outputs["tokenKind"], outputs["user"]) == (True, "UNKNOWN", None)
    assert [each["warning"] for each in outputs["warnings"]] == ["token_owner_unknown"]
    assert set(asked()) == {"Me", "ListProjects"}


@pytest.mark.parametrize(("status", "key"), [(401, "token_refused"), (403, None), (500, "hex_failed")])
def test_the_other_read_tells_a_good_token_from_a_refused_one(
    connection: Connection, httpserver: HTTPServer, status: int, key: str | None
) -> None:
    httpserver.expect_request(ME).respond_with_json({"reason": "no user"}, status=500)
    httpserver.expect_request("/api/v1/projects").respond_with_json({"reason": "no"}, status=status)

    if key is None:
        assert hex_on(connection).call(TOOL)["ok"] is True
    else:
        with pytest.raises(HexError) as caught:
            hex_on(connection).call(TOOL)
        assert caught.value.key == key


def check(registry: Registry, connection: Connection, server: HTTPServer, **me: Any) -> dict[str, Any]:
    server.expect_request(ME).respond_with_json({"id": "u-1", "email": "ada@example.com", "org": {"id": "o-1"}} | me)
    return hex_on(connection).call(TOOL, {})


@pytest.mark.parametrize(
    ("hours", "warned"), [(100, None), (72.5, None), (71.9, 72), (24.5, 72), (23.9, 24), (0.5, 24)]
)
def test_an_end_that_is_near_is_warned_of(
    registry: Registry,
    connection: Connection,
    httpserver: HTTPServer,
    clock: DrivenClock,
    hours: float,
    warned: int | None,
) -> None:
    outputs = check(registry, connection, httpserver, token={"exp": clock.time() + hours * HOUR})

    assert outputs["hoursLeft"] == pytest.approx(hours, abs=0.06)
    warnings = outputs.get("warnings", [])
    assert [warning["warning"] for warning in warnings] == (["token_expires_soon"] if warned else [])
    assert all(f"less than {warned} hours" in warning["message"] for warning in warnings)


@pytest.mark.parametrize("unit", [1, 1000])
def test_an_end_may_be_told_in_seconds_or_milliseconds(
    registry: Registry, connection: Connection, httpserver: HTTPServer, unit: int
) -> None:
    end = datetime(2036, 1, 31, 8, tzinfo=UTC).timestamp()

    outputs = check(registry, connection, httpserver, token={"exp": end * unit})

    assert outputs["expiresAt"] == "2036-01-31T08:00:00Z"


@pytest.mark.parametrize("token", [None, {"exp": None}, {}, {"exp": "soon"}, {"exp": 1e300}, {"exp": True}])
def test_an_end_that_is_not_told_is_null(
    registry: Registry, connection: Connection, httpserver: HTTPServer, token: Any
) -> None:
    outputs = check(registry, connection, httpserver, token=token)

    assert (outputs["expiresAt"], outputs["hoursLeft"]) == (None, None)
    unread = token and token.get("exp") in ("soon", 1e300, True)
    assert [each["warning"] for each in outputs.get("warnings", [])] == (["reply_unread"] if unread else [])


def test_an_answer_that_tells_neither_user_nor_workspace_is_of_unknown_kind(
    registry: Registry, connection: Connection, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(ME).respond_with_json({})

    assert hex_on(connection).call(TOOL, {})["tokenKind"] == "UNKNOWN"
