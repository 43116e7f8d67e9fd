"""Hooks: subscribed, told, signed, sent again until they arrive, and never sent where they must not go."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

pytest.importorskip("starlette", reason="run by make test-hosts")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from hex_blocks.hosts.openapi.parts import HOOK_EVENTS
from hex_blocks.hosts.service.hooks import sending, signing
from hex_blocks.hosts.service.hooks.store import DELIVERED, GIVEN_UP, PENDING
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import KEY, Client, until
from tests.postgres import free_port

REPORT = {"projectId": REVENUE_REPORT}
OF_RUNS = {"events": ["run.completed", "run.errored"], "filter": {"projectIds": [REVENUE_REPORT]}}


class Receiver:
    """What is sent to a hook, and what it answers."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/hook").replace("localhost", "127.0.0.1")
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Response] = []
        server.expect_request("/hook").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, request.get_data()))
        return self.answers.pop(0) if self.answers else Response(status=204)

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


@pytest.fixture
def client(here, driven) -> Client:
    made: Client = here(loopback_hooks=True, clock=driven, watch=1.0)
    return made


def subscribe(client: Client, receiver: Receiver, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/hooks", {"targetUrl": receiver.url, "events": ["job.succeeded"], **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def find(client: Client) -> dict[str, Any]:
    """Do a job that ends at once."""
    return client.job(client.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}}))


def deliveries(client: Client, hook: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/hooks/{hook['id']}/deliveries").json()["deliveries"]
    return found


def newest(client: Client, hook: dict[str, Any]) -> dict[str, Any]:
    """Give a hook's newest message, once there is one."""
    found: dict[str, Any] = until(lambda: deliveries(client, hook))[0]
    return found


def tried(client: Client, hook: dict[str, Any], attempts: int) -> dict[str, Any]:
    """Give a hook's newest message once it has been sent so often."""
    found: dict[str, Any] = until(lambda: newest(client, hook), lambda each: each["attempts"] == attempts)
    return found


def test_a_job_that_has_ended_is_told_and_signed(client, receiver):
    hook = subscribe(client, receiver)

    job = find(client)
    until(lambda: receiver.got)

    headers, body = receiver.got[0]
    told = Webhook(hook["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["jobId"]) == ("job.succeeded", job["jobId"])
    assert told["data"]["statusUrl"] == f"/v1/jobs/{job['jobId']}"
    assert "result" not in told["data"]
    assert headers["content-type"] == "application/json"
    assert until(lambda: newest(client, hook), lambda each: each["status"] == "delivered")["attempts"] == 1


def test_a_run_that_has_ended_is_told(client, receiver, driven):
    hook = subscribe(client, receiver, **OF_RUNS)

    run = client.call("hex_run_and_wait", REPORT).json()
    driven.advance(5)
    until(lambda: receiver.got)

    told = receiver.messages()[0]
    Webhook(hook["secret"]).verify(receiver.got[0][1], receiver.got[0][0])
    assert told["type"] == "run.completed"
    assert told["data"]["runId"] == run["runId"]
    assert set(told["data"]) == {"projectId", "runId", "status", "startTime", "endTime", "elapsedTime", "runUrl"}
    assert len(receiver.got[0][1]) < 20_000


def test_only_what_was_asked_for_is_told(client, receiver, driven):
    subscribe(client, receiver, events=["run.errored", "job.failed"], filter={"projectIds": [REVENUE_REPORT]})

    client.call("hex_run_and_wait", REPORT)
    find(client)
    failed = client.job(
        client.post(
            "/v1/jobs",
            {
                "tool": "hex_get_run_status",
                "inputs": {"projectId": REVENUE_REPORT, "runId": "00000000-0000-4000-8000-000000000000"},
            },
        )
    )
    driven.advance(5)
    until(lambda: receiver.got)

    assert [(each["type"], each["data"]["jobId"]) for each in receiver.messages()] == [("job.failed", failed["jobId"])]
    assert receiver.messages()[0]["data"]["problem"]["key"] == "not_found"


@pytest.mark.parametrize("status", [500, 301, 400])
def test_what_does_not_arrive_is_sent_again_with_the_same_id(status, client, receiver, driven):
    hook = subscribe(client, receiver)
    receiver.answers = [Response(status=status, headers={"Location": receiver.url}) for _ in range(2)]

    find(client)
    until(lambda: len(receiver.got) == 1)
    waiting = until(lambda: newest(client, hook), lambda each: each["attempts"] == 1)
    driven.advance(6)
    until(lambda: len(receiver.got) == 2)
    until(lambda: newest(client, hook), lambda each: each["attempts"] == 2)
    driven.advance(6 * 60)
    done = until(lambda: newest(client, hook), lambda each: each["status"] == "delivered")

    assert (waiting["status"], waiting["lastStatus"]) == ("pending", status)
    assert done["attempts"] == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == 3
    assert len({body for _, body in receiver.got}) == 1
    for headers, body in receiver.got[2:]:
        # The library compares the time of the last attempt with the machine's clock.
        assert headers["webhook-signature"] == signing.signature(
            hook["secret"], headers["webhook-id"], int(headers["webhook-timestamp"]), body.decode()
        )


def test_a_receiver_is_waited_for_as_long_as_it_asks(client, receiver, driven):
    hook = subscribe(client, receiver)
    receiver.answers = [Response(status=503, headers={"Retry-After": "1000"})]

    find(client)
    waiting = until(lambda: newest(client, hook), lambda each: each["attempts"] == 1)
    driven.advance(900)
    client.service.dispatcher.send_due()

    asked = dt.datetime.fromisoformat(waiting["nextAttemptAt"]) - dt.datetime.fromisoformat(waiting["createdAt"])
    assert asked >= dt.timedelta(seconds=999)
    assert len(receiver.got) == 1


def test_a_receiver_that_is_gone_ends_the_hook(client, receiver):
    hook = subscribe(client, receiver)
    receiver.answers = [Response(status=410)]

    find(client)
    ended = until(lambda: client.get(f"/v1/hooks/{hook['id']}").json(), lambda each: each["status"] == "disabled")

    assert ended["reason"] == "gone"
    until(lambda: newest(client, hook)["status"] == "failed")


def test_a_hook_is_switched_off_after_days_of_failure(client, receiver, driven):
    hook = subscribe(client, receiver)
    receiver.answers = [Response(status=500) for _ in range(30)]

    find(client)
    for attempt in range(1, 7):
        tried(client, hook, attempt)
        driven.advance(27 * 3600)
    find(client)
    until(lambda: client.get(f"/v1/hooks/{hook['id']}").json()["status"] == "disabled")

    assert client.get(f"/v1/hooks/{hook['id']}").json()["reason"] == "failing"
    until(lambda: {each["status"] for each in deliveries(client, hook)} == {"failed"})


def test_a_message_is_sent_again_on_request(client, receiver):
    hook = subscribe(client, receiver)
    find(client)
    until(lambda: newest(client, hook)["status"] == "delivered")

    message = deliveries(client, hook)[0]["id"]
    answer = client.post(f"/v1/hooks/{hook['id']}/deliveries/{message}/replay")
    until(lambda: len(receiver.got) == 2)

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"] == message
    assert client.post(f"/v1/hooks/{hook['id']}/deliveries/msg_no/replay").status_code == 404


def test_an_unsubscribed_hook_is_sent_nothing(client, receiver):
    hook = subscribe(client, receiver)

    gone = client.ask("DELETE", f"/v1/hooks/{hook['id']}")
    find(client)
    until(lambda: not client.service.hooks.jobs_without_events(10))
    client.service.dispatcher.send_due()

    assert (gone.status_code, gone.content) == (204, b"")
    assert client.ask("DELETE", f"/v1/hooks/{hook['id']}").status_code == 404
    assert receiver.got == []


def test_the_secret_is_told_once(client, receiver):
    hook = subscribe(client, receiver)

    assert hook["secret"].startswith("whsec_")
    assert "secret" not in client.get(f"/v1/hooks/{hook['id']}").json()
    assert "secret" not in client.get("/v1/hooks").json()["hooks"][0]


def test_samples_have_the_form_of_messages(client):
    samples = client.get("/v1/hooks/samples").json()

    assert {sample["type"] for sample in samples} == set(HOOK_EVENTS)
    assert client.get("/v1/hooks/samples?event=run.killed").json()[0]["data"]["status"] == "KILLED"
    assert client.get("/v1/hooks/samples?event=nothing").status_code == 400


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"events": ["job.failed"]}, "/targetUrl"),
        ({"targetUrl": "https://127.0.0.1.nip.invalid/", "events": ["job.failed"]}, "/targetUrl"),
        ({"targetUrl": "http://example.com/", "events": ["job.failed"]}, "/targetUrl"),
        ({"targetUrl": "https://10.0.0.1/", "events": ["job.failed"]}, "/targetUrl"),
        ({"targetUrl": "https://user:pass@1.1.1.1/", "events": ["job.failed"]}, "/targetUrl"),
        ({"targetUrl": "https://1.1.1.1/"}, "/events"),
        ({"targetUrl": "https://1.1.1.1/", "events": ["job.failed", "x"]}, "/events"),
        ({"targetUrl": "https://1.1.1.1/", "events": ["run.killed"]}, "/filter/projectIds"),
        (
            {"targetUrl": "https://1.1.1.1/", "events": ["run.killed"], "filter": {"projectIds": "x"}},
            "/filter/projectIds",
        ),
    ],
)
def test_a_hook_that_is_not_valid(body, pointer, client):
    answer = client.post("/v1/hooks", body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_a_project_that_is_not_there_is_told_at_once(client, receiver):
    answer = client.post(
        "/v1/hooks",
        {
            "targetUrl": receiver.url,
            "events": ["run.killed"],
            "filter": {"projectIds": ["00000000-0000-4000-8000-000000000000"]},
        },
    )

    assert answer.status_code == 404


def test_this_machine_is_told_nothing_unless_the_operator_allows_it(here, receiver):
    answer = here().post("/v1/hooks", {"targetUrl": receiver.url, "events": ["job.failed"]})

    assert answer.status_code == 422


def test_runs_are_watched_for_a_caller_only_where_the_token_can_be_kept(here, receiver, driven):
    without = here(loopback_hooks=True)
    refused = without.with_token(TOKENS.personal).post("/v1/hooks", {"targetUrl": receiver.url, **OF_RUNS})

    kept = here(loopback_hooks=True, key=KEY, clock=driven, watch=1.0)
    caller = kept.with_token(TOKENS.personal)
    subscribe(caller, receiver, **OF_RUNS)
    caller.call("hex_run_and_wait", REPORT)
    kept.service.callers.close()
    driven.advance(5)
    until(lambda: receiver.got)

    assert (refused.status_code, refused.json()["key"]) == (403, "hook_needs_key")
    assert receiver.messages()[0]["type"] == "run.completed"


def test_nothing_is_missed_while_no_process_runs(here, receiver, driven, fast: Sandbox, tmp_path):
    settings = {"loopback_hooks": True, "clock": driven, "watch": 1.0, "folder": tmp_path / "kept"}
    first = here(**settings)
    subscribe(first, receiver, **OF_RUNS)
    first.service.dispatcher.close()
    run = first.call("hex_run_and_wait", REPORT).json()
    driven.advance(3600)

    here(**settings)
    until(lambda: receiver.got)

    assert [each["data"]["runId"] for each in receiver.messages()] == [run["runId"]]


def test_an_event_that_is_seen_twice_is_one_message(client, receiver):
    hook = subscribe(client, receiver)
    job = find(client)
    until(lambda: newest(client, hook)["status"] == "delivered")

    client.service.jobs._database.write("UPDATE jobs SET told = 0 WHERE id = ?", (job["jobId"],))
    until(lambda: not client.service.hooks.jobs_without_events(10))
    client.service.dispatcher.send_due()

    assert len(deliveries(client, hook)) == len(receiver.got) == 1


def test_a_process_that_is_gone_in_the_middle_of_sending_is_stood_in_for(client, receiver, driven):
    hook = subscribe(client, receiver)
    client.service.dispatcher.close()
    find(client)
    client.service.dispatcher.store_job_events()
    now = driven.time()
    taken = client.service.hooks.claim_due("gone", now, now + 60, 10)

    nobody = client.service.hooks.claim_due("other", now + 30, now + 90, 10)
    again = client.service.hooks.claim_due("other", now + 61, now + 121, 10)

    assert [each.id for each in taken] == [each.id for each in again]
    assert nobody == []
    assert deliveries(client, hook)[0]["status"] == PENDING


def test_a_hook_is_looked_at_by_one_process_as_long_as_that_says_so(client, receiver, driven):
    hook = subscribe(client, receiver, **OF_RUNS)
    client.service.dispatcher.close()
    store, now = client.service.hooks, driven.time() + 100

    taken = store.claim_watched("one", now, now + 15, now)
    store.renew("one", [hook["id"]], now + 30)
    meanwhile = store.claim_watched("two", now + 20, now + 35, now + 20)
    after = store.claim_watched("two", now + 31, now + 46, now + 31)

    assert taken is not None
    assert (taken.id, meanwhile) == (hook["id"], None)
    assert after is not None
    assert not store.store_events(taken, "one", "late", ())
    assert store.store_events(after, "two", "new", ())


def test_a_receiver_that_refuses_is_tried_again(client, driven):
    port = free_port()
    hook = client.post("/v1/hooks", {"targetUrl": f"http://127.0.0.1:{port}/", "events": ["job.succeeded"]}).json()

    find(client)
    waiting = tried(client, hook, 1)
    with HTTPServer(host="127.0.0.1", port=port) as server:
        server.expect_request("/").respond_with_data(status=204)
        driven.advance(6)
        until(lambda: newest(client, hook)["status"] == "delivered")

    assert (waiting["status"], waiting.get("lastStatus")) == ("pending", None)
    assert waiting["lastError"]


def test_a_name_that_moves_to_this_machine_is_not_followed_there(here, driven, monkeypatch, httpserver: HTTPServer):
    """The name is looked up for each attempt, and what it stands for then is looked at then."""
    httpserver.expect_request("/hook").respond_with_data(status=204)
    stands_for = "1.1.1.1"
    real = socket.getaddrinfo

    def looked_up(host: Any, *given: Any, **more: Any) -> Any:
        return real(stands_for if host == "moving.example.com" else host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    client = here(clock=driven)
    target = f"https://moving.example.com:{httpserver.port}/hook"
    hook = client.post("/v1/hooks", {"targetUrl": target, "events": ["job.succeeded"]}).json()
    stands_for = "127.0.0.1"

    find(client)
    refused = tried(client, hook, 1)

    assert refused["status"] == "pending"
    assert refused["lastError"].startswith("refused")
    assert httpserver.log == []


ADDRESSES = {
    "1.1.1.1": True,
    "2606:4700::1111": True,
    "127.0.0.1": False,
    "0.0.0.0": False,
    "10.1.2.3": False,
    "172.16.0.1": False,
    "192.168.1.1": False,
    "169.254.169.254": False,
    "100.64.0.1": False,
    "224.0.0.1": False,
    "255.255.255.255": False,
    "::": False,
    "::1": False,
    "fe80::1": False,
    "fc00::1": False,
    "::ffff:127.0.0.1": False,
    "::ffff:10.0.0.1": False,
    "64:ff9b::7f00:1": False,
    "64:ff9b::a00:1": False,
    "2002:7f00:1::": False,
    "2001:db8::1": False,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_public_addresses_are_sent_to(address):
    assert sending.is_allowed(ipaddress.ip_address(address)) is ADDRESSES[address]


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://name.of.nobody.invalid/",
        "http://1.1.1.1/",
        "ftp://1.1.1.1/",
        "https:///",
        "https://1.1.1.1:99999/",
        "https://a b/",
        "//1.1.1.1/",
        "https://1.1.1.1/" + "x" * 3000,
        "https://1.1.1.1/\n",
    ],
)
def test_other_addresses_are_refused_however_they_are_written(url):
    sent = sending.post(url, "{}", {}, timeout=2)

    assert sent.error is not None
    assert sent.error.startswith("refused")


def test_a_redirect_is_not_followed(httpserver: HTTPServer):
    httpserver.expect_request("/from").respond_with_data(status=307, headers={"Location": httpserver.url_for("/to")})

    sent = sending.post(httpserver.url_for("/from"), "{}", {}, loopback=True)

    assert (sent.status, sent.delivered) == (307, False)
    assert [request.path for request, _ in httpserver.log] == ["/from"]


def test_a_receiver_that_drips_is_cut_off():
    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                try:
                    self.wfile.write(b"X: y\r\n")
                except OSError:
                    return
                if over.wait(0.1):
                    return

        def log_message(self, *_: Any) -> None:
            pass

    over = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sent = sending.post(f"http://127.0.0.1:{server.server_port}/", "{}", {}, loopback=True, timeout=0.5)
        over.set()
        server.shutdown()

    assert sent.delivered is False
    assert sent.error


@pytest.fixture
def with_tls(tmp_path: Path, monkeypatch) -> Iterator[Callable[[], int]]:
    """Run a receiver with a certificate for hooks.example.com, which is trusted here; give its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "receiver.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/hook").respond_with_data(status=204)
        yield lambda: server.port


@pytest.mark.parametrize(("name", "right"), [("hooks.example.com", True), ("other.example.com", False)])
def test_the_address_is_connected_to_with_the_certificate_of_the_name(name, right, with_tls):
    """What a name stands for later does not matter: it is not asked again."""
    parts = sending.check_url(f"https://{name}:{with_tls()}/hook")
    connection = sending._connection(parts, "127.0.0.1", 5)

    try:
        reached = sending._exchange(connection, parts, "{}", {}).delivered
    except ssl.SSLCertVerificationError:
        reached = False
    finally:
        connection.close()

    assert reached is right


def test_the_signature_is_that_of_the_library():
    secret = signing.new_secret()
    moment = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)

    ours = signing.signature(secret, "msg_1", int(moment.timestamp()), '{"a":"ü"}')

    assert ours == Webhook(secret).sign("msg_1", moment, '{"a":"ü"}')


def test_attempts_are_further_and_further_apart():
    pauses = [signing.retry_delay(attempt) for attempt in range(1, len(signing.SCHEDULE))]

    assert all(seconds is not None for seconds in pauses)
    assert [seconds >= wanted for seconds, wanted in zip(pauses, signing.SCHEDULE[1:], strict=True) if seconds]
    assert signing.retry_delay(len(signing.SCHEDULE)) is None
    assert signing.retry_delay(1, 1e9) == signing.LONGEST_RETRY_AFTER
    assert {DELIVERED, GIVEN_UP} == {"delivered", "failed"}
