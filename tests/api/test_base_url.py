"""Where a token may go: one table of base URLs, and what the operator may add to it."""

from __future__ import annotations

import pytest

from hex_blocks import HexError
from hex_blocks.api.base_url import allowed_by_environment, base_url
from hex_blocks.errors.classes import InputError

ALLOWED = {
    # hosts of Hex, however they are written
    "https://app.hex.tech/api/v1": "https://app.hex.tech/api/v1",
    "https://app.hex.tech/api": "https://app.hex.tech/api/v1",
    "https://app.hex.tech": "https://app.hex.tech/api/v1",
    "https://app.hex.tech/": "https://app.hex.tech/api/v1",
    "https://app.hex.tech/api/v1/": "https://app.hex.tech/api/v1",
    "https://app.hex.tech/api/v1///": "https://app.hex.tech/api/v1",
    "https://app.hex.tech/v1": "https://app.hex.tech/v1",
    "https://app.hex.tech/gateway": "https://app.hex.tech/gateway/api/v1",
    "https://app.hex.tech/gateway/v1": "https://app.hex.tech/gateway/v1",
    "https://app.hex.tech/v1.5/api": "https://app.hex.tech/v1.5/api/v1",
    "app.hex.tech": "https://app.hex.tech/api/v1",
    "app.hex.tech/api/v1": "https://app.hex.tech/api/v1",
    "app.hex.tech:443": "https://app.hex.tech/api/v1",
    "https://app.hex.tech:443/api/v1": "https://app.hex.tech/api/v1",
    "  https://app.hex.tech  ": "https://app.hex.tech/api/v1",
    "HTTPS://APP.HEX.TECH/API": "https://app.hex.tech/API/api/v1",
    "hTTps://ApP.heX.TecH/api/v1": "https://app.hex.tech/api/v1",
    "https://eu.hex.tech": "https://eu.hex.tech/api/v1",
    "https://hc.hex.tech": "https://hc.hex.tech/api/v1",
    "https://atreides.hex.tech": "https://atreides.hex.tech/api/v1",
    "https://a.b.c.hex.tech": "https://a.b.c.hex.tech/api/v1",
    "https://xn--bcher-kva.hex.tech": "https://xn--bcher-kva.hex.tech/api/v1",
    "https://hex.tech": "https://hex.tech/api/v1",
}

BAD = "bad_base_url"
ELSEWHERE = "host_not_allowed"
REFUSED = {
    # look-alikes
    "https://hex.tech.evil.com": ELSEWHERE,
    "https://app.hex.tech.evil.com/api/v1": ELSEWHERE,
    "https://evilhex.tech": ELSEWHERE,
    "https://app-hex.tech": ELSEWHERE,
    "https://hex-tech": ELSEWHERE,
    "https://hex.tec": ELSEWHERE,
    "https://hextech": ELSEWHERE,
    "https://tech": ELSEWHERE,
    "https://hex.tech-evil.com": ELSEWHERE,
    "https://app.hex.technology": ELSEWHERE,
    "https://evil.com/app.hex.tech": ELSEWHERE,
    "https://evil.com/api/v1/hex.tech": ELSEWHERE,
    "evil.com": ELSEWHERE,
    "localhost": ELSEWHERE,
    # names that are none
    "https://app.hex.tech.": ELSEWHERE,
    "https://app..hex.tech": ELSEWHERE,
    "https://.hex.tech": ELSEWHERE,
    "https://-app.hex.tech": ELSEWHERE,
    "https://app-.hex.tech": ELSEWHERE,
    "https://app_x.hex.tech": BAD,
    "https://*.hex.tech": BAD,
    f"https://{'a' * 64}.hex.tech": ELSEWHERE,
    f"https://{'a.' * 130}hex.tech": ELSEWHERE,
    # schemes
    "http://app.hex.tech": ELSEWHERE,
    "http://app.hex.tech:443": ELSEWHERE,
    "ftp://app.hex.tech": BAD,
    "ws://app.hex.tech": BAD,
    "file:///etc/passwd": BAD,
    "file://app.hex.tech/etc": BAD,
    "javascript:alert(1)": BAD,
    "data:text/plain,app.hex.tech": BAD,
    "https:app.hex.tech": BAD,
    "https:/app.hex.tech": BAD,
    "https:///app.hex.tech": BAD,
    "//app.hex.tech": BAD,
    "/app.hex.tech": BAD,
    "://app.hex.tech": BAD,
    "https://https://app.hex.tech": BAD,
    # ports
    "https://app.hex.tech:8443": ELSEWHERE,
    "https://app.hex.tech:80": ELSEWHERE,
    "https://app.hex.tech:0": ELSEWHERE,
    "https://app.hex.tech:65536": ELSEWHERE,
    "https://app.hex.tech:99999": ELSEWHERE,
    "https://app.hex.tech:443443": BAD,
    "https://app.hex.tech:": BAD,
    "https://app.hex.tech:-1": BAD,
    "https://app.hex.tech:443:443": BAD,
    "https://app.hex.tech:٤٤٣": BAD,
    "https://app.hex.tech:https": BAD,
    # user-info
    "https://user@app.hex.tech": BAD,
    "https://user:password@app.hex.tech": BAD,
    "https://app.hex.tech@evil.com": BAD,
    "https://app.hex.tech:443@evil.com": BAD,
    "https://@app.hex.tech": BAD,
    "https://evil.com#@app.hex.tech": BAD,
    "https://evil.com\\@app.hex.tech": BAD,
    # addresses
    "https://1.1.1.1": ELSEWHERE,
    "https://127.0.0.1:8080": ELSEWHERE,
    "http://127.0.0.1": ELSEWHERE,
    "https://2130706433": ELSEWHERE,
    "https://0x7f000001": ELSEWHERE,
    "https://0x7f.0.0.1": ELSEWHERE,
    "https://0177.0.0.1": ELSEWHERE,
    "https://127.1": ELSEWHERE,
    "https://169.254.169.254/latest/meta-data": ELSEWHERE,
    "https://[::1]": ELSEWHERE,
    "https://[::ffff:127.0.0.1]": ELSEWHERE,
    "https://[fe80::1%25eth0]": BAD,
    "https://[app.hex.tech]": BAD,
    "https://[::1": BAD,
    # other alphabets
    "https://app.hеx.tech": BAD,  # a Cyrillic e
    "https://app.hex.tесh": BAD,
    "https://app。hex。tech": BAD,
    "https://app.hex.tech\u2024evil.com": BAD,
    "https://ａpp.hex.tech": BAD,
    "https://app.hex.t\u200bech": BAD,
    "https://app.hex.tech\u2215evil": BAD,
    "https://xn--hx-dlc.tech": ELSEWHERE,
    "https://app.xn--hx-dlc.tech": ELSEWHERE,
    "\u00a0https://app.hex.tech": BAD,
    "https://evil.com\u2044@app.hex.tech": BAD,
    # backslashes, control characters, white space
    "https:\\\\app.hex.tech": BAD,
    "https://app.hex.tech\\evil": BAD,
    "https://evil.com\\.hex.tech": BAD,
    "https://app.hex.tech\n": BAD,
    "\thttps://app.hex.tech": BAD,
    "https://app.hex.tech\r\nHost: evil.com": BAD,
    "https://app.hex.tech\x00.evil.com": BAD,
    "https://app.hex.tech/\x1b[31m": BAD,
    "https://app. hex.tech": BAD,
    "https://app.hex.tech /api": BAD,
    "ht\ntps://app.hex.tech": BAD,
    # what comes after the host
    "https://app.hex.tech?x=1": BAD,
    "https://app.hex.tech/api/v1?x=/v1": BAD,
    "https://app.hex.tech/api/v1#/v1": BAD,
    "https://app.hex.tech#": BAD,
    "https://app.hex.tech;x": BAD,
    "https://app.hex.tech/%2e%2e/": BAD,
    "https://app%2ehex%2etech": BAD,
    "https://evil.com%2f.hex.tech": BAD,
    "https://app.hex.tech/api/../..": BAD,
    "https://app.hex.tech/..": BAD,
    "https://app.hex.tech/./api": BAD,
    "https://app.hex.tech//evil.com": BAD,
    "https://app.hex.tech/api//v1": BAD,
    "https://app.hex.tech/a b": BAD,
    "https://app.hex.tech/api/v1/{projectId}": BAD,
    # nothing, and too much
    "": BAD,
    " ": BAD,
    "https://": BAD,
    "https": ELSEWHERE,
    "https://app.hex.tech/" + "a" * 5000: BAD,
    "https://" + "a" * 1_000_000: BAD,
    "a" * 1_000_000 + "://app.hex.tech": BAD,
}


@pytest.mark.parametrize("given", ALLOWED)
def test_a_host_of_hex_may_have_the_token(given: str) -> None:
    assert base_url(given) == ALLOWED[given]


@pytest.mark.parametrize("given", REFUSED, ids=lambda given: ascii(given)[1:60])
def test_everything_else_may_not(given: str) -> None:
    with pytest.raises(InputError) as caught:
        base_url(given)

    assert caught.value.key == REFUSED[given]
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("given", [given for given, key in REFUSED.items() if key == ELSEWHERE])
def test_what_is_not_allowed_is_not_made_allowed_by_something_else(given: str) -> None:
    with pytest.raises(InputError):
        base_url(given, ("hex.example.com", "*.example.com", "http://127.0.0.1:9999", "https://[::2]"))


@pytest.mark.parametrize(
    ("allowed", "given", "whole"),
    [
        ("hex.example.com", "https://hex.example.com", "https://hex.example.com/api/v1"),
        ("Hex.Example.COM", "https://hex.example.com", "https://hex.example.com/api/v1"),
        ("hex.example.com", "HEX.EXAMPLE.COM:443/api", "https://hex.example.com/api/v1"),
        ("*.example.com", "https://a.b.example.com", "https://a.b.example.com/api/v1"),
        ("https://hex.example.com:8443", "https://hex.example.com:8443", "https://hex.example.com:8443/api/v1"),
        ("https://hex.example.com:8443/", "https://HEX.example.com:8443/v1", "https://hex.example.com:8443/v1"),
        ("https://hex.example.com", "https://hex.example.com:443", "https://hex.example.com/api/v1"),
        ("https://hex.example.com:443", "https://hex.example.com", "https://hex.example.com/api/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1"),
        ("http://localhost", "http://localhost:80/v1", "http://localhost/v1"),
        ("HTTP://LOCALHOST:9", "http://localhost:9", "http://localhost:9/api/v1"),
        ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/api/v1"),
        ("https://1.1.1.1", "https://1.1.1.1", "https://1.1.1.1/api/v1"),
    ],
)
def test_the_operator_can_allow_more(allowed: str, given: str, whole: str) -> None:
    assert base_url(given, (allowed,)) == whole


@pytest.mark.parametrize(
    ("allowed", "given"),
    [
        ("hex.example.com", "https://example.com"),
        ("hex.example.com", "https://a.hex.example.com"),
        ("hex.example.com", "https://hex.example.com:8443"),
        ("hex.example.com", "http://hex.example.com"),
        ("hex.example.com", "https://hex.example.com."),
        ("*.example.com", "https://example.com"),
        ("*.example.com", "https://evilexample.com"),
        ("*.example.com", "http://a.example.com"),
        ("*.example.com", "https://a.example.com.evil.com"),
        ("*", "https://evil.com"),
        ("*.", "https://evil.com"),
        ("*.*", "https://evil.com"),
        (".com", "https://evil.com"),
        ("", "https://evil.com"),
        ("1.1.1.1", "https://1.1.1.1"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://hex.example.com:8443", "https://hex.example.com"),
        ("https://hex.example.com:8443", "http://hex.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081"),
        ("http://127.0.0.1:8080", "https://127.0.0.1:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080@evil.com"),
        ("http://127.0.0.1", "http://127.0.0.1.evil.com"),
        ("https://*.example.com", "https://a.example.com"),
        ("http://[::1", "http://[::1"),
        ("http://[::1", "https://evil.com"),
        ("https://hex.example.com:99999", "https://hex.example.com:99999"),
        ("https://hex.example.com:port", "https://hex.example.com"),
        ("https://user@hex.example.com", "https://user@hex.example.com"),
        ("https://ｅ.example.com/℀", "https://evil.com"),
        ("ftp://hex.example.com", "ftp://hex.example.com"),
        ("://", "https://evil.com"),
        ("https://", "https://evil.com"),
    ],
)
def test_what_the_operator_allowed_allows_nothing_beside_it(allowed: str, given: str) -> None:
    with pytest.raises(InputError):
        base_url(given, (allowed,))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://evil.com/x", "evil.com"),
        ("http://app.hex.tech", "http://app.hex.tech"),
        ("https://app.hex.tech:8443", "https://app.hex.tech:8443"),
    ],
)
def test_a_refusal_names_what_is_wrong_with_the_address(given: str, said: str) -> None:
    with pytest.raises(HexError) as caught:
        base_url(given)

    assert caught.value.values["host"] == said
    assert said in caught.value.message()


@pytest.mark.parametrize(
    "given",
    [
        "https://user:secret-word@app.hex.tech",
        "user:secret-word@app.hex.tech",
        "https://app.hex.tech?token=secret-word",
        "https://app.hex.tech#secret-word",
        "https://a:b@c:secret-word@app.hex.tech",
        "hxtp_secret-word",
        "https://app.hex.tech/hxtw_secret-word?",
    ],
)
def test_a_refusal_does_not_repeat_a_secret(given: str) -> None:
    with pytest.raises(InputError) as caught:
        base_url(given)

    assert "secret-word" not in str(caught.value.document())


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        (None, ()),
        ("", ()),
        (" , ,", ()),
        ("hex.example.com", ("hex.example.com",)),
        (
            "hex.example.com, *.example.org\thttp://127.0.0.1:1\n",
            ("hex.example.com", "*.example.org", "http://127.0.0.1:1"),
        ),
    ],
)
def test_the_environment_lists_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, given: str | None, allowed: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", given or "")

    assert allowed_by_environment() == allowed
