"""Replicas that share one PostgreSQL server: killed under load, the server restarted, the budget's Redis gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import OPEN, Process, until
from tests.hosts.service.test_hooks import Receiver
from tests.hosts.service.test_jobs import ASYNC, REPORT, events, leading
from tests.postgres import PostgresServer, free_port

JOBS = 12
PATIENCE = 100.0
Start = Callable[..., Process]


@pytest.fixture
def replica(process: Start, fast: Sandbox, tmp_path: Path, place: str) -> Start:
    """Start a replica on a machine of its own: replica("one")."""

    def start(machine: str, **env: str) -> Process:
        given = {**leading(fast, tmp_path / machine), "HEX_BLOCKS_RECORD": place, **env}
        return process("--hooks-to-loopback", "--watch", "5", env=given)

    return start


def begun(replicas: list[Process], number: int = JOBS) -> list[str]:
    """Start jobs on replicas in turn, and give their IDs."""
    turns = (replicas[count % len(replicas)] for count in range(number))
    return [each.client.call("hex_run_and_wait", REPORT, headers=ASYNC).json()["jobId"] for each in turns]


def every_end(replica: Process, jobs: list[str]) -> list[dict[str, Any]]:
    """Give the jobs when all of them have ended."""

    def look() -> list[dict[str, Any]]:
        return [replica.client.get(f"/v1/jobs/{job}").json() for job in jobs]

    found: list[dict[str, Any]] = until(
        look, lambda told: all(job.get("status", "queued") not in OPEN for job in told), PATIENCE
    )
    return found


def assert_all_is_done_once(replica: Process, jobs: list[str], sandbox: Sandbox, receiver: Receiver) -> None:
    ended = every_end(replica, jobs)

    assert [job["status"] for job in ended] == ["succeeded"] * len(jobs)
    runs = {job["result"]["runId"] for job in ended}
    assert len(runs) == len(jobs)
    assert sum(request.operation_id == "RunProject" for request in sandbox.requests) == len(jobs)
    assert [event[1] for job in jobs for event in events(replica.client, job)].count("result") == len(jobs)
    until(lambda: told(receiver, "job.succeeded", "jobId") == set(jobs), patience=PATIENCE)
    until(lambda: told(receiver, "run.completed", "runId") == runs, patience=PATIENCE)
    # What was sent twice has the same ID, so that a receiver knows it.
    named = {(headers["webhook-id"], body) for headers, body in receiver.got}
    assert max(Counter(name for name, _ in named).values()) == 1


def told(receiver: Receiver, event: str, field: str) -> set[str]:
    return {each["data"][field] for each in receiver.messages() if each["type"] == event}


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


def subscribe(replica: Process, receiver: Receiver) -> None:
    body = {
        "targetUrl": receiver.url,
        "events": ["job.succeeded", "run.completed"],
        "filter": {"projectIds": [REVENUE_REPORT]},
    }
    assert replica.client.post("/v1/hooks", body).status_code == 201


def test_when_one_of_two_replicas_is_killed_all_is_done_once(replica, receiver, fast):
    one, other = replica("one"), replica("other")
    subscribe(one, receiver)
    jobs = begun([one, other])
    until(lambda: any(request.operation_id == "RunProject" for request in fast.requests))

    one.kill()

    assert_all_is_done_once(other, jobs, fast, receiver)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_when_the_server_is_restarted_all_is_done_once(how, replica, receiver, fast, postgres: PostgresServer):
    one, other = replica("one"), replica("other")
    subscribe(one, receiver)
    jobs = begun([one, other])
    until(lambda: any(request.operation_id == "RunProject" for request in fast.requests))

    postgres.restart(how)

    assert_all_is_done_once(one, jobs, fast, receiver)


def test_while_the_server_is_away_a_call_is_answered_and_readiness_says_so(replica, postgres: PostgresServer):
    one = replica("one")

    postgres.stop()
    try:
        quick = one.client.call("hex_find_project", {"query": "Revenue report"})
        ready = one.client.get("/readyz")
        alive = one.client.get("/healthz")
    finally:
        postgres.start()

    assert (quick.status_code, ready.status_code, alive.status_code) == (200, 503, 200)
    until(lambda: one.client.get("/readyz").status_code == 200)


@contextmanager
def redis(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a Redis server, and give its address and a way to end it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    folder.mkdir()
    command = [program, "--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        try:
            yield f"redis://127.0.0.1:{port}", running.kill
        finally:
            running.kill()


def test_when_the_budgets_redis_is_gone_all_is_done_once(replica, receiver, fast, tmp_path):
    with redis(tmp_path / "redis") as (address, end):
        one, other = (replica(machine, HEX_BLOCKS_BUDGET=address) for machine in ("one", "other"))
        subscribe(one, receiver)
        jobs = begun([one, other])
        until(lambda: any(request.operation_id == "RunProject" for request in fast.requests))

        end()

        assert_all_is_done_once(one, jobs, fast, receiver)


def test_a_job_is_seen_and_stopped_from_the_other_replica(replica, fast):
    one, other = replica("one"), replica("other")
    endless = {"projectId": fast.world.project("Endless simulation").id, "timeout": 86_400}
    job = one.client.call("hex_run_and_wait", endless, headers=ASYNC).json()["jobId"]
    until(lambda: other.client.get(f"/v1/jobs/{job}").json().get("progress"))
    following: list[Any] = []
    follower = threading.Thread(target=lambda: following.append(events(other.client, job)))
    follower.start()

    one.client.ask("DELETE", f"/v1/jobs/{job}")
    (ended,) = every_end(other, [job])
    follower.join(30)

    assert ended["status"] == "cancelled"
    assert following[0][-1][1] == "problem"


def test_a_server_that_cannot_be_reached_is_told_without_its_password(hex_blocks, tmp_path):
    address = f"postgresql://eli:secret-of-eli@127.0.0.1:{free_port()}/hex"

    done = hex_blocks("serve", "--port", "0", env={"HEX_BLOCKS_RECORD": address, "HEX_API_TOKEN": TOKENS.personal})
    wrong = hex_blocks("serve", "--port", "0", env={"HEX_BLOCKS_RECORD": "mysql://x", "HEX_API_TOKEN": TOKENS.personal})

    assert (done.returncode, wrong.returncode) != (0, 0)
    assert "HEX_BLOCKS_RECORD" in done.stderr
    assert "HEX_BLOCKS_RECORD" in wrong.stderr
    assert "secret-of-eli" not in done.stderr
    assert "Traceback" not in done.stderr + wrong.stderr
    assert os.environ.get("HEX_BLOCKS_RECORD") is None
