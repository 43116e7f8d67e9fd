"""The server as a process of its own, over stdio and HTTP, by the official client and by raw requests."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

import anyio
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.agent import JOBS, CallResult, check
from tests.hosts.mcp.conftest import COMMAND, ON_SANDBOX, environment, stop

SECRET = "a-secret-of-the-tests-0123456789"
OLD_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
PROJECT = {"projectId": REVENUE_REPORT}


@asynccontextmanager
async def over_stdio(*options: str, mode: str = "auto") -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *(options or ON_SANDBOX)], env=environment()
    )
    async with Client(stdio_client(parameters), mode=mode) as client:
        yield client


@asynccontextmanager
async def over_http(url: str, mode: str = "auto", **headers: str) -> AsyncIterator[Client]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx2.AsyncClient(headers=named, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def do(client: Client, job: str) -> dict[str, Any]:
    doing = JOBS[job]()
    wanted = next(doing)
    while True:
        result = await client.call_tool(wanted.tool, wanted.arguments)
        pictures = sum(part.type == "image" for part in result.content)
        try:
            wanted = doing.send(CallResult(json.loads(result.content[0].text), pictures, result.is_error))
        except StopIteration as done:
            return dict(done.value)


def post(url: str, body: Any, **headers: str) -> tuple[int, str]:
    """Send a raw request and give status and body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    accept = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), {**accept, **named})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("job", JOBS)
def test_a_scripted_agent_does_the_job_over_stdio(job, mode):
    async def work() -> dict[str, Any]:
        async with over_stdio(mode=mode) as client:
            return await do(client, job)

    check(job, asyncio.run(work()))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("job", JOBS)
def test_a_scripted_agent_does_the_job_over_http(job, mode, serve_http):
    server = serve_http(*ON_SANDBOX)

    async def work() -> dict[str, Any]:
        async with over_http(server.url, mode) as client:
            return await do(client, job)

    check(job, asyncio.run(work()))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_progress_comes_over_http(mode, serve_http):
    server = serve_http(*ON_SANDBOX)
    told: list[float] = []

    async def take(progress: float, _total: float | None, _message: str | None) -> None:
        told.append(progress)

    async def work() -> None:
        async with over_http(server.url, mode) as client:
            await client.call_tool("hex_run_and_wait", PROJECT, progress_callback=take)

    asyncio.run(work())

    assert told == sorted(told)
    assert told[-1] == 100


def test_several_clients_work_at_once(serve_http):
    server = serve_http(*ON_SANDBOX)

    async def work(mode: str, job: str) -> None:
        async with over_http(server.url, mode) as client:
            check(job, await do(client, job))

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for number, job in enumerate(["run_a_report", "compare_regions", "who_owns_it", "who_owns_it"]):
                group.start_soon(work, ("auto", "legacy")[number % 2], job)

    asyncio.run(all_of_them())


def test_an_old_client_is_answered_in_its_own_version_over_stdio():
    messages: list[dict[str, Any]] = [
        OLD_HELLO,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "hex_find_tool", "arguments": {"query": "groups"}},
        },
    ]
    process = subprocess.Popen([*COMMAND], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        replies: dict[int, Any] = {}
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            if "id" in message:
                reply = json.loads(process.stdout.readline())
                replies[reply["id"]] = reply["result"]
        process.stdin.close()
        code = process.wait(10)
    finally:
        stop(process)

    assert replies[1]["protocolVersion"] == "2025-06-18"
    assert len(replies[2]["tools"]) <= 12
    assert set(replies[2]) == {"tools"}
    assert replies[3]["isError"] is False
    assert code == 0


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"jsonrpc": "2.0"}', '{"a": ' * 2000, "\udc80"])
def test_what_is_no_request_does_not_end_the_server(line):
    process = subprocess.Popen([*COMMAND], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(line.encode("utf-8", "surrogateescape") + b"\n" + json.dumps(OLD_HELLO).encode() + b"\n")
        process.stdin.flush()
        replies = [json.loads(process.stdout.readline())]
        while replies[-1].get("id") != 1:
            replies.append(json.loads(process.stdout.readline()))
    finally:
        stop(process)

    assert replies[-1]["result"]["protocolVersion"] == "2025-06-18"


def asked_over_stdio(*lines: str) -> dict[Any, Any]:
    """Send lines and give the replies by their ids, once as many as there are lines with an id have come."""
    process = subprocess.Popen(
        [*COMMAND, *ON_SANDBOX], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    replies: dict[Any, Any] = {}
    try:
        for line in [json.dumps(OLD_HELLO), *lines]:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
            replies[reply["id"]] = reply
    finally:
        stop(process)
    return replies


def request(number: int, method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


@pytest.mark.parametrize("half", ["\ud83d", "a \udfff b"])
def test_a_request_with_half_of_a_surrogate_pair_is_answered(half):
    replies = asked_over_stdio(
        request(2, "tools/call", name="hex_find_project", arguments={"query": f"Revenue {half}"}),
        request(3, "tools/call", name=f"hex_{half}", arguments={}),
        request(4, "tools/call", name="hex_find_project", arguments={f"query{half}": "Revenue"}),
        request(5, "resources/read", uri=f"hex://{half}"),
        request(6, "prompts/get", name=half),
        request(7, "tools/call", name="hex_call_tool", arguments={"name": half, "arguments": {half: half}}),
        request(8, "tools/call", name="hex_find_project", arguments={"query": "Revenue \U0001f600"}),
    )

    assert replies[2]["result"]["structuredContent"]["failure"]["error"] == "bad_inputs"
    assert all("error" in replies[each] or replies[each]["result"]["isError"] for each in (3, 4, 5, 6, 7))
    assert replies[8]["result"]["isError"] is False


def test_what_asks_for_an_answer_and_is_no_request_is_told_so():
    replies = asked_over_stdio('{"jsonrpc": "2.0", "id": 2, "method": 5}', '{"id": "3", "method": "tools/list"}')

    assert replies[2]["error"]["code"] == replies["3"]["error"]["code"] == -32600


def test_the_server_ends_when_its_client_dies_in_the_middle_of_a_wait():
    process = subprocess.Popen(
        [*COMMAND, "--sandbox"], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        wait = {"name": "hex_run_and_wait", "arguments": PROJECT, "_meta": {"progressToken": 1}}
        for message in (
            OLD_HELLO,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": wait},
        ):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        while '"notifications/progress"' not in process.stdout.readline():
            pass
        process.stdin.close()
        process.stdout.close()
        began = time.monotonic()
        process.wait(15)
        took = time.monotonic() - began
    finally:
        stop(process)

    assert took < 10


def test_the_server_ends_when_it_is_told_to():
    process = subprocess.Popen([*COMMAND], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(OLD_HELLO) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        process.terminate()
        code = process.wait(10)
    finally:
        stop(process)

    assert code == 130


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_others_are_served_when_a_client_dies_in_the_middle_of_a_wait(mode, serve_http):
    server = serve_http("--sandbox")

    async def die() -> None:
        with anyio.move_on_after(2):
            async with over_http(server.url, mode) as client:
                await client.call_tool("hex_run_and_wait", PROJECT)

    async def work() -> None:
        async with over_http(server.url, mode) as client:
            check("who_owns_it", await do(client, "who_owns_it"))

    asyncio.run(die())
    asyncio.run(work())


def test_a_foreign_page_and_a_foreign_name_are_refused(serve_http):
    url = serve_http(*ON_SANDBOX).url

    assert post(url, OLD_HELLO)[0] == 200
    assert post(url, OLD_HELLO, Origin="http://localhost:3000")[0] == 200
    assert post(url, OLD_HELLO, Origin="https://evil.example")[0] == 403
    assert post(url, OLD_HELLO, Origin="http://localhost.evil.example")[0] == 403
    assert post(url, OLD_HELLO, Origin="http://localhost:evil.example")[0] == 403
    assert post(url, OLD_HELLO, Host="evil.example")[0] == 421
    assert post(url, OLD_HELLO, Host="localhost:evil.example")[0] == 421


def test_both_paths_serve(serve_http):
    url = serve_http(*ON_SANDBOX).url

    assert post(url, OLD_HELLO)[0] == 200
    assert post(f"{url}/", OLD_HELLO)[0] == 200
    assert post(f"{url}/", OLD_HELLO, Origin="https://evil.example")[0] == 403


def test_a_name_that_is_allowed_reaches_it(serve_http):
    url = serve_http(*ON_SANDBOX, "--allow-host", "hex-mcp.example.com").url

    assert post(url, OLD_HELLO, Host="hex-mcp.example.com")[0] == 200
    assert post(url, OLD_HELLO, Host="hex-mcp.example.com", Origin="https://hex-mcp.example.com")[0] == 200
    assert post(url, OLD_HELLO, Host="other.example.com")[0] == 421


def test_a_secret_is_asked_for(serve_http):
    options = (*ON_SANDBOX, "--host", "0.0.0.0", "--allow-host", "127.0.0.1")
    url = serve_http(*options, env={"HEX_BLOCKS_MCP_SECRET": SECRET}).url.replace("0.0.0.0", "127.0.0.1")

    assert post(url, OLD_HELLO)[0] == 401
    assert post(url, OLD_HELLO, Authorization="Bearer wrong")[0] == 401
    assert post(url, OLD_HELLO, Authorization=f"Basic {SECRET}")[0] == 401
    assert post(url, OLD_HELLO, Authorization=f"Bearer {SECRET}")[0] == 200
    assert post(url, OLD_HELLO, Authorization=f"bearer {SECRET}")[0] == 200


def test_each_caller_brings_a_token(serve_http, tmp_path):
    server = serve_http(*ON_SANDBOX, "--token-from-header", env={"HEX_BLOCKS_DATA_DIR": str(tmp_path / "data")})
    ask = ("hex_call_tool", {"name": "hex_get_current_user"})

    async def who(mode: str, **headers: str) -> Any:
        async with over_http(server.url, mode, **headers) as client:
            return await client.call_tool(*ask)

    ada = asyncio.run(who("auto", X_Hex_Token=TOKENS.personal))
    eli = asyncio.run(who("legacy", X_Hex_Token=TOKENS.editor))
    nobody = asyncio.run(who("auto"))
    wrong = asyncio.run(who("auto", X_Hex_Token="hxtp_wrong"))

    assert ada.structured_content["result"] != eli.structured_content["result"]
    assert nobody.structured_content["failure"]["error"] == "token_header_missing"
    assert wrong.structured_content["failure"]["error"] == "token_refused"
    kept = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert not [file for file in kept if b"hxtp_" in file.read_bytes()]
    assert "hxtp_" not in "".join(server.said)


def test_callers_do_not_meet_each_others_idempotency_keys(serve_http, tmp_path):
    server = serve_http(*ON_SANDBOX, "--token-from-header", env={"HEX_BLOCKS_DATA_DIR": str(tmp_path / "data")})

    async def start(token: str) -> str:
        async with over_http(server.url, X_Hex_Token=token) as client:
            started = await client.call_tool("hex_run_project", PROJECT | {"idempotencyKey": "daily"})
            return str(started.structured_content["runId"])

    first, again, other = (asyncio.run(start(token)) for token in (TOKENS.personal, TOKENS.personal, TOKENS.workspace))

    assert first == again
    assert other != first
