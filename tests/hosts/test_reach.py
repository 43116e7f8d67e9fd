"""Which Host and Origin headers are taken: whole, with their ports, IPv6 and case."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hex_blocks.hosts.mcp.guard import authority, with_host_check

ALLOWED = ("hex.example.com", "exact.example.com:8443", "[2001:db8::1]", "secure.example.com:443")


def status(*headers: tuple[str, str], host: str = "127.0.0.1") -> int:
    """Give the status of a request with these headers."""
    sent: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]}

    async def ask() -> None:
        await with_host_check(app, host, ALLOWED)(scope, receive, send)

    asyncio.run(ask())
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8766",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8766",
        "[0:0:0:0:0:0:0:1]:8766",
        "hex.example.com",
        "HEX.example.com:9000",
        "exact.example.com:8443",
        "[2001:DB8::1]:8766",
        "secure.example.com",
    ],
)
def test_our_own_names_are_taken(host):
    assert status(("host", host)) == 200
    assert status(("host", "localhost"), ("origin", f"https://{host}")) == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:",
        "localhost:evil.example",
        "localhost:80.evil.example",
        "localhost:8766:evil.example",
        "localhost:8766@evil.example",
        "localhost@evil.example",
        "localhost.evil.example",
        "localhost/evil.example",
        "127.0.0.1:99999",
        "127.0.0.1:80\u00b2",
        "127.0.0.1.evil.example",
        "[::1]:evil",
        "[::1].evil.example",
        "[::2]",
        "::1",
        "exact.example.com",
        "exact.example.com:8444",
        "sub.hex.example.com",
        "xhex.example.com",
        "secure.example.com:80",
    ],
)
def test_what_only_begins_or_ends_like_them_is_refused(host):
    assert status(("host", host)) == 421
    assert status(("host", "localhost"), ("origin", f"https://{host}")) == 403


@pytest.mark.parametrize(
    "origin", ["null", "", "localhost", "file://localhost", "https://localhost/", "http:localhost"]
)
def test_what_is_no_origin_of_ours_is_refused(origin):
    assert status(("host", "localhost"), ("origin", origin)) == 403


def test_an_origin_without_a_port_has_its_schemes():
    assert status(("host", "localhost"), ("origin", "https://secure.example.com")) == 200
    assert status(("host", "localhost"), ("origin", "http://secure.example.com")) == 403
    assert status(("host", "localhost"), ("origin", "HTTP://localhost:3000")) == 200


def test_one_host_is_named_and_every_origin_is_ours():
    assert status() == 421
    assert status(("host", "localhost"), ("host", "evil.example")) == 421
    assert status(("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")) == 403


def test_the_address_that_it_listens_on_is_a_name():
    assert status(("host", "192.0.2.1:8766"), host="192.0.2.1") == 200
    assert status(("host", "192.0.2.1:8766")) == 421
    assert status(("host", "[2001:db8::2]"), host="2001:db8::2") == 200


def test_an_address_is_read_in_one_form():
    assert authority("[2001:DB8:0::1]:1") == authority("[2001:db8::1]:1")
    assert authority("2001:db8::1") is None
