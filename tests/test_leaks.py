"""The token comes out nowhere: every tool meets every kind of trouble, and all that comes out is searched.

What comes out: the result, progress, warnings, the error with all its causes and their tracebacks with local
variables, every log at every level with http.client's debugging on, stdout, stderr, the record's files, and the
arguments of processes.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr
from rich.traceback import Traceback

from hex_blocks import Connection, Registry, Tool
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import HexError
from hex_blocks.tools.progress import Progress
from tests.calling import hex_on
from tests.conftest import RunCommand
from tests.faulty import (
    LOGIN_PAGE,
    Act,
    Exchange,
    Faulty,
    drip_body,
    drip_headers,
    end,
    end_mid_body,
    end_mid_headers,
    head,
    raw,
    reply,
    reset,
    reset_mid_body,
    silence,
)
from tests.marks import mostly_slow

# What comes here is not what Hex would say.
pytestmark = pytest.mark.any_answer

TOKEN = "hxtp_marked_4Tq9ZkPw7sLx2Vb8"
TOKENS = {
    "personal": TOKEN,
    "workspace": "hxtw_marked_4Tq9ZkPw7sLx2Vb8",
    "bare": "5bbf1c8bmarked0e1f2a3b4c5d6e7f8091",
    "odd": "marked\"'\\/+=~%41{seconds}&#<b>$(x)`y`",
    "very long": "hxtp_marked_" + "x7" * 500,
}


FEW = ("hex_list_projects", "hex_run_project", "hex_run_and_wait", "hex_get_notebook_run_status")
MOST_PROGRESS = 300


def forms(token: str) -> set[str]:
    """Give what a token may look like in something that leaked."""
    whole, bearer = token.encode(), f"Bearer {token}".encode()
    # Base64 of a part depends on where it begins: the middle is the same in one of three.
    coded = {base64.b64encode(b"x" * shift + whole)[4:-4].decode() for shift in range(3)}
    plain = {token, quote(token), quote(token, safe=""), quote_plus(token), json.dumps(token)[1:-1], repr(token)[1:-1]}
    return plain | coded | {base64.b64encode(bearer)[:-4].decode(), whole.hex(), token[5:40]}


def leaks(said: str, token: str) -> list[str]:
    """Give the places where a token stands, with what stands around it."""
    return [said[max(0, said.index(form) - 150) :][: 300 + len(form)] for form in forms(token) if form in said]


# What comes out


@dataclass
class Ears:
    """Hears all that comes out while a tool runs."""

    logged: pytest.LogCaptureFixture
    printed: pytest.CaptureFixture[str]
    folder: Path

    def heard(self) -> str:
        logs = [f"{record.getMessage()} {record.args!r} {record.__dict__!r}" for record in self.logged.records]
        logs += [self.logged.text]
        files = [file.read_bytes().decode("latin-1") for file in self.folder.rglob("*") if file.is_file()]
        return "\n".join([*logs, *self.printed.readouterr(), *files])


@pytest.fixture
def ears(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Ears:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "http.client", "hex_blocks"):
        caplog.set_level(logging.DEBUG, name)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 5)
    return Ears(caplog, capsys, tmp_path)


def told_by(fault: BaseException) -> str:
    """Say all that an exception can say, but for the frame that caught it."""
    frames = frames_of(fault)
    said = [shown for each in chain(fault) for shown in (str(each), repr(each), repr(each.args), repr(vars(each)))]
    plain = traceback.TracebackException(type(fault), fault, frames, capture_locals=True)
    said += plain.format()
    said += [line for each in chain(fault)[1:] for line in with_locals(each)]
    if isinstance(fault, HexError):
        said += [json.dumps(fault.document(), default=repr)]
    return "\n".join(said)


def looked_into(fault: BaseException) -> str:
    """Say what rich shows of the local variables, which looks into containers and dataclasses."""
    options: dict[str, Any] = {"show_locals": True, "locals_max_length": None, "locals_max_string": None}
    found = Traceback.extract(type(fault), fault, frames_of(fault), **options)
    return "\n".join(
        str(node) for stack in found.stacks for frame in stack.frames for node in (frame.locals or {}).values()
    )


def frames_of(fault: BaseException) -> TracebackType | None:
    return fault.__traceback__.tb_next if fault.__traceback__ else None


def with_locals(fault: BaseException) -> list[str]:
    return list(
        traceback.TracebackException(type(fault), fault, fault.__traceback__, capture_locals=True).format(chain=False)
    )


def chain(fault: BaseException) -> list[BaseException]:
    """Give an exception with all that it came of, whether shown or not."""
    found: list[BaseException] = []
    open_ones: list[BaseException | None] = [fault]
    while open_ones:
        each = open_ones.pop()
        if each is not None and each not in found:
            found.append(each)
            open_ones += [each.__cause__, each.__context__]
    return found


def outcome(tool: Tool, inputs: dict[str, Any], connection: Connection, deep: bool = True) -> str:
    """Run a tool and say all that it says. Work that would go on for ever is stopped."""
    said: list[str] = []
    stop = threading.Event()

    def hear(progress: Progress) -> None:
        said.append(repr(progress))
        if len(said) > MOST_PROGRESS:
            stop.set()

    try:
        result = hex_on(connection).call(tool, inputs, progress=hear, stop=stop)
        said.append(json.dumps(result, default=repr))
    except BaseException as fault:  # noqa: BLE001 - whatever comes out is searched
        said += [told_by(fault), looked_into(fault) if deep else ""]
    return "\n".join([*said, repr(connection), str(connection)])


# Trouble


def echo(build: Callable[[str], bytes]) -> Act:
    """Send back what is made of the token that came."""

    def act(exchange: Exchange) -> None:
        token = exchange.request.headers["authorization"].removeprefix("Bearer ")
        raw(build(token))(exchange)

    return act


def answer(status: int, body: Any, headers: dict[str, str] | None = None, reason: str = "OK") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    return head(status, length | (headers or {}), reason) + content


def everywhere(token: str) -> dict[str, Any]:
    """An answer with a token in every place that some tool looks at."""
    word = f"x{token}y"
    entry = {
        "id": word,
        "runId": word,
        "title": word,
        "name": word,
        "email": word,
        "status": word,
        "runUrl": word,
        "message": word,
        "label": token,
        token: token,
    }
    keys = ("values", "runs", "threads", "topics", "content", "errors", "issues", "details")
    lists = {key: [entry] for key in keys}
    cursors = {"pagination": {"after": token, "before": token}, "nextPage": f"https://app.hex.tech/{token}"}
    return entry | lists | cursors | {"reason": word, "traceId": token, "invalid": [{"paramName": word}], "url": word}


def escaped(token: str) -> bytes:
    """Write an answer whose every letter is escaped."""
    letters = "".join(f"\\u{ord(letter):04x}" for letter in token)
    return json.dumps(everywhere("@@")).replace("@@", letters).encode()


PLAIN_TROUBLE: dict[str, Act] = {
    **{
        str(status): reply(status, {"reason": "so"})
        for status in (400, 401, 403, 404, 405, 409, 413, 422, 500, 502, 504)
    },
    "429": reply(429, {}, {"Retry-After": "500"}),
    "503": reply(503, {}, {"Retry-After": "500"}),
    "redirect": reply(302, b"", {"Location": "https://evil.example.com/"}),
    "page": reply(200, LOGIN_PAGE),
    "nothing": reply(200, {}),
    "no body": reply(204, b""),
    "end": end,
    "reset": reset,
    "reset mid-body": reset_mid_body,
    "end mid-body": end_mid_body,
    "end mid-headers": end_mid_headers,
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "bad gzip": reply(200, b"no gzip", {"Content-Encoding": "gzip"}),
    "bad chunks": raw(head(200, {"Transfer-Encoding": "chunked"}) + b"no chunk\r\n"),
}
ECHOES: dict[str, Act] = {
    "200": echo(lambda token: answer(200, everywhere(token))),
    "201": echo(lambda token: answer(201, everywhere(token))),
    "200 escaped": echo(lambda token: answer(200, escaped(token))),
    "200 in text": echo(lambda token: answer(200, f"your token is {token}".encode())),
    "200 in a page": echo(lambda token: answer(200, f"<html>{token}</html>".encode())),
    "200 as text of JSON": echo(lambda token: answer(200, token)),
    **{
        str(status): echo(lambda token, status=status: answer(status, everywhere(token), {"Retry-After": token}))  # type: ignore[misc]
        for status in (400, 401, 403, 404, 422, 429, 500, 503)
    },
    "400 escaped": echo(lambda token: answer(400, escaped(token))),
    "400 in text": echo(lambda token: answer(400, f"{'x' * 480} {token}".encode())),
    "headers": echo(
        lambda token: answer(
            401, {}, dict.fromkeys(("WWW-Authenticate", "X-Echo", "Set-Cookie", "Content-Type", token[:20]), token)
        )
    ),
    "reason phrase": echo(lambda token: answer(403, {}, reason=token)),
    "redirect": echo(lambda token: answer(307, b"", {"Location": f"https://app.hex.tech/?token={token}"})),
    "status line": echo(lambda token: f"{token} 200 OK\r\n\r\n".encode()),
    "status": echo(lambda token: f"HTTP/1.1 {token}\r\n\r\n".encode()),
    "header without colon": echo(
        lambda token: f"HTTP/1.1 200 OK\r\nA: b\r\n{token}\r\n{token}: x\r\n\r\n{{}}".encode()
    ),
    "content length": echo(lambda token: f"HTTP/1.1 200 OK\r\nContent-Length: {token}\r\n\r\n{{}}".encode()),
    "encoding": echo(lambda token: answer(200, b"{}", {"Content-Encoding": f"gzip, {token}"})),
    "chunk": echo(lambda token: head(200, {"Transfer-Encoding": "chunked"}) + f"{token}\r\n{{}}\r\n".encode()),
    "long header": echo(lambda token: f"HTTP/1.1 200 OK\r\nX: {token * 5000}\r\n\r\n".encode()),
}


@pytest.fixture(scope="module")
def tools() -> list[Tool]:
    return list(Registry.load(plugins=False).values())


@pytest.fixture
def server() -> Iterator[Faulty]:
    with Faulty(reply()) as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, clock: DrivenClock) -> Iterator[Callable[..., Connection]]:
    """Make connections: connect(server, token)."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made: list[Connection] = []

    def connect_to(server: Faulty, token: str = TOKEN, **options: Any) -> Connection:
        given = {"allowed_hosts": (server.origin,), "pinned": True, "clock": clock, **options}
        made.append(Connection(token, server.base_url, **given))
        return made[-1]

    yield connect_to
    for connection in made:
        connection.close()


def all_that_comes_out(tools: list[Tool], connection: Connection, ears: Ears, deep: bool = False) -> str:
    said = [outcome(tool, dict(tool.spec.examples[0].inputs), connection, deep) for tool in tools]
    return "\n".join([*said, ears.heard()])


@pytest.mark.parametrize("trouble", mostly_slow(PLAIN_TROUBLE, "422", "429", "reset"))
def test_no_tool_lets_the_token_out_in_trouble(
    tools: list[Tool], connect: Callable[..., Connection], server: Faulty, ears: Ears, trouble: str
) -> None:
    server.play(PLAIN_TROUBLE[trouble])

    said = all_that_comes_out(tools, connect(server), ears)

    assert leaks(said, TOKEN) == []
    assert TOKEN in server.requests[0].headers["authorization"]


@pytest.mark.parametrize("place", mostly_slow(ECHOES, "200", "401", "headers"))
def test_no_tool_lets_out_a_token_that_is_sent_back(
    tools: list[Tool], connect: Callable[..., Connection], server: Faulty, ears: Ears, place: str
) -> None:
    server.play(ECHOES[place])

    said = all_that_comes_out(tools, connect(server), ears)

    assert leaks(said, TOKEN) == []


# The ordinary and the oddest one every day, all of them with the slow tests.
@pytest.mark.parametrize("kind", mostly_slow(TOKENS, "personal", "odd"))
@pytest.mark.parametrize(
    "place", mostly_slow(["200", "200 escaped", "401", "400 in text", "headers"], "200 escaped", "401")
)
def test_tokens_of_every_kind_are_kept(
    tools: list[Tool], connect: Callable[..., Connection], server: Faulty, ears: Ears, place: str, kind: str
) -> None:
    server.play(ECHOES[place])

    few = [tool for tool in tools if tool.id in FEW]

    said = all_that_comes_out(few, connect(server, TOKENS[kind]), ears, deep=True)

    assert leaks(said, TOKENS[kind]) == []
    assert TOKENS[kind] in server.requests[0].headers["authorization"]


@pytest.mark.parametrize("drip", [drip_headers, drip_body])
def test_an_answer_that_only_drips_lets_nothing_out(
    registry: Registry,
    connect: Callable[..., Connection],
    server: Faulty,
    ears: Ears,
    clock: DrivenClock,
    drip: Callable[[Any], Act],
) -> None:
    server.play(drip(lambda: clock.advance(10)))

    said = outcome(registry["hex_list_projects"], {}, connect(server)) + ears.heard()

    assert "timeout" in said
    assert leaks(said, TOKEN) == []


@pytest.mark.parametrize("base_url", ["http://no-such-host.invalid", "http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_an_address_that_does_not_answer_lets_nothing_out(
    registry: Registry, ears: Ears, clock: DrivenClock, base_url: str
) -> None:
    with Connection(TOKEN, base_url, allowed_hosts=(base_url,), clock=clock) as connection:
        said = outcome(registry["hex_list_projects"], {}, connection) + ears.heard()

    assert "no_network" in said
    assert leaks(said, TOKEN) == []


def test_a_server_without_tls_lets_nothing_out(
    registry: Registry, server: Faulty, ears: Ears, clock: DrivenClock
) -> None:
    origin = server.origin.replace("http:", "https:")

    with Connection(TOKEN, origin, allowed_hosts=(origin,), clock=clock) as connection:
        said = outcome(registry["hex_list_projects"], {}, connection) + ears.heard()

    assert "no_network" in said
    assert leaks(said, TOKEN) == []


def test_a_proxy_is_given_nothing_that_it_prints(
    monkeypatch: pytest.MonkeyPatch, registry: Registry, server: Faulty, ears: Ears, clock: DrivenClock
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin.replace("//", "//user:proxy-password@"))
    origin = "http://hex.example.com"
    server.play(reply(407, {"reason": "who are you"}))

    with Connection(TOKEN, origin, allowed_hosts=(origin,), clock=clock) as connection:
        said = outcome(registry["hex_list_projects"], {}, connection) + ears.heard()

    assert server.requests
    assert leaks(said, TOKEN) == []
    assert leaks(said, "proxy-password") == []


# Tokens that are none, and tokens in the wrong place

BROKEN = {
    "inner newline": f"{TOKEN}\nX-Evil: 1",
    "inner carriage return": f"{TOKEN}\r{TOKEN}",
    "inner space": f"{TOKEN} {TOKEN}",
    "tab": f"{TOKEN}\t.",
    "unicode": f"{TOKEN}é",
    "wide unicode": f"{TOKEN}😀",
    "half a character": f"{TOKEN}\ud800",
    "control character": f"{TOKEN}\x00",
    "non-breaking space": f"{TOKEN}\u00a0.",
    "too long": TOKEN * 1000,
    "quotes": f"{TOKEN} ”",
}


@pytest.mark.parametrize("form", BROKEN)
def test_a_broken_token_is_refused_and_not_repeated(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, ears: Ears, form: str
) -> None:
    said = outcome(registry["hex_list_projects"], {}, connect(server, BROKEN[form])) + ears.heard()

    assert "token_malformed" in said
    assert leaks(said, TOKEN) == []
    assert server.requests == []


@pytest.mark.parametrize("form", BROKEN)
def test_a_broken_token_among_the_inputs_is_refused_and_not_repeated(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, ears: Ears, form: str
) -> None:
    said = outcome(registry["hex_list_projects"], {"apiKey": BROKEN[form]}, connect(server, "other")) + ears.heard()

    assert "token_malformed" in said or "apiKey holds half of a character" in said
    assert leaks(said, TOKEN) == []
    assert server.requests == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"apiKey": TOKEN, "limit": "many"},
        {"apiKey": TOKEN, "limit": 1_000},
        {"apiKey": TOKEN, "nonsense": 1},
        {"apiKey": [TOKEN]},
        {"apiKey": {TOKEN: 1}},
        {"apiKey": TOKEN, "baseUrl": "https://evil.example.com"},
        {"apiKey": TOKEN, "baseUrl": "ftp://app.hex.tech"},
    ],
)
def test_a_call_with_faults_does_not_repeat_its_token(
    registry: Registry, server: Faulty, clock: DrivenClock, ears: Ears, inputs: dict[str, Any]
) -> None:
    with Connection(None, server.origin, allowed_hosts=(server.origin,), clock=clock) as connection:
        said = outcome(registry["hex_list_projects"], inputs, connection) + ears.heard()

    assert "InputError" in said
    assert leaks(said, TOKEN) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"projectId": TOKEN},
        {"projectId": [TOKEN]},
        {TOKEN: 1},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "dryRun": TOKEN},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "inputParams": TOKEN},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "notifications": [{"type": TOKEN}]},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "baseUrl": TOKEN},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "baseUrl": f"https://{TOKEN}.example.com/"},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "baseUrl": f"https://{TOKEN}@app.hex.tech"},
        {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "baseUrl": f"https://app.hex.tech/{TOKEN}?"},
    ],
)
def test_a_token_in_the_wrong_field_is_not_repeated_in_the_error(
    registry: Registry, clock: DrivenClock, inputs: dict[str, Any]
) -> None:
    with Connection("other", clock=clock) as connection, pytest.raises(HexError) as caught:
        hex_on(connection).call("hex_run_project", inputs)

    assert leaks(f"{caught.value} {caught.value.document()}", TOKEN) == []


@pytest.mark.parametrize("given", [TOKEN, f" {TOKEN}\n", SecretStr(TOKEN), SecretStr(f"{TOKEN}\r\n")])
@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda each: f"{each!a}"])
def test_what_holds_a_token_does_not_show_it(server: Faulty, given: Any, show: Callable[[object], str]) -> None:
    with Connection(given, server.origin, allowed_hosts=(server.origin,)) as connection:
        connection.api.call("GET", "/x")
        said = [show(connection), show(connection.api), show(connection.api.budget)]

    assert leaks(" ".join(said), TOKEN) == []
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


# Interruptions


def interrupt(_exchange: Exchange) -> None:
    """Interrupt the process while it waits for an answer."""
    os.kill(os.getpid(), signal.SIGUSR1)
    silence(_exchange)


@pytest.mark.parametrize("tool_id", ["hex_list_projects", "hex_run_project", "hex_run_and_wait"])
def test_an_interruption_while_hex_is_asked_shows_no_token(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, ears: Ears, tool_id: str
) -> None:
    server.play(interrupt)
    tool = registry[tool_id]

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    said = outcome(tool, dict(tool.spec.examples[0].inputs), connect(server)) + ears.heard()
    signal.signal(signal.SIGUSR1, before)

    assert "KeyboardInterrupt" in said
    assert leaks(said, TOKEN) == []


def test_a_listener_that_fails_is_logged_without_the_token(
    registry: Registry, connect: Callable[..., Connection], server: Faulty, ears: Ears
) -> None:
    server.play(reply(429, {}, {"Retry-After": "1"}))
    told: list[object] = []

    def fail(progress: object) -> None:
        told.append(progress)
        raise RuntimeError("the caller's own")

    with pytest.raises(HexError):
        hex_on(connect(server, "other")).call("hex_list_projects", {"apiKey": TOKEN}, progress=fail)

    [fault] = [record.exc_info[1] for record in ears.logged.records if record.exc_info]
    assert isinstance(fault, RuntimeError)
    assert len(told) == 1
    assert leaks("\n".join([*with_locals(fault), looked_into(fault), ears.heard()]), TOKEN) == []


# The command line


def arguments_of_all_processes() -> str:
    files = Path("/proc").glob("[0-9]*/cmdline")
    return "\n".join(text for file in files if (text := read_if_there(file)))


def read_if_there(file: Path) -> str:
    try:
        return file.read_bytes().decode("latin-1")
    except OSError:
        return ""


@pytest.mark.parametrize("place", mostly_slow(["200", "401", "400 in text", "redirect"], "401"))
@pytest.mark.parametrize("arguments", [("call", "list_projects"), ("call", "list_projects", "--json")])
def test_the_command_line_lets_nothing_out(
    server: Faulty, hex_blocks: RunCommand, tmp_path: Path, place: str, arguments: tuple[str, ...]
) -> None:
    seen: list[str] = []

    def look_and_answer(exchange: Exchange) -> None:
        seen.append(arguments_of_all_processes())
        ECHOES[place](exchange)

    server.play(look_and_answer)
    # Tests that run beside this one have their token among their arguments.
    token = "hxtp_of_this_test_8Wn3Rj6Yc1"
    env = {"HEX_API_TOKEN": token, "HEX_API_BASE_URL": server.base_url, "HEX_BLOCKS_ALLOWED_HOSTS": server.origin}

    finished = hex_blocks(*arguments, env=env)

    files = [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert server.requests[0].headers["authorization"] == f"Bearer {token}"
    assert leaks("\n".join([finished.stdout, finished.stderr, *seen, *files]), token) == []
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("call", "run_project", TOKEN),
        ("call", "run_project", f"projectId={TOKEN}"),
        ("call", "run_project", f"apikey={TOKEN}"),
        ("call", "run_project", f"apiKey:={TOKEN}"),
        ("call", "run_project", f"projectId:={TOKEN}"),
        ("call", "run_project", "--input", f'{{"apiKey": {TOKEN}}}'),
        ("call", "run_project", "--input", TOKEN),
        ("call", "run_project", "--input", f'{{"apiKey": ["{TOKEN}"]}}'),
        ("call", "run_project", "--input", "{}", "baseUrl=" + TOKEN),
        ("call", TOKEN),
        ("show", TOKEN),
        (TOKEN,),
    ],
)
def test_a_token_in_the_wrong_place_of_a_command_is_not_repeated(here: RunCommand, arguments: tuple[str, ...]) -> None:
    finished = here(*arguments)

    assert finished.returncode == 2
    assert leaks(finished.stdout + finished.stderr, TOKEN) == []
    assert "Traceback" not in finished.stderr
