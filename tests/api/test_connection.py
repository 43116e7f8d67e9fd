"""A connection: whose token, which host, and what a call may ask for of its own."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hex_blocks import Connection, HexError, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import InputError, TokenError
from hex_blocks.runs.record.configured import record_of
from tests.calling import hex_on
from tests.faulty import Faulty, reply

TOKEN = "hxtp_of_the_connection"
OTHER = "hxtp_of_the_call"
LIST = "hex_list_projects"
EMPTY = reply(200, {"values": [], "pagination": {"after": None, "before": None}})


@pytest.fixture
def server() -> Iterator[Faulty]:
    with Faulty(EMPTY) as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Faulty]:
    """A second server, that the operator allows too."""
    with Faulty(EMPTY) as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def connect(server: Faulty, elsewhere: Faulty, clock: DrivenClock) -> Iterator[Callable[..., Connection]]:
    """Make connections to the server: connect(token, pinned=True)."""
    made: list[Connection] = []

    def connect_with(token: Any = TOKEN, base_url: str | None = server.origin, **options: Any) -> Connection:
        options = {"allowed_hosts": (server.origin, elsewhere.origin), "clock": clock, **options}
        made.append(Connection(token, base_url, **options))
        return made[-1]

    yield connect_with
    for connection in made:
        connection.close()


def tokens_at(server: Faulty) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in server.requests]


# The token


@pytest.mark.parametrize(
    "given", [TOKEN, f"{TOKEN}\n", f"\r\n {TOKEN}\t ", SecretStr(TOKEN), SecretStr(f" {TOKEN}\r\n")]
)
def test_a_token_is_trimmed(connect: Callable[..., Connection], server: Faulty, given: Any) -> None:
    connect(given).api.call("GET", "/x")

    assert tokens_at(server) == [TOKEN]


def test_the_token_of_the_environment_is_used_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection], server: Faulty
) -> None:
    monkeypatch.setenv("HEX_API_TOKEN", f"{TOKEN}\n")

    connect(None).api.call("GET", "/x")

    assert tokens_at(server) == [TOKEN]


def test_a_token_given_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Connection], server: Faulty
) -> None:
    monkeypatch.setenv("HEX_API_TOKEN", OTHER)

    connect(TOKEN).api.call("GET", "/x")

    assert tokens_at(server) == [TOKEN]


@pytest.mark.parametrize("given", [None, "", "  ", "\n", SecretStr(""), SecretStr(" \n")])
def test_a_missing_token_is_an_error_of_the_first_use(
    connect: Callable[..., Connection], server: Faulty, given: Any
) -> None:
    connection = connect(given)

    with pytest.raises(TokenError) as caught:
        _ = connection.api

    assert caught.value.key == "token_missing"
    assert server.requests == []


@pytest.mark.parametrize(
    "given",
    [
        *("a b", "a\nb", "a\r\nX-Evil: 1", "a\tb", "é", "token😀", "a\x00b", "a\x7f", "“quoted”", "\ud800"),
        *("x" * 4097, b"bytes", 7, ["list"], {"a": 1}),
    ],
    ids=repr,
)
def test_a_token_with_characters_that_no_token_has_is_refused(
    connect: Callable[..., Connection], server: Faulty, given: Any
) -> None:
    connection = connect(given)

    with pytest.raises(TokenError) as caught:
        _ = connection.api

    assert caught.value.key == "token_malformed"
    assert server.requests == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("hxtp_abc\nhxtp_def", "line break"),
        ("hxtp_abc def", "a space"),
        ("hxtp_abc\u00a0def", "a space"),
        ("Bearer hxtp_abc", "Bearer"),
        ("hxtp_ab\u200bc", "not ASCII, at place 8"),
        ("“hxtp_abc”", "not ASCII, at place 1"),
        ("hxtp_\x00abc", "control character in it, at place 6"),
        ("hxtp_" + "a" * 5000, "longer than 4096"),
        ('"hxtp_abc', "quotes"),
        ("hxtp_abc'", "quotes"),
        ("`hxtp_abc`", "quotes"),
        ("\"'hxtp_abc'\"", "quotes"),
        ("HEX_API_TOKEN=hxtp_abc", "the name of the variable"),
        ("export HEX_API_TOKEN = hxtp_abc", "the name of the variable"),
        *(
            (placeholder, "placeholder")
            for placeholder in (
                *(
                    "hxtp_…",
                    "hxtp_...",
                    "hxtp_***",
                    "hxtp_xxxxxxxx",
                    "…",
                    "***",
                    "<token>",
                    "<your Hex token>",
                    "hxtp_<token>",
                ),
                *(
                    "$HEX_API_TOKEN",
                    "${HEX_API_TOKEN}",
                    "${{ secrets.HEX_API_TOKEN }}",
                    "$(cat token)",
                    "%HEX_API_TOKEN%",
                ),
                *("{{ token }}", "{token}", "[token]", "your-token-here", "YOUR_HEX_API_TOKEN", "hxtp_your_token"),
                *("HEX_API_TOKEN", "${input:hex-token}", "'<token>'"),
            )
        ),
    ],
)
def test_what_is_wrong_with_a_token_is_said_without_saying_it(
    connect: Callable[..., Connection], server: Faulty, given: str, reason: str
) -> None:
    with pytest.raises(TokenError) as caught:
        _ = connect(given).api

    assert caught.value.key == "token_malformed"
    assert reason in caught.value.message()
    assert "abc" not in str(caught.value.document())
    assert server.requests == []


@pytest.mark.parametrize("given", ['"hxtp_abc"', "'hxtp_abc'", ' "hxtp_abc" ', '" hxtp_abc"'])
def test_the_quotes_of_a_file_of_variables_are_taken_off(
    connect: Callable[..., Connection], server: Faulty, given: str
) -> None:
    connect(given).api.call("GET", "/x")

    assert tokens_at(server) == ["hxtp_abc"]


@pytest.mark.parametrize("token", ["x", "5bbf1c8b0e1f", "!~\"'\\", "x" * 4096, "hxtp_A-Z.a_z~0=9+/"])
def test_no_token_is_refused_for_its_looks(connect: Callable[..., Connection], server: Faulty, token: str) -> None:
    connect(token).api.call("GET", "/x")

    assert tokens_at(server) == [token]


@pytest.mark.parametrize(
    ("base_url", "shown"),
    [
        ("https://app.hex.tech", "Connection(base_url='https://app.hex.tech')"),
        ("https://user:secret@app.hex.tech", "Connection(base_url='https://…@app.hex.tech')"),
        ("https://app.hex.tech?token=secret", "Connection(base_url='https://app.hex.tech')"),
        ("hxtp_secret", "Connection(base_url='hxtp_…')"),
    ],
)
def test_a_connection_shows_its_host_and_nothing_secret(base_url: str, shown: str) -> None:
    assert repr(Connection(TOKEN, base_url)) == str(Connection(TOKEN, base_url)) == shown


# The base URL


@pytest.mark.parametrize(
    ("given", "environment", "base_url"),
    [
        (None, None, "https://app.hex.tech/api/v1"),
        ("", None, "https://app.hex.tech/api/v1"),
        (None, "eu.hex.tech", "https://eu.hex.tech/api/v1"),
        ("hc.hex.tech", "eu.hex.tech", "https://hc.hex.tech/api/v1"),
    ],
)
def test_the_base_url_is_the_one_given_or_of_the_environment_or_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environment: str | None, base_url: str
) -> None:
    monkeypatch.setenv("HEX_API_BASE_URL", environment or "")

    assert Connection(TOKEN, given).base_url == base_url


def test_the_environment_allows_hosts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", "hex.example.com http://127.0.0.1:8080")

    assert Connection(TOKEN, "hex.example.com").base_url == "https://hex.example.com/api/v1"
    assert Connection(TOKEN, "http://127.0.0.1:8080").base_url == "http://127.0.0.1:8080/api/v1"


@pytest.mark.parametrize(("base_url", "key"), [("evil.com", "host_not_allowed"), ("https://a b", "bad_base_url")])
def test_a_base_url_that_is_not_allowed_is_an_error_of_the_first_use(base_url: str, key: str) -> None:
    connection = Connection(TOKEN, base_url)

    with pytest.raises(InputError) as caught:
        _ = connection.api

    assert caught.value.key == key


# What a call asks for


def test_a_call_may_bring_its_own_token(registry: Registry, connect: Callable[..., Connection], server: Faulty) -> None:
    connection = connect()

    hex_on(connection).call(registry[LIST], {"apiKey": f" {OTHER}\n"})
    hex_on(connection).call(registry[LIST], {})

    assert tokens_at(server) == [OTHER, TOKEN]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_token_in_a_call_means_none(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, blank: str | None
) -> None:
    hex_on(connect()).call(registry[LIST], {"apiKey": blank, "baseUrl": blank})

    assert tokens_at(server) == [TOKEN]


def test_a_call_may_name_its_own_host_among_those_allowed(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, elsewhere: Faulty
) -> None:
    hex_on(connect()).call(registry[LIST], {"baseUrl": elsewhere.origin})

    assert (tokens_at(server), tokens_at(elsewhere)) == ([], [TOKEN])


@pytest.mark.parametrize("base_url", ["https://evil.com", "http://127.0.0.1:1", "https://app.hex.tech.evil.com"])
def test_a_call_cannot_send_the_token_elsewhere(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, base_url: str
) -> None:
    with pytest.raises(InputError) as caught:
        hex_on(connect()).call(registry[LIST], {"baseUrl": base_url})

    assert caught.value.key == "host_not_allowed"
    assert server.requests == []


def test_a_pinned_connection_goes_to_its_own_host_whatever_a_call_names(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, elsewhere: Faulty
) -> None:
    hex_on(connect(pinned=True)).call(registry[LIST], {"baseUrl": elsewhere.origin})

    assert (tokens_at(server), tokens_at(elsewhere)) == ([TOKEN], [])


def test_a_token_of_a_call_goes_to_a_pinned_host_too(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, elsewhere: Faulty
) -> None:
    hex_on(connect(pinned=True)).call(registry[LIST], {"apiKey": OTHER, "baseUrl": elsewhere.origin})

    assert (tokens_at(server), tokens_at(elsewhere)) == ([OTHER], [])


def test_calls_with_the_same_token_share_their_network_connection(
    registry: Registry, connect: Callable[..., Connection], server: Faulty
) -> None:
    connection = connect()

    outputs = [hex_on(connection).call(registry[LIST], {"apiKey": OTHER}) for _ in range(5)]

    assert len(outputs) == 5
    assert server.connections == 1


@pytest.mark.filterwarnings("error")
def test_tokens_without_end_do_not_fill_the_memory(
    registry: Registry, connect: Callable[..., Connection], server: Faulty
) -> None:
    connection = connect()

    outputs = [hex_on(connection).call(registry[LIST], {"apiKey": f"hxtp_{number}"}) for number in range(40)]
    gc.collect()

    assert len(outputs) == 40
    assert len(connection._derived) <= 16
    assert tokens_at(server) == [f"hxtp_{number}" for number in range(40)]


def test_threads_share_a_connection(registry: Registry, connect: Callable[..., Connection], server: Faulty) -> None:
    connection = connect(limits={"all": (), "hex-api": ()})
    start = threading.Barrier(8)

    def call(number: int) -> dict[str, Any]:
        start.wait(10)
        return hex_on(connection).call(registry[LIST], {"apiKey": OTHER if number % 2 else None})

    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(call, range(8)))

    assert [each["projects"] for each in outputs] == [[]] * 8
    assert sorted(tokens_at(server)) == [OTHER] * 4 + [TOKEN] * 4


def test_a_closed_connection_can_be_used_again(
    registry: Registry, connect: Callable[..., Connection], server: Faulty
) -> None:
    connection = connect()
    hex_on(connection).call(registry[LIST], {})
    hex_on(connection).call(registry[LIST], {"apiKey": OTHER})
    connection.close()

    hex_on(connection).call(registry[LIST], {})
    hex_on(connection).call(registry[LIST], {"apiKey": OTHER})

    assert tokens_at(server) == [TOKEN, OTHER, TOKEN, OTHER]


def test_a_connection_of_the_environment_is_enough(
    monkeypatch: pytest.MonkeyPatch, registry: Registry, server: Faulty
) -> None:
    monkeypatch.setenv("HEX_API_TOKEN", TOKEN)
    monkeypatch.setenv("HEX_API_BASE_URL", server.origin)
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", server.origin)

    assert hex_on().call(registry[LIST], {})["projects"] == []
    assert tokens_at(server) == [TOKEN]


def test_the_record_of_a_connection_lies_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_DATA_DIR", str(tmp_path / "here"))

    assert record_of(Connection(TOKEN)).path == tmp_path / "here" / "runs.sqlite3"  # type: ignore[attr-defined]


def test_the_patience_of_a_connection_bounds_the_waits_of_its_calls(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, clock: DrivenClock
) -> None:
    server.play(reply(429, {}, {"Retry-After": "10"}))

    with pytest.raises(HexError) as caught:
        hex_on(connect(patience=25)).call(registry[LIST], {})

    assert caught.value.key in ("rate_limited", "budget_spent")
    assert 10 <= clock.monotonic() <= 25
