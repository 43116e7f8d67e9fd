"""The command: what it refuses, how it stops, what it logs and counts."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import OPEN, SECRET, until
from tests.hosts.service.test_jobs import ASYNC, REPORT, leading

FAST = ("--sandbox", "--speed", "20")


def test_it_serves_the_sandbox_without_an_account(process):
    client = process(*FAST).client

    assert client.call("hex_run_and_wait", REPORT).json()["status"] == "COMPLETED"
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("options", "env", "said"),
    [
        (("--host", "0.0.0.0"), {}, "HEX_BLOCKS_SERVE_SECRET"),
        (("--host", "0.0.0.0"), {"HEX_BLOCKS_SERVE_SECRET": SECRET}, "--allow-host"),
        ((), {"HEX_BLOCKS_SERVE_SECRET": "short"}, "shorter than 16"),
        (("--public-url", "hex.example.com"), {}, "is not an address"),
        (("--host", "192.0.2.1", "--sandbox"), {"HEX_BLOCKS_SERVE_SECRET": SECRET}, "cannot be used"),
        (("--watch", "1"), {}, "--watch"),
    ],
)
def test_what_would_be_unsafe_or_wrong_is_refused(options, env, said, hex_blocks):
    done = hex_blocks("serve", *options, env={**env, "PYTHONWARNINGS": "default"})

    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_numbers_are_counted_by_tool_and_outcome(process):
    client = process(*FAST).client
    client.call("hex_find_project", {"query": "x"})
    client.call("hex_find_project", {})

    page = client.get("/metrics")

    assert page.headers["content-type"].startswith("text/plain")
    assert 'hex_blocks_calls_total{outcome="succeeded",tool="hex_find_project"} 1.0' in page.text
    assert 'hex_blocks_calls_total{outcome="input",tool="hex_find_project"} 1.0' in page.text
    assert "hex_blocks_call_seconds_bucket" in page.text


def test_numbers_are_for_those_with_the_secret_where_others_reach_it(process):
    server = process(*FAST, "--host", "0.0.0.0", "--allow-host", "127.0.0.1", env={"HEX_BLOCKS_SERVE_SECRET": SECRET})
    server.client.url = server.client.url.replace("0.0.0.0", "127.0.0.1")

    assert server.client.get("/metrics").status_code == 401
    assert server.client.with_token(SECRET).get("/metrics").status_code == 200
    assert server.client.get("/healthz").status_code == 200


def test_requests_are_logged_as_json_without_tokens(process):
    server = process(*FAST, "--log-format", "json")
    client = server.client.with_token(TOKENS.personal)

    client.call("hex_find_project", {"query": "secret words"})
    client.get(f"/v1/jobs/{TOKENS.personal}")
    client.get("/healthz")
    lines = until(lambda: [json.loads(line) for line in server.said[1:]], lambda seen: len(seen) >= 2)

    assert (lines[0]["path"], lines[0]["status"]) == ("/v1/tools/hex_find_project", 200)
    assert {"time", "level", "method", "ms", "caller"} <= set(lines[0])
    text = "".join(server.said)
    assert TOKENS.personal not in text
    assert "secret words" not in text
    assert "healthz" not in text


def test_it_stops_at_once_where_nothing_is_going_on(process):
    server = process(*FAST)

    began = time.monotonic()
    code = server.terminate()

    assert code == 0
    assert time.monotonic() - began < 8


def test_who_waits_when_it_stops_gets_a_job_that_another_process_ends(process, fast, tmp_path):
    env = leading(fast, tmp_path)
    options = ("--data", str(tmp_path / "service"))
    first = process(*options, env=env)
    inputs = {"projectId": fast.world.project("Endless simulation").id, "timeout": 86_400}
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(first.client.call("hex_run_and_wait", inputs)))
    waiting.start()
    until(lambda: any(request.operation_id == "RunProject" for request in fast.requests))

    code = first.terminate()
    waiting.join(30)
    second = process(*options, env=env)
    job = answers[0].json()
    path = f"/v1/jobs/{job['jobId']}"
    running = until(lambda: second.client.get(path).json(), lambda told: told["status"] == "running")
    second.client.ask("DELETE", path)
    ended = until(lambda: second.client.get(path).json(), lambda told: told["status"] not in OPEN)

    assert code == 0
    assert answers[0].status_code == 202
    assert running["inputs"] == inputs
    assert ended["status"] == "cancelled"
    assert sum(request.operation_id == "RunProject" for request in fast.requests) == 1


def test_streams_end_when_it_stops(process, fast, tmp_path):
    server = process("--data", str(tmp_path / "service"), env=leading(fast, tmp_path))
    inputs = {"projectId": fast.world.project("Endless simulation").id, "timeout": 86_400}
    job = server.client.call("hex_run_and_wait", inputs, headers=ASYNC).json()
    stream = server.client.get(f"/v1/jobs/{job['jobId']}/events", stream=True)
    ended = threading.Thread(target=lambda: list(stream.iter_lines()))
    ended.start()

    began = time.monotonic()
    code = server.terminate()
    ended.join(10)

    assert code == 0
    assert not ended.is_alive()
    assert time.monotonic() - began < 12


def test_a_server_without_a_token_says_so(process, fast, tmp_path):
    server = process(env={**leading(fast, tmp_path), "HEX_API_TOKEN": ""})

    assert "no Hex token of its own" in "".join(server.said)
    assert server.client.call("hex_find_project", {"query": "x"}).json()["key"] == "server_without_token"


def test_a_proxy_may_take_a_part_of_the_path_off(process):
    client = process(*FAST, "--root-path", "/blocks/").client

    answer = client.call("hex_run_project", {"projectId": REVENUE_REPORT}, headers=ASYNC)

    assert answer.json()["statusUrl"].startswith(f"{client.url}/blocks/v1/jobs/")
