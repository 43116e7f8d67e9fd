"""The adapter: what it sends, when it sends again, and how it reads every answer there is."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hex_blocks import Connection, HexError, Registry, __version__
from hex_blocks.api.hex_api import HIDDEN, MAX_REPLY_BYTES, HexApi
from hex_blocks.api.retrying import MAX_RETRIES
from hex_blocks.api.timing import Timing
from hex_blocks.clock import DrivenClock, SystemClock
from hex_blocks.errors.classes import KINDS, BusyError, HexDownError, InputError, NotFoundError, TokenError
from hex_blocks.errors.sentences import BY_STATUS, SENTENCES
from hex_blocks.runs.recovering import may_have_started
from tests.calling import hex_on
from tests.faulty import (
    LOGIN_PAGE,
    Act,
    Exchange,
    Faulty,
    drip_body,
    drip_headers,
    end,
    end_mid_body,
    end_mid_chunk,
    end_mid_headers,
    gzip_bomb,
    head,
    raw,
    reply,
    reset,
    reset_mid_body,
    silence,
    silence_mid_body,
    then_end,
)

TOKEN = "hxtp_marked_token_0123456789"
MUTATIONS = ("POST", "PUT", "PATCH", "DELETE")
DONE = reply(200, {"done": True})
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")

Connect = Callable[..., HexApi]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, *CERTIFICATE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Faulty]:
    with Faulty(DONE) as running:
        yield running


@pytest.fixture
def connect(clock: DrivenClock) -> Iterator[Connect]:
    """Make an adapter: connect(base_url) or connect(base_url, clock=…)."""
    made: list[Connection] = []

    def connect_to(base_url: str, **options: Any) -> HexApi:
        made.append(Connection(TOKEN, base_url, **{"clock": clock, "allowed_hosts": (base_url,), **options}))
        return made[-1].api

    yield connect_to
    for connection in made:
        connection.close()


@pytest.fixture
def api(server: Faulty, connect: Connect) -> HexApi:
    return connect(server.origin)


def refused(api: HexApi, method: str = "GET", **options: Any) -> HexError:
    """Give the error of a call that is expected to fail."""
    with pytest.raises(HexError) as caught:
        api.call(method, "/x", **options)
    return caught.value


# What is sent


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("{origin}", "/api/v1/x"),
        ("{origin}/", "/api/v1/x"),
        ("{origin}/api", "/api/v1/x"),
        ("{origin}/api/", "/api/v1/x"),
        ("{origin}/api/v1", "/api/v1/x"),
        ("{origin}/api/v1///", "/api/v1/x"),
        ("{origin}/v1", "/v1/x"),
        ("{origin}/gateway/hex/v1/", "/gateway/hex/v1/x"),
        ("{origin}/gateway", "/gateway/api/v1/x"),
        ("{origin}/gateway/api", "/gateway/api/v1/x"),
    ],
)
def test_a_base_url_is_taken_with_or_without_api_and_v1(
    server: Faulty, connect: Connect, given: str, target: str
) -> None:
    api = connect(given.format(origin=server.origin), allowed_hosts=(server.origin,))

    api.call("GET", "/x")

    assert server.requests[0].target == target


def test_a_request_carries_the_token_and_who_sends_it(api: HexApi, server: Faulty) -> None:
    api.call("GET", "/x")

    assert server.requests[0].headers == {
        "host": f"127.0.0.1:{server.port}",
        "authorization": f"Bearer {TOKEN}",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": f"hex-blocks/{__version__}",
    }


def test_a_list_in_a_query_is_sent_as_a_repeated_key(api: HexApi, server: Faulty) -> None:
    api.call("GET", "/x", query={"statuses": ["In review", "A&B=ü"], "limit": 5})

    assert server.requests[0].target == "/api/v1/x?statuses=In+review&statuses=A%26B%3D%C3%BC&limit=5"
    assert server.requests[0].query == [("statuses", "In review"), ("statuses", "A&B=ü"), ("limit", "5")]


@pytest.mark.parametrize("body", [{}, {"inputParams": {"größe": 1.5, "leer": None}, "dryRun": False}])
def test_a_body_is_sent_as_json(api: HexApi, server: Faulty, body: dict[str, Any]) -> None:
    api.call("POST", "/x", body=body)

    assert server.requests[0].json == body
    assert server.requests[0].headers["content-type"] == "application/json"
    assert server.requests[0].headers["content-length"] == str(len(server.requests[0].body))


def test_a_call_without_a_body_sends_none(api: HexApi, server: Faulty) -> None:
    api.call("POST", "/x")

    assert server.requests[0].body == b""
    assert server.requests[0].headers["content-length"] == "0"
    assert "content-type" not in server.requests[0].headers


def test_a_file_is_sent_as_multipart_with_the_values_as_fields(api: HexApi, server: Faulty) -> None:
    api.call("POST", "/x", body={"verbose": True, "name": "m"}, files={"model": ("m.zip", b"\x00PK")})

    sent = server.requests[0]
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="verbose"\r\n\r\ntrue\r\n' in sent.body
    assert b'name="model"; filename="m.zip"\r\n' in sent.body
    assert b"\x00PK" in sent.body


@pytest.mark.parametrize(
    ("project_id", "run_id", "path"),
    [
        ("../groups/x?y=", "a/b#c", "/projects/..%2Fgroups%2Fx%3Fy%3D/runs/a%2Fb%23c"),
        ("a b", "%2e%2e", "/projects/a%20b/runs/%252e%252e"),
        ("ä\r\nHost: evil", "\\", "/projects/%C3%A4%0D%0AHost%3A%20evil/runs/%5C"),
    ],
)
def test_ids_are_quoted_before_they_meet_a_path(registry: Registry, project_id: str, run_id: str, path: str) -> None:
    sending = registry["hex_cancel_run"].build_request({"projectId": project_id, "runId": run_id})

    assert sending.path == path


@pytest.mark.parametrize("segment", [".", ".."])
def test_an_id_that_climbs_out_of_its_place_is_refused(registry: Registry, segment: str) -> None:
    with pytest.raises(InputError, match="runId must be an ID"):
        registry["hex_cancel_run"].build_request({"projectId": "p", "runId": segment})


@pytest.mark.parametrize(
    "run_id", ["../../groups/x", "x?y=1", "..", "78c33d18-170c-44d3-a227-b3194f134f73/../x", "x\n"]
)
def test_an_id_that_is_no_id_never_reaches_hex(
    registry: Registry, api: HexApi, server: Faulty, run_id: str, connection: Connection
) -> None:
    with pytest.raises(InputError) as caught:
        hex_on(connection).call("hex_cancel_run", {"projectId": run_id, "runId": run_id})

    assert [fault.key for fault in caught.value.faults] == ["not_uuid", "not_uuid"]
    assert server.requests == []


# The environment


def test_a_proxy_of_the_environment_is_used_and_read_once(
    monkeypatch: pytest.MonkeyPatch, server: Faulty, connect: Connect
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    api = connect("http://hex.example.com", allowed_hosts=("http://hex.example.com",))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    api.call("GET", "/x")
    api.call("GET", "/y")

    assert [request.target for request in server.requests] == [
        "http://hex.example.com/api/v1/x",
        "http://hex.example.com/api/v1/y",
    ]


def test_no_proxy_is_used_for_hosts_that_are_excepted(
    monkeypatch: pytest.MonkeyPatch, server: Faulty, connect: Connect
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert connect(server.origin).call("GET", "/x") == {"done": True}


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://127.0.0.1:1", "the proxy refused the connection"),
        ("http://me:secret@nowhere.invalid", "the name of the proxy is not known"),
        ("nowhere.invalid", "the name of the proxy is not known"),
    ],
)
def test_a_proxy_that_does_not_work_is_named_as_the_cause(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, proxy: str, reason: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)

    error = refused(connect("http://hex.example.com"))

    assert error.message() == f"hex.example.com cannot be reached: {reason}."


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://:0", "it is not an address"),
        ("http://[secret", "it is not an address"),
        ("http://127.0.0.1:99999", "it is not an address"),
        ("socks5://me:secret@127.0.0.1:1", "it begins with neither http:// nor https://"),
        ("ftp://me:secret@127.0.0.1:1", "it begins with neither http:// nor https://"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_meant_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, proxy: str, reason: str, variable: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    origin = "http://hex.example.com" if variable == "HTTP_PROXY" else "https://hex.example.com"

    with pytest.raises(HexError) as caught:
        connect(origin)

    error = caught.value
    assert error.key == "bad_proxy"
    assert error.message() == f"The proxy in {variable} cannot be used: {reason}."
    assert "secret" not in json.dumps(error.document(), default=str)


@pytest.mark.parametrize(
    ("who", "reason"),
    [("", "it asks for a user name and password"), ("me:secret@", "it does not accept the user name and password")],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_requires_a_login_is_reported(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, server: Faulty, who: str, reason: str, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", server.origin.replace("//", f"//{who}"))
    server.play(reply(407, b"<html>who are you?</html>", {"Proxy-Authenticate": "Basic"}))

    error = refused(connect(f"{scheme}://hex.example.com"), "POST")

    assert error.message() == f"The proxy in {scheme}_proxy cannot be used: {reason}."
    assert len(server.requests) == 1
    assert not may_have_started(error)


def test_a_proxy_that_makes_no_way_tells_with_which_status(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, server: Faulty
) -> None:
    monkeypatch.setenv("https_proxy", server.origin)
    server.play(*[reply(403, b"no")] * 5)

    error = refused(connect("https://hex.example.com"))

    assert error.message() == "hex.example.com cannot be reached: the proxy refused the connection with status 403."


@pytest.mark.parametrize(
    ("held", "reason"), [(None, "No such file or directory"), ("no PEM", "it holds no certificates in PEM form")]
)
def test_certificates_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, server: Faulty, tmp_path: Path, held: str | None, reason: str
) -> None:
    file = tmp_path / "certificates"
    if held:
        file.write_text(held)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))

    error = refused(connect(server.origin.replace("http:", "https:")))

    assert error.key == "bad_certificates"
    said = f"The certificates in {file}, which REQUESTS_CA_BUNDLE names, cannot be read: {reason}."
    assert error.message() == said
    assert server.requests == []


def test_certificates_do_not_matter_without_tls(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, server: Faulty
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    server.play(*[reset] * 5)

    assert refused(connect(server.origin)).key == "connection_lost"


def test_netrc_is_never_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Faulty, connect: Connect) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))

    connect(server.origin).call("GET", "/x")

    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_cookies_are_not_kept(api: HexApi, server: Faulty) -> None:
    server.play(reply(200, {}, {"Set-Cookie": "session=1; Path=/"}))

    api.call("GET", "/x")
    api.call("GET", "/x")

    assert ["cookie" in request.headers for request in server.requests] == [False, False]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own for 127.0.0.1, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [openssl, "req", "-x509", "-days", "2", *key, *names, "-keyout", file, "-out", f"{file}.crt"],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[Faulty]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Faulty(DONE, tls=context) as running:
        yield running


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_the_environment_are_trusted_and_read_once(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, tls_server: Faulty, connect: Connect, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    api = connect(tls_server.origin)
    monkeypatch.setenv(variable, "/nowhere")

    assert api.call("GET", "/x") == {"done": True}


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: Faulty, connect: Connect) -> None:
    error = refused(connect(tls_server.origin))

    assert error.key == "bad_certificate"
    assert tls_server.requests == []


def test_a_server_without_tls_is_not_said_to_have_a_bad_certificate(server: Faulty, connect: Connect) -> None:
    error = refused(connect(server.origin.replace("http:", "https:")))

    assert error.key == "no_network"
    assert "secure" in error.message()


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", *MUTATIONS])
def test_a_redirect_is_never_followed(api: HexApi, server: Faulty, method: str, status: int) -> None:
    with Faulty(DONE) as elsewhere:
        server.play(reply(status, {}, {"Location": f"{elsewhere.origin}/api/v1/x"}))

        error = refused(api, method)

        assert (error.key, error.status) == ("redirected", status)
        assert elsewhere.connections == 0
        assert len(server.requests) == 1


def test_a_redirect_within_the_host_is_not_followed_either(api: HexApi, server: Faulty) -> None:
    server.play(reply(302, {}, {"Location": "/login"}))

    assert refused(api).key == "redirected"
    assert len(server.requests) == 1


# Sent again, or not

PASSING: dict[str, Act] = {
    "429": reply(429, {}, {"Retry-After": "1"}),
    "502": reply(502, LOGIN_PAGE),
    "503": reply(503, b""),
    "504": reply(504, {"reason": "later"}),
    "end": end,
    "reset": reset,
    "reset mid-body": reset_mid_body,
    "end mid-body": end_mid_body,
    "end mid-chunk": end_mid_chunk,
    "end mid-headers": end_mid_headers,
}
FAULTS = {name: act for name, act in PASSING.items() if name != "429"} | {"500": reply(500, {})}


@pytest.mark.parametrize("fault", PASSING)
def test_a_get_is_sent_again_after_a_passing_fault(api: HexApi, server: Faulty, fault: str) -> None:
    server.play(PASSING[fault], PASSING[fault], DONE)

    assert api.call("GET", "/x") == {"done": True}
    assert len(server.requests) == 3


@pytest.mark.parametrize("act", [silence, silence_mid_body])
def test_a_get_is_sent_again_after_a_timeout(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act, DONE)

    assert api.call("GET", "/x", timing=Timing(read=0.1)) == {"done": True}
    assert len(server.requests) == 2


def test_a_get_is_sent_again_when_a_connection_was_refused(connect: Connect) -> None:
    with Faulty(DONE, listen=False) as server:
        api = connect(server.origin)

        assert api.call("GET", "/x", timing=Timing(on_wait=lambda *_: server.listen())) == {"done": True}


def test_a_request_that_is_held_up_after_its_turn_is_counted_when_it_is_sent(
    connect: Connect, server: Faulty, clock: DrivenClock
) -> None:
    api = connect(server.origin, limits={"all": ((2, 60),)})
    held_up = [30.0]

    api.call("POST", "/x", timing=Timing(on_send=lambda: clock.advance(held_up.pop() if held_up else 0)))

    assert api.budget.left() == 0
    clock.advance(32)
    assert api.budget.left() == 1


def test_a_request_that_is_always_held_up_is_sent_all_the_same(
    connect: Connect, server: Faulty, clock: DrivenClock
) -> None:
    api = connect(server.origin, limits={"all": ((60, 60),)})

    assert api.call("POST", "/x", timing=Timing(on_send=lambda: clock.advance(1.2))) == {"done": True}
    assert api.budget.left() == 58


@pytest.mark.parametrize("fault", ["502", "503", "504", "end", "reset", "reset mid-body", "end mid-body"])
def test_a_get_is_given_up_after_a_few_attempts_with_capped_pauses(
    api: HexApi, server: Faulty, clock: DrivenClock, fault: str
) -> None:
    pauses: list[float] = []
    server.play(PASSING[fault])

    refused(api, timing=Timing(on_wait=lambda seconds, _: pauses.append(seconds)))

    assert len(server.requests) == 1 + MAX_RETRIES
    assert pauses == sorted(pauses)
    assert max(pauses) <= 8
    assert clock.monotonic() == pytest.approx(sum(pauses))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", MUTATIONS)
def test_a_mutation_is_never_repeated_after_a_fault(api: HexApi, server: Faulty, method: str, fault: str) -> None:
    server.play(FAULTS[fault], DONE)

    refused(api, method, body={})

    assert len(server.requests) == 1


@pytest.mark.parametrize("method", MUTATIONS)
def test_a_mutation_is_never_repeated_after_a_timeout(api: HexApi, server: Faulty, method: str) -> None:
    server.play(silence, DONE)

    error = refused(api, method, body={}, timing=Timing(read=0.1))

    assert error.key == "timeout"
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", MUTATIONS)
def test_a_mutation_that_hex_refused_to_look_at_is_sent_again(api: HexApi, server: Faulty, method: str) -> None:
    server.play(PASSING["429"], PASSING["429"], DONE)

    api.call(method, "/x", body={"a": 1})

    assert [request.json for request in server.requests] == [{"a": 1}] * 3


def test_a_start_is_sent_again_after_a_503_which_means_that_no_run_was_created(api: HexApi, server: Faulty) -> None:
    server.play(reply(503, {"reason": "no kernel"}), DONE)

    api.call("POST", "/x", body={}, refused_by_503=True, error_keys={"503": "no_free_kernel"})

    assert len(server.requests) == 2


def test_a_start_is_sent_again_after_a_503_whatever_the_spec_calls_it(api: HexApi, server: Faulty) -> None:
    server.play(reply(503, {"reason": "no kernel"}), DONE)

    api.call("POST", "/x", body={}, refused_by_503=True)

    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 500, 501])
def test_what_will_not_pass_is_not_sent_again(api: HexApi, server: Faulty, status: int) -> None:
    server.play(reply(status, {}), DONE)

    assert refused(api).status == status
    assert len(server.requests) == 1


# When to come back


def in_seconds(seconds: float) -> Callable[[DrivenClock], str]:
    return lambda clock: format_datetime(datetime.fromtimestamp(clock.time() + seconds, UTC), usegmt=True)


def fixed(value: str) -> Callable[[DrivenClock], str]:
    return lambda _: value


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("Retry-After", fixed("7"), 7),
        ("Retry-After", fixed("0"), 1),
        ("Retry-After", fixed("-5"), 1),
        ("Retry-After", fixed("2.5"), 3),
        ("Retry-After", in_seconds(30), 30),
        ("Retry-After", in_seconds(-30), 1),
        ("Retry-After", fixed("soon"), 60),
        ("Retry-After", fixed("nan"), 60),
        ("RateLimit-Reset", fixed("9"), 9),
        ("X-RateLimit-Reset", fixed("11"), 11),
        ("X-RateLimit-Reset", lambda clock: str(round(clock.time()) + 13), 13),
        ("X-RateLimit-Reset", lambda clock: str(round(clock.time() * 1000) + 13_000), 13),
        ("X-Nothing", fixed(""), 60),
    ],
)
def test_a_refusal_is_waited_out_as_long_as_hex_says(
    api: HexApi, server: Faulty, clock: DrivenClock, header: str, value: Callable[[DrivenClock], str], seconds: float
) -> None:
    server.play(reply(429, {}, {header: value(clock)}), DONE)

    api.call("GET", "/x")

    assert seconds - 1 <= clock.monotonic() <= seconds + 2


def test_the_first_header_that_can_be_read_says_when_to_come_back(
    api: HexApi, server: Faulty, clock: DrivenClock
) -> None:
    server.play(reply(429, {}, {"Retry-After": "later", "RateLimit-Reset": "4"}), DONE)

    api.call("GET", "/x")

    assert 4 <= clock.monotonic() <= 5


@pytest.mark.parametrize("value", ["inf", "-inf", "1e999", "-1e999", "9" * 400, "1e308"])
@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
def test_a_time_beyond_all_reason_is_an_error_and_no_crash(
    api: HexApi, server: Faulty, header: str, value: str
) -> None:
    server.play(reply(429, {}, {header: value}), then_end(DONE))

    outcome = refused(api, timing=Timing(patience=0.5))

    assert outcome.key == "rate_limited"
    assert 1 <= outcome.values["seconds"] <= 3_600


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40))
def test_any_text_may_stand_in_a_header(server: Faulty, connect: Connect, value: str) -> None:
    server.play(reply(429, {}, {"Retry-After": value}))

    with Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), clock=DrivenClock()) as connection:
        error = refused(connection.api, timing=Timing(patience=0.5))

    assert 1 <= error.values["seconds"] <= 3_600


def test_a_wait_beyond_the_callers_patience_is_an_error_that_says_how_long(
    api: HexApi, server: Faulty, clock: DrivenClock
) -> None:
    server.play(reply(429, {}, {"Retry-After": "300"}))

    error = refused(api, timing=Timing(patience=120))

    assert isinstance(error, BusyError)
    assert error.key == "rate_limited"
    assert error.document()["retry_after"] == 300
    assert "300 seconds" in str(error)
    assert clock.monotonic() == 0


def test_refusals_without_end_are_waited_for_until_patience_ends(
    api: HexApi, server: Faulty, clock: DrivenClock
) -> None:
    server.play(reply(429, {}, {"Retry-After": "20"}))

    error = refused(api, timing=Timing(patience=120))

    assert error.key == "rate_limited"
    assert 80 <= clock.monotonic() <= 120
    assert len(server.requests) >= 5


def test_a_stop_ends_a_wait(api: HexApi, server: Faulty, clock: DrivenClock) -> None:
    stop = threading.Event()
    server.play(reply(429, {}, {"Retry-After": "20"}))

    error = refused(api, timing=Timing(stop=stop, on_wait=lambda *_: stop.set()))

    assert error.key == "rate_limited"
    assert clock.monotonic() == 0
    assert len(server.requests) == 1


def test_whoever_asked_is_told_of_each_wait(api: HexApi, server: Faulty) -> None:
    told: list[tuple[float, str]] = []
    server.play(reply(429, {}, {"Retry-After": "3"}), reply(502, {}), DONE)

    api.call("GET", "/x", timing=Timing(on_wait=lambda seconds, error: told.append((seconds, error.key))))

    assert [key for _, key in told] == ["rate_limited", "hex_down"]
    assert 3 <= told[0][0] <= 4


@pytest.mark.parametrize("drip", [drip_headers, drip_body])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_only_drips_ends_with_patience(
    api: HexApi, server: Faulty, clock: DrivenClock, drip: Callable[[Any], Act], method: str
) -> None:
    server.play(drip(lambda: clock.advance(1)))

    error = refused(api, method, timing=Timing(read=30.0, patience=30.0))

    assert error.key == "timeout"
    assert "within 30 seconds" in error.message()
    assert clock.monotonic() >= 30
    assert len(server.requests) == 1


# Errors as Hex words them

REFUSALS: dict[str, tuple[int, Any, str, str, str | None]] = {
    "older, with details": (
        400,
        {"reason": "Bad limit", "details": "limit must be at most 100", "traceId": "t-1"},
        "request_refused",
        "Bad limit; limit must be at most 100",
        "t-1",
    ),
    "older, bare": (
        403,
        {"reason": "Insufficient access", "traceId": "t-2"},
        "no_permission",
        "Insufficient access",
        "t-2",
    ),
    "newer, with issues": (
        400,
        {
            "message": "Invalid input",
            "code": "BAD_REQUEST",
            "issues": [{"message": "limit: too big"}, {"message": "x"}],
        },
        "request_refused",
        "Invalid input; limit: too big; x",
        None,
    ),
    "newer, bare": (404, {"message": "No such user", "code": "NOT_FOUND"}, "not_found", "No such user", None),
    "bare text": (401, b"Unauthorized", "token_refused", "did not accept the token", None),
    "bare text said": (403, b"Forbidden for you", "no_permission", "Forbidden for you", None),
    "a list of faults": (
        422,
        {
            "reason": "Some are unknown",
            "details": [
                {"name": "orders", "type": "TABLE", "reason": "not found"},
                {"name": "people", "type": "TABLE", "reason": "no access", "value": "x"},
            ],
            "traceId": "t-3",
        },
        "request_refused",
        "Some are unknown; orders: not found; people: no access",
        "t-3",
    ),
    "a page": (403, LOGIN_PAGE, "no_permission", "it gave no reason", None),
    "nothing": (400, b"", "request_refused", "it gave no reason", None),
    "a list": (400, ["a", "b"], "request_refused", "it gave no reason", None),
    "a word": (400, "just a word", "request_refused", "just a word", None),
    "a number": (400, 5, "request_refused", "it gave no reason", None),
    "null": (400, None, "request_refused", "it gave no reason", None),
    "not published": (
        422,
        {"reason": "The project has never been published"},
        "not_published",
        "never been published",
        None,
    ),
    "no published version": (
        400,
        {"reason": "The project has no published version"},
        "not_published",
        "no published version",
        None,
    ),
    "a refused publication": (
        400,
        {"reason": "The guide cannot be published: it has no path"},
        "request_refused",
        "cannot be published",
        None,
    ),
    "odd values": (
        400,
        {"reason": {"a": 1}, "details": [1, None, {"message": ["x"]}], "issues": "y", "traceId": 7, "message": "m"},
        "request_refused",
        "Hex refused the request",
        None,
    ),
    "control characters": (
        400,
        {"reason": "a\u001b[31mb\r\nc\u009b\u202ed", "traceId": "t\n4"},
        "request_refused",
        "a [31mb  c  d",
        "t 4",
    ),
    "very long": (400, {"reason": "x" * 100_000, "traceId": "t" * 1000}, "request_refused", "x" * 500 + "…", "t" * 100),
}


@pytest.mark.parametrize("form", REFUSALS)
def test_every_form_of_error_body_is_read(api: HexApi, server: Faulty, form: str) -> None:
    status, body, key, said, trace_id = REFUSALS[form]
    server.play(reply(status, json.dumps(body).encode() if not isinstance(body, bytes) else body))

    error = refused(api)

    assert (error.key, error.status, error.trace_id) == (key, status, trace_id)
    assert said in error.message()


def test_bad_input_parameters_are_named(api: HexApi, server: Faulty) -> None:
    wrong = {"dataType": "number", "inputCellType": "slider", "paramName": "threshold", "paramValue": '"high"'}
    server.play(reply(422, {"traceId": "t-5", "invalid": [wrong], "notFound": ["color"]}))

    error = refused(api, "POST", body={})

    assert (error.key, error.status, error.trace_id) == ("bad_parameters", 422, "t-5")
    assert error.values["invalid"] == [wrong]
    assert error.values["notFound"] == ["color"]
    assert 'threshold does not take "high": it is of type number.' in error.message()
    assert "color is not an input of this project." in error.message()


@pytest.mark.parametrize("body", [{"invalid": [], "notFound": []}, {"notFound": []}, {"invalid": []}])
def test_an_empty_list_of_bad_parameters_is_no_complaint_about_parameters(
    api: HexApi, server: Faulty, body: dict[str, Any]
) -> None:
    server.play(reply(422, {"reason": "Something else", **body}))

    error = refused(api)

    assert error.key == "request_refused"
    assert "Something else" in error.message()


def test_a_flood_of_bad_parameters_is_cut_short(api: HexApi, server: Faulty) -> None:
    wrong = {
        "paramName": "n\u001b" * 5000,
        "paramValue": "v" * 10_000,
        "dataType": ["x"] * 1000,
        "inputCellType": {"a": 1},
    }
    server.play(reply(422, {"invalid": [wrong] * 500, "notFound": ["x" * 10_000] * 500}))

    error = refused(api)

    assert error.key == "bad_parameters"
    assert len(json.dumps(error.document())) < 100_000
    assert "\\u001b" not in json.dumps(error.document())


@pytest.mark.parametrize("status", BY_STATUS)
def test_every_status_has_its_error(api: HexApi, server: Faulty, status: int) -> None:
    server.play(reply(status, {"reason": "so it is", "traceId": "t-6"}, {"Retry-After": "500"}))

    error = refused(api, "POST")

    assert (error.key, error.status, error.trace_id) == (BY_STATUS[status], status, "t-6")
    assert isinstance(error, KINDS[SENTENCES[BY_STATUS[status]].kind])
    assert "{" not in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "key"),
    [
        (401, TokenError, "token_refused"),
        (403, TokenError, "no_permission"),
        (404, NotFoundError, "not_found"),
        (418, InputError, "request_refused"),
        (429, BusyError, "rate_limited"),
        (500, HexDownError, "hex_failed"),
        (502, HexDownError, "hex_down"),
        (508, HexDownError, "hex_failed"),
        (599, HexDownError, "hex_failed"),
        (999, HexDownError, "hex_failed"),
    ],
)
def test_errors_are_classed_by_remedy(api: HexApi, server: Faulty, status: int, kind: type[HexError], key: str) -> None:
    server.play(reply(status, {}, {"Retry-After": "500"}))

    error = refused(api, "POST")

    assert isinstance(error, kind)
    assert error.key == key


def test_the_message_of_a_failure_names_its_status(api: HexApi, server: Faulty) -> None:
    server.play(reply(508, {"traceId": "t-7"}))

    error = refused(api)

    assert "508" in error.message()
    assert error.document() == {
        "error": "hex_failed",
        "kind": "down",
        "status": 508,
        "trace_id": "t-7",
        "message": error.message(),
        "hint": error.hint(),
    }


def test_a_spec_may_mean_more_by_a_status(api: HexApi, server: Faulty) -> None:
    server.play(reply(422, {"reason": "It is COMPLETED.", "traceId": "t-8"}))

    error = refused(api, "DELETE", error_keys={"422": "run_ended_already"})

    assert (error.key, error.trace_id) == ("run_ended_already", "t-8")
    assert "It is COMPLETED." in error.message()


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("key", sorted(set(BY_STATUS.values())))
def test_any_key_of_the_table_may_stand_for_any_status(api: HexApi, server: Faulty, status: int, key: str) -> None:
    server.play(reply(status, {"reason": "because"}, {"Retry-After": "500"}))

    error = refused(api, "POST", error_keys={str(status): key}, refused_by_503=True)

    assert error.key == key
    assert error.message()


# Errors of the way there


def test_a_name_that_is_not_known_says_so(connect: Connect) -> None:
    error = refused(connect("http://no-such-host.invalid"))

    assert error.key == "no_network"
    assert "name" in error.message()


def test_nobody_at_the_address_says_so(connect: Connect) -> None:
    with Faulty(DONE, listen=False) as server:
        error = refused(connect(server.origin), "POST")

    assert error.key == "no_network"
    assert "nothing answers" in error.message()


@pytest.mark.parametrize(
    "fault", ["end", "reset", "reset mid-body", "end mid-body", "end mid-chunk", "end mid-headers"]
)
def test_a_connection_that_breaks_says_so(api: HexApi, server: Faulty, fault: str) -> None:
    server.play(PASSING[fault])

    error = refused(api, "POST")

    assert error.key == "connection_lost"
    assert error.values == {"host": f"127.0.0.1:{server.port}", "outcome": "unknown"}


@pytest.mark.parametrize("act", [silence, silence_mid_body])
def test_silence_ends_with_the_read_timeout(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act)

    error = refused(api, "POST", timing=Timing(read=0.1))

    assert error.key == "timeout"
    assert error.values["timeout"] == 0.1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 xyz What\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n{}",
        b"\x00\xff\xfe" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnogzi",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 5\r\n\r\n\xff\xff\xff\xff\xff",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: " + b"gzip, " * 40 + b"gzip\r\nContent-Length: 5\r\n\r\nnogzi",
    ],
)
def test_what_is_no_http_is_an_error_of_the_connection(api: HexApi, server: Faulty, data: bytes) -> None:
    server.play(raw(data))

    assert refused(api, "POST").key in ("connection_lost", "not_hex")


# Answers


NOTHING = {
    "bare 204": reply(204, b"", {"Content-Length": ""}),
    "204": reply(204, b""),
    "null": reply(200, b"null"),
}
EMPTY = {
    "200": reply(200, b""),
    "blanks": reply(201, b" \r\n"),
    "length 0": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    "no chunks": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize(
    ("method", "act"),
    [("DELETE", each) for each in NOTHING.values()] + [("GET", each) for each in (NOTHING | EMPTY).values()],
)
def test_an_empty_answer_is_nothing(api: HexApi, server: Faulty, act: Act, method: str) -> None:
    server.play(act)

    assert api.call(method, "/x") is None


@pytest.mark.parametrize("act", EMPTY.values(), ids=EMPTY)
def test_a_write_that_is_answered_with_nothing_but_without_204_is_lost(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act)

    error = refused(api, "DELETE")

    assert (error.key, error.values["outcome"], len(server.requests)) == ("not_hex", "unknown", 1)
    assert "look in Hex" in error.hint()


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("act", [reset, end_mid_body, reply(200, LOGIN_PAGE, kind="text/html"), reply(200, [1])])
def test_only_a_lost_answer_to_a_write_leaves_open_what_hex_did(
    api: HexApi, server: Faulty, act: Act, method: str
) -> None:
    server.play(act)

    error = refused(api, method)

    assert error.values.get("outcome") == (None if method == "GET" else "unknown")


@pytest.mark.parametrize(
    "act",
    [
        raw(head(204, {"Content-Length": "13"}) + b'{"done": true'),
        raw(head(204, {"Content-Length": "13"})),
        raw(head(204, {}) + LOGIN_PAGE),
    ],
)
def test_a_204_is_a_success_whatever_comes_with_it(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act, DONE)

    assert api.call("DELETE", "/x") is None
    assert api.call("GET", "/x") == {"done": True}


@pytest.mark.parametrize(
    "act",
    [
        reply(200, {"a": 1}, kind="text/plain"),
        reply(200, {"a": 1}, kind="text/html; charset=utf-8"),
        reply(200, {"a": 1}, {"Content-Type": ""}),
        reply(200, b'\xef\xbb\xbf{"a": 1}'),
        reply(200, b' \n\t{"a":\r\n1}\n'),
        reply(206, {"a": 1}),
        then_end(reply(200, {"a": 1}, {"Content-Length": ""})),
        raw(head(200, {"Transfer-Encoding": "chunked"}) + b'4\r\n{"a"\r\n5\r\n: 1 }\r\n0\r\n\r\n'),
        raw(head(200, {"Transfer-Encoding": "chunked", "Content-Length": "999"}) + b'8\r\n{"a": 1}\r\n0\r\n\r\n'),
        raw(head(200, {"Content-Length": "abc"}) + b'{"a": 1}'),
        raw(head(200, {"Content-Length": "-1"}) + b'{"a": 1}'),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" + head(200, {"Content-Length": "8"}) + b'{"a": 1}'),
        raw(b"HTTP/1.0 200 OK\r\n\r\n" + b'{"a": 1}'),
        reply(200, b'{"a": 1}', reason="\xfc\xff\x80"),
        reply(200, b'{"a": 0, "a": 1}'),
    ],
)
def test_json_is_read_however_it_is_wrapped(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act)

    assert api.call("GET", "/x") == {"a": 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (LOGIN_PAGE, "web page"),
        (b"  <html>", "web page"),
        (b'{"values": [', "did not send JSON"),
        (b"<", "web page"),
        (b"hello", "did not send JSON"),
        (b"\x00", "did not send JSON"),
        (b'{"a": NaN}', "did not send JSON"),
        (b'{"a": Infinity}', "did not send JSON"),
        (b'{"a": -Infinity}', "did not send JSON"),
        (b'{"a": 1e999}', "did not send JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "did not send JSON"),
        (b'{"a": "\xff\xfe"}', "did not send JSON"),
        (b'{"a": "\xed\xa0\x80"}', "did not send JSON"),
        ('{"a": 1}'.encode("utf-16"), "did not send JSON"),
        ('{"a": 1}'.encode("utf-32-le"), "did not send JSON"),
        (b"[" * 100_000, "did not send JSON"),
        (b'{"a":' * 100_000, "did not send JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "did not send JSON"),
        (b"[]", "not an object"),
        (b'["a"]', "not an object"),
        (b'"text"', "not an object"),
        (b"7", "not an object"),
        (b"true", "not an object"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_hex_would_never_answer_is_refused(
    api: HexApi, server: Faulty, body: bytes, reason: str, method: str
) -> None:
    server.play(reply(200, body))

    error = refused(api, method)

    assert error.key == "not_hex"
    assert reason in error.message()
    assert len(server.requests) == 1


def test_a_page_of_a_proxy_is_known_by_its_content_type(api: HexApi, server: Faulty) -> None:
    server.play(reply(200, b"Please sign in", kind="text/html"))

    assert "web page" in refused(api).message()


def test_halves_of_characters_never_come_out(api: HexApi, server: Faulty) -> None:
    server.play(reply(200, rb'{"title": "a\ud800b", "k\udfff": ["\uDBFF", "\ud83d\ude00"]}'))

    assert api.call("GET", "/x") == {"title": "a\ufffdb", "k\ufffd": ["\ufffd", "😀"]}


def test_a_body_shorter_than_it_says_is_a_lost_connection(api: HexApi, server: Faulty) -> None:
    server.play(raw(head(200, {"Content-Length": "50"}) + b'{"a": 1}'))

    assert refused(api, "POST").key == "connection_lost"


def test_a_body_longer_than_it_says_is_cut_and_spoils_nothing(api: HexApi, server: Faulty) -> None:
    server.play(reply(200, b'{"a": 1}{"b": 2}', {"Content-Length": "8"}), DONE)

    assert api.call("GET", "/x") == {"a": 1}
    assert api.call("GET", "/x") == {"done": True}


def test_a_compressed_answer_is_read(api: HexApi, server: Faulty) -> None:
    import gzip

    server.play(reply(200, gzip.compress(b'{"a": "' + b"x" * 100_000 + b'"}'), {"Content-Encoding": "gzip"}))

    assert api.call("GET", "/x") == {"a": "x" * 100_000}


def test_an_answer_of_bombs_is_not_unpacked(api: HexApi, server: Faulty) -> None:
    server.play(gzip_bomb)

    error = refused(api)

    assert error.key == "reply_too_large"
    assert len(server.requests) == 1


def flood(exchange: Exchange) -> None:
    """Send one byte too many."""
    exchange.send(head(200, {"Content-Type": "application/json"}))
    piece = b" " * 1024 * 1024
    for _ in range(MAX_REPLY_BYTES // len(piece)):
        exchange.send(piece)
    exchange.send(b"1")
    exchange.close()


def test_an_answer_without_end_is_not_read_to_it(api: HexApi, server: Faulty) -> None:
    server.play(flood)

    error = refused(api)

    assert error.key == "reply_too_large"
    assert error.values["megabytes"] == 64


# The token in answers

ECHOES = {
    "plain": f'{{"a": "x {TOKEN} y"}}'.encode(),
    "as a key": f'{{"a": {{"{TOKEN}": 1}}}}'.encode(),
    "escaped": '{{"a": "{}"}}'.format("".join(f"\\u{ord(letter):04x}" for letter in TOKEN)).encode(),
    "partly escaped": f'{{"a": ["\\u0068{TOKEN[1:]}"]}}'.encode(),
}


@pytest.mark.parametrize("form", ECHOES)
def test_a_token_that_hex_sends_back_is_hidden(api: HexApi, server: Faulty, form: str) -> None:
    server.play(reply(200, ECHOES[form]))

    answer = api.call("GET", "/x")

    assert TOKEN not in str(answer)
    assert HIDDEN in str(answer)


@pytest.mark.parametrize("form", ECHOES)
def test_a_token_in_an_error_body_is_hidden(api: HexApi, server: Faulty, form: str) -> None:
    server.play(reply(400, ECHOES[form].replace(b'"a"', b'"reason"')))

    assert TOKEN not in str(refused(api).document())


@pytest.mark.parametrize("token", ["x", "1", "true", "{", "null,"])
def test_a_token_too_short_to_be_one_does_not_spoil_answers(server: Faulty, clock: DrivenClock, token: str) -> None:
    server.play(reply(200, {"a": "xylophone", "b": [1, True, None]}))

    with Connection(token, server.origin, allowed_hosts=(server.origin,), clock=clock) as connection:
        assert connection.api.call("GET", "/x") == {"a": "xylophone", "b": [1, True, None]}


# Connections


@pytest.mark.parametrize(
    "act",
    [DONE, reply(204, b""), reply(204, b"", {"Content-Length": ""})],
    ids=["200", "204", "204 bare"],
)
def test_a_connection_is_kept_and_used_again(api: HexApi, server: Faulty, act: Act) -> None:
    server.play(act)

    answers = [api.call("DELETE", "/x") for _ in range(10)]

    assert len(answers) == len(server.requests) == 10
    assert server.connections == 1


def test_a_connection_is_kept_after_an_error_too(api: HexApi, server: Faulty) -> None:
    server.play(reply(404, {"reason": "no"}))

    refused(api)
    refused(api)

    assert server.connections == 1


def test_a_connection_that_hex_closed_meanwhile_is_no_error(api: HexApi, server: Faulty) -> None:
    server.play(then_end(DONE))

    assert [api.call("GET", "/x") for _ in range(5)] == [{"done": True}] * 5


def test_threads_share_an_adapter(server: Faulty, connect: Connect) -> None:
    server.play(lambda exchange: reply(200, {"query": dict(exchange.request.query)})(exchange))
    api = connect(server.origin, limits={"all": ()})
    numbers = [str(number) for number in range(200)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: api.call("GET", "/x", query={"n": number}), numbers))

    assert answers == [{"query": {"n": number}} for number in numbers]
    assert server.connections <= 8


def test_a_closed_connection_can_be_used_again(server: Faulty, clock: DrivenClock) -> None:
    connection = Connection(TOKEN, server.origin, allowed_hosts=(server.origin,), clock=clock)
    connection.api.call("GET", "/x")
    connection.close()

    assert connection.api.call("GET", "/x") == {"done": True}
    connection.close()


def test_an_empty_answer_that_was_cut_off_is_no_success(api: HexApi, server: Faulty) -> None:
    server.play(raw(head(200, {"Content-Type": "application/json"})))

    assert refused(api, "DELETE").key == "connection_lost"


def test_an_adapter_shows_its_host_and_no_token(api: HexApi, server: Faulty) -> None:
    assert repr(api) == str(api) == f"HexApi('{server.base_url}')"


def test_the_machines_clock_waits_for_real(server: Faulty, connect: Connect) -> None:
    server.play(reply(502, {}), DONE)

    assert connect(server.origin, clock=SystemClock()).call("GET", "/x") == {"done": True}


def test_the_trace_id_of_a_newer_error_comes_from_its_header(api: HexApi, server: Faulty) -> None:
    body = {"message": "No", "code": "FORBIDDEN"}
    server.play(
        reply(403, body, {"x-trace-id": "abc-123"}), reply(403, {**body, "traceId": "own"}, {"x-trace-id": "b"})
    )

    assert refused(api).trace_id == "abc-123"
    assert refused(api).trace_id == "own"


@pytest.mark.parametrize("query", [None, {}, {"statuses": []}])
def test_a_request_that_asks_for_nothing_has_no_question_mark(api: HexApi, server: Faulty, query: Any) -> None:
    server.play(reply(200, {}))

    api.call("GET", "/projects", query=query)

    assert server.requests[0].target == "/api/v1/projects"
