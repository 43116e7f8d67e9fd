"""The credential: its test, its regions, and that the token goes nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks.sandbox import TOKENS
from tests.hosts.n8n.conftest import Engine, Refused, use


def test_the_test_asks_hex_whose_token_it_is(n8n):
    assert n8n.ask("request")["reply"]["email"] == "ada.okafor@sandbox.example"


def test_a_token_that_hex_refuses_fails_the_test(n8n, sandbox):
    use(n8n, sandbox, token="hxtp_nobody")

    with pytest.raises(Refused, match="401"):
        n8n.ask("request")


@pytest.mark.parametrize(
    ("region", "given", "base"),
    [
        ("app", "", "https://app.hex.tech/api/v1"),
        ("eu", "", "https://eu.hex.tech/api/v1"),
        ("hc", "https://ignored.example", "https://hc.hex.tech/api/v1"),
        ("custom", "https://acme.hex.tech", "https://acme.hex.tech/api/v1"),
        ("custom", "acme.hex.tech/", "https://acme.hex.tech/api/v1"),
        ("custom", "https://acme.hex.tech/api/v1/", "https://acme.hex.tech/api/v1"),
        ("custom", "https://acme.hex.tech/api", "https://acme.hex.tech/api/v1"),
    ],
)
def test_the_base_url_is_that_of_the_region(region, given, base, n8n):
    n8n.ask("credentials", values={"apiKey": "hxtp_x", "region": region, "baseUrl": given})

    assert n8n.ask("authenticated")["baseURL"] == base


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example",
        "http://app.hex.tech",
        "https://app.hex.tech.evil.example",
        "https://app.hex.tech@evil.example",
        "https://evil.example#.hex.tech",
        "https://evil.example/?.hex.tech",
        "https://evil.example\\.hex.tech",
        "//evil.example/.hex.tech",
        "https://127.0.0.1.evil.example",
    ],
)
def test_the_token_goes_to_no_other_host(base, n8n):
    n8n.ask("credentials", values={"apiKey": TOKENS.personal, "region": "custom", "baseUrl": base})

    with pytest.raises(Refused) as caught:
        n8n.ask("authenticated")
    with pytest.raises(Refused) as chosen:
        n8n.ask("choose", kind="listSearch", method="searchProjects", parameters={})

    assert TOKENS.personal not in str(caught.value.said) + str(chosen.value.said)


def test_a_region_that_is_none_is_no_way_to_another_host(n8n):
    n8n.ask("credentials", values={"apiKey": "hxtp_x", "region": "evil.example/", "baseUrl": ""})

    with pytest.raises(Refused):
        n8n.ask("authenticated")


def request(engine: Engine, url: str, **more: Any) -> Any:
    return engine.ask("request", options={"url": url, "json": True, **more})["reply"]


def test_it_serves_n8ns_own_http_request_node(n8n, sandbox):
    assert request(n8n, f"{sandbox.base_url}/users/me")["name"] == "Ada Okafor"
    assert request(n8n, "/users/me", baseURL=sandbox.base_url)["name"] == "Ada Okafor"


def test_a_redirect_does_not_take_the_token_along(n8n, sandbox, httpserver: HTTPServer):
    httpserver.expect_request("/api/v1/projects").respond_with_data(
        status=307, headers={"Location": httpserver.url_for("/elsewhere").replace("localhost", "127.0.0.1")}
    )
    httpserver.expect_request("/elsewhere").respond_with_json({})
    n8n.ask("credentials", values={"apiKey": TOKENS.personal, "region": "custom", "baseUrl": httpserver.url_for("/")})

    with pytest.raises(Refused):
        n8n.ask("choose", kind="listSearch", method="searchProjects", parameters={})

    assert [request.path for request, _ in httpserver.log] == ["/api/v1/projects"]
