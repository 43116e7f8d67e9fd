"""Jobs: waited for, followed, cancelled, kept for a time, and gone on with after a crash."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.hosts.service.configured import database_of
from hex_blocks.hosts.service.jobs.store import CANCELLED, FAILED, QUEUED, RUNNING, SUCCEEDED, End, Job, JobStore
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.hosts.service.conftest import KEY, OPEN, Client, until

REPORT = {"projectId": REVENUE_REPORT}
ASYNC = {"Prefer": "respond-async"}


def long_run(sandbox: Sandbox) -> dict[str, Any]:
    """Inputs of a run that does not end while a test looks."""
    return {"projectId": sandbox.world.project("Endless simulation").id, "timeout": 86_400}


@pytest.fixture
def endless(fast: Sandbox) -> dict[str, Any]:
    return long_run(fast)


def events(client: Client, job_id: str, after: int = 0) -> list[tuple[int, str, Any]]:
    """Read a job's events until the stream ends."""
    answer = client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(after)}, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    found, number, name = [], 0, ""
    for line in answer.iter_lines(decode_unicode=True):
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: ") and name != "ping":
            found.append((number, name, json.loads(line[6:])))
    return found


def test_a_call_that_outlives_the_wait_becomes_a_job(here):
    client = here(wait=0.1)

    answer = client.call("hex_run_and_wait", REPORT)

    assert answer.status_code == 202
    assert answer.json()["status"] in OPEN
    assert answer.headers["location"] == answer.json()["statusUrl"]
    assert answer.headers["retry-after"]
    job = client.job(answer)
    assert (job["status"], job["result"]["status"]) == ("succeeded", "COMPLETED")
    assert job["expiresAt"] > job["endedAt"] > job["startedAt"] >= job["createdAt"]
    assert job["inputs"] == REPORT


def test_the_caller_says_how_long_to_wait(here, endless):
    client = here()

    at_once = client.call("hex_run_and_wait", endless, headers=ASYNC)
    soon = client.call("hex_run_and_wait", endless, headers={"Prefer": 'foo; bar="x", wait=1'})
    none = client.call("hex_find_project", {"query": "x"}, headers={"Prefer": "wait=5"})

    assert (at_once.status_code, at_once.headers["preference-applied"]) == (202, "respond-async")
    assert (soon.status_code, soon.headers["preference-applied"]) == (202, "wait=1")
    assert (none.status_code, none.headers["preference-applied"]) == (200, "wait=5")


def test_wrong_inputs_never_become_a_job(here):
    client = here()

    by_header = client.call("hex_run_and_wait", {}, headers=ASYNC)
    by_body = client.post("/v1/jobs", {"tool": "hex_run_and_wait", "inputs": {"projectId": 5}})
    unknown = client.post("/v1/jobs", {"tool": "hex_nothing"})
    nothing = client.post("/v1/jobs", {"inputs": []})

    assert [answer.status_code for answer in (by_header, by_body, unknown, nothing)] == [422, 422, 404, 404]
    assert client.get("/v1/jobs").json() == {"jobs": []}


def test_a_host_without_headers_starts_a_job(here):
    client = here()

    job = client.job(client.post("/v1/jobs", {"tool": "run_and_wait", "inputs": REPORT}))

    assert job["result"]["status"] == "COMPLETED"


def test_a_job_that_fails_holds_the_problem(here, fast):
    client = here()

    job = client.job(
        client.call("hex_run_and_wait", {"projectId": fast.world.project("Broken import").id}, headers=ASYNC)
    )

    assert job["status"] == "failed"
    assert (job["problem"]["key"], job["problem"]["status"]) == ("run_errored", 502)
    assert "result" not in job


def test_progress_comes_as_events_and_can_be_read_again(here):
    client = here()
    job_id = client.call("hex_run_and_wait", REPORT, headers=ASYNC).json()["jobId"]

    told = events(client, job_id)
    again = events(client, job_id, after=told[-2][0]) if len(told) > 1 else []

    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == "result"
    assert told[-1][2]["status"] == "COMPLETED"
    assert {name for _, name, _ in told[:-1]} <= {"progress"}
    assert told[0][2]["message"]
    assert again == told[-1:]


def test_many_follow_a_job(here):
    client = here()
    job_id = client.call("hex_run_and_wait", REPORT, headers=ASYNC).json()["jobId"]
    seen: list[Any] = []

    threads = [threading.Thread(target=lambda: seen.append(events(client, job_id))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(seen) == 10
    assert all(each == seen[0] for each in seen)


def test_a_job_is_cancelled_and_says_what_keeps_running(here, endless):
    client = here()
    job = client.call("hex_run_and_wait", endless, headers=ASYNC).json()
    until(lambda: client.get(f"/v1/jobs/{job['jobId']}").json().get("progress"))

    answer = client.ask("DELETE", f"/v1/jobs/{job['jobId']}")

    assert answer.status_code == 202
    ended = client.job(answer)
    assert (ended["status"], ended["problem"]["key"]) == ("cancelled", "job_cancelled")
    assert "keeps running" in ended["problem"]["detail"]
    assert ended["problem"]["values"]["runUrl"]
    assert client.ask("DELETE", f"/v1/jobs/{job['jobId']}").json()["status"] == "cancelled"


def test_a_job_with_a_key_is_one(here, fast):
    client = here()
    header = {**ASYNC, "Idempotency-Key": "report"}

    first, second = (client.call("hex_run_and_wait", REPORT, headers=header) for _ in range(2))
    client.job(first)
    third = client.call("hex_run_and_wait", REPORT, headers={"Idempotency-Key": "report"})
    by_body = client.post("/v1/jobs", {"tool": "hex_run_and_wait", "inputs": REPORT}, headers=header)

    assert first.json()["jobId"] == second.json()["jobId"] == by_body.json()["jobId"]
    assert second.status_code == 202
    assert (third.status_code, third.json()["status"]) == (200, "COMPLETED")
    assert sum(request.operation_id == "RunProject" for request in fast.requests) == 1


def test_jobs_are_listed_newest_first(here):
    client = here()
    jobs = [client.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": str(n)}}).json() for n in range(3)]
    until(lambda: len(client.get("/v1/jobs?status=succeeded").json()["jobs"]) == 3)

    listed = client.get("/v1/jobs").json()["jobs"]

    assert [job["jobId"] for job in listed] == [job["jobId"] for job in reversed(jobs)]
    assert all("result" not in job for job in listed)
    assert len(client.get("/v1/jobs?limit=2&status=succeeded").json()["jobs"]) == 2
    assert client.get("/v1/jobs?status=failed").json()["jobs"] == []


def test_a_result_is_gone_after_its_time(here, driven):
    client = here(clock=driven, kept=3600.0)
    job = client.job(client.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}}))

    driven.advance(3700)
    client.service.runner._remove_expired()

    assert client.get(f"/v1/jobs/{job['jobId']}").status_code == 404
    assert not client.service.jobs.events_after(job["jobId"], 0)


def test_quick_calls_do_not_wait_behind_long_ones(here, endless):
    client = here()

    answers = [client.call("hex_run_and_wait", endless, headers=ASYNC).status_code for _ in range(60)]
    quick = client.call("hex_find_project", {"query": "x"}, headers={"Prefer": "wait=20"})

    assert set(answers) == {202}
    assert quick.status_code == 200


def test_more_calls_than_it_takes_wait_as_jobs_or_are_told(here, endless):
    client = here(most_calls=1)
    client.call("hex_run_and_wait", endless, headers=ASYNC)
    until(lambda: client.service.runner.busy == 1)

    refused = client.call("hex_find_project", {"query": "x"})
    waiting = client.call("hex_find_project", {"query": "x"}, headers=ASYNC)

    assert (refused.status_code, refused.json()["key"]) == (503, "too_many_calls")
    assert refused.headers["retry-after"]
    assert client.get(f"/v1/jobs/{waiting.json()['jobId']}").json()["status"] == "queued"


def one_start(sandbox: Sandbox) -> bool:
    return sum(request.operation_id == "RunProject" for request in sandbox.requests) == 1


def test_a_job_goes_on_where_its_process_was_killed(process, fast, tmp_path):
    """The run is started once, though the process is killed while it is waited for."""
    env = leading(fast, tmp_path)
    options = ("--data", str(tmp_path / "service"))
    first = process(*options, env=env)
    job = first.client.call("hex_run_and_wait", REPORT | {"pollInterval": 5}, headers=ASYNC).json()
    until(lambda: one_start(fast))
    until(lambda: first.client.get(f"/v1/jobs/{job['jobId']}").json().get("progress"))

    first.kill()
    second = process(*options, env=env)
    path = urlsplit(job["statusUrl"]).path
    ended = until(lambda: second.client.get(path).json(), lambda told: told["status"] not in OPEN, 60)

    assert (ended["status"], ended["result"]["status"]) == ("succeeded", "COMPLETED")
    assert one_start(fast)


def test_when_one_of_two_processes_is_killed_every_job_ends_once(process, fast, tmp_path):
    env = leading(fast, tmp_path)
    options = ("--data", str(tmp_path / "service"))
    first, second = process(*options, env=env), process(*options, env=env)
    jobs = [
        replica.client.call("hex_run_and_wait", REPORT, headers=ASYNC).json()["jobId"]
        for replica in (first, second, first, second)
    ]
    until(lambda: any(request.operation_id == "RunProject" for request in fast.requests))

    first.kill()
    ended = until(
        lambda: [second.client.get(f"/v1/jobs/{job}").json() for job in jobs],
        lambda told: not any(job["status"] in OPEN for job in told),
        90,
    )

    assert [job["status"] for job in ended] == ["succeeded"] * 4
    assert len({job["result"]["runId"] for job in ended}) == 4
    assert sum(request.operation_id == "RunProject" for request in fast.requests) == 4
    assert [each[1] for job in jobs for each in events(second.client, job)].count("result") == 4


def leading(sandbox: Sandbox, folder: Path, token: str = TOKENS.personal) -> dict[str, str]:
    """What leads a process to a sandbox."""
    return {
        "HEX_API_TOKEN": token,
        "HEX_API_BASE_URL": sandbox.base_url,
        "HEX_BLOCKS_ALLOWED_HOSTS": sandbox.origin,
        "HEX_BLOCKS_DATA_DIR": str(folder / "data"),
    }


def test_a_job_with_a_callers_token_goes_on_when_the_caller_asks(process, fast, tmp_path):
    env = {**leading(fast, tmp_path), "HEX_API_TOKEN": ""}
    options = ("--data", str(tmp_path / "service"))
    first = process(*options, env=env)
    caller = first.client.with_token(TOKENS.personal)
    job = caller.call("hex_run_and_wait", REPORT, headers=ASYNC).json()
    until(lambda: one_start(fast))

    first.kill()
    second = process(*options, env=env)
    caller = second.client.with_token(TOKENS.personal)
    path = urlsplit(job["statusUrl"]).path
    ended = until(lambda: caller.get(path).json(), lambda told: told["status"] not in OPEN, 60)

    assert ended["status"] == "succeeded"
    assert one_start(fast)
    kept = [file for file in (tmp_path / "service").rglob("*") if file.is_file()]
    assert not [file for file in kept if b"hxtp_" in file.read_bytes()]


def test_with_a_key_it_goes_on_by_itself(here, fast):
    client = here(key=KEY, has_token=False)
    caller = client.with_token(TOKENS.personal)
    service = client.service
    kept = replace(
        service.runner.job_of(
            work_of(service, caller.token or ""), key=None, fingerprint=None, answered=True, queued=True
        ),
        id="left-behind",
    )
    service.callers.close()
    assert service.callers.known() == []

    service.jobs.add(kept)
    ended = until(lambda: service.jobs.get(kept.caller, "left-behind"), lambda job: not job.is_open)

    assert ended.status == SUCCEEDED
    assert ended.encrypted_token is None


def work_of(service: Any, token: str) -> Any:
    from pydantic import SecretStr

    from hex_blocks.hosts.service.work import Work

    caller = service.callers.from_token(SecretStr(token))
    return Work("w", caller, service.tools["hex_find_project"], {"query": "Revenue report"}, "en")


def test_what_could_be_done_twice_is_not_begun_again(here):
    client = here(lease=0.5)
    store, now = client.service.jobs, client.service.clock.time()
    job = Job(
        "half-done",
        "server",
        "hex_create_collection",
        {"name": "x"},
        now,
        now + 60,
        status=RUNNING,
        owner="gone",
        leased_until=now - 1,
        fence=1,
        resumable=False,
    )

    store.add(job)
    ended = until(lambda: store.get("server", "half-done"), lambda found: not found.is_open)

    assert (ended.status, ended.problem["key"]) == (FAILED, "job_outcome_unknown")


@pytest.fixture
def store(tmp_path: Path, place: str | None) -> Iterator[JobStore]:
    database = database_of(Settings(tmp_path, place))
    yield JobStore(database)
    database.close()


def job(name: str = "a", **more: Any) -> Job:
    return Job(name, "ada", "hex_ask", {"prompt": "x"}, 1000.0, 5000.0, **more)


def claim(store: JobStore, owner: str, now: float, callers: tuple[str, ...] = ("ada",)) -> list[Job]:
    return store.claim(owner, callers, now, now + 10, 10)


def test_a_job_is_taken_by_one(store):
    store.add(job())

    assert [each.fence for each in claim(store, "one", 1000)] == [1]
    assert claim(store, "two", 1005) == []
    assert [each.fence for each in claim(store, "two", 1011)] == [2]


def test_who_has_lost_a_job_can_write_no_more(store):
    store.add(job())
    claim(store, "one", 1000)
    claim(store, "two", 1011)

    assert not store.report("a", 1, {"message": "late"})
    assert not store.end("a", 1, End(SUCCEEDED, {"by": "one"}), 1012, 9000)
    assert store.renew("one", {"a": 1}, 2000) == {}
    assert store.end("a", 2, End(SUCCEEDED, {"by": "two"}), 1013, 9000)
    assert not store.end("a", 2, End(FAILED, problem={}), 1014, 9000)
    found = store.get("ada", "a")
    assert found is not None
    assert (found.status, found.result) == (SUCCEEDED, {"by": "two"})
    assert [event.name for event in store.events_after("a", 0)] == ["result"]


def test_a_lease_that_is_renewed_is_kept(store):
    store.add(job())
    claim(store, "one", 1000)

    assert store.renew("one", {"a": 1}, 1030) == {"a": False}
    assert claim(store, "two", 1020) == []


def test_jobs_of_callers_whose_token_is_not_there_are_left(store):
    store.add(job())
    store.add(job("b", encrypted_token=b"f:sealed"))

    assert [each.id for each in claim(store, "one", 1000, callers=())] == ["b"]


def test_a_job_that_is_given_back_is_taken_at_once(store):
    store.add(job())
    claim(store, "one", 1000)

    store.release("a", 1)

    found = store.get("ada", "a")
    assert found is not None
    assert found.status == QUEUED
    assert [each.fence for each in claim(store, "two", 1001)] == [2]


def test_a_job_that_was_not_begun_is_given_back_as_it_was(store):
    store.add(job())
    claim(store, "one", 1000)

    store.release("a", 1, begun=False)

    assert [each.fence for each in claim(store, "two", 1001)] == [1]


def test_after_the_database_was_away_workers_may_say_first_that_they_live(store):
    store.add(job())
    claim(store, "one", 1000)
    store._database.recovered_at = 1030.0

    too_soon = claim(store, "two", 1035)
    store.add(job("b"))
    new = claim(store, "two", 1035)
    late = claim(store, "two", 1041)

    assert (too_soon, [each.id for each in new], [each.id for each in late]) == ([], ["b"], ["a"])


def test_a_cancelled_job_that_nobody_works_on_has_ended(store):
    store.add(job())
    end = End(CANCELLED, problem={"key": "job_cancelled"})

    found = store.cancel("ada", "a", end, 1001, 9000)

    assert found is not None
    assert found.status == CANCELLED
    assert store.cancel("eli", "a", end, 1001, 9000) is None
    assert claim(store, "one", 1002) == []


def test_a_cancellation_reaches_another_process_with_its_next_breath(store):
    store.add(job())
    claim(store, "one", 1000)

    store.cancel("ada", "a", End(CANCELLED), 1001, 9000)

    assert store.renew("one", {"a": 1}, 1020) == {"a": True}


def test_what_nobody_can_work_on_is_given_up_and_then_forgotten(store):
    store.add(job())

    ended = store.remove_expired(5001, End(FAILED, problem={"key": "job_abandoned"}), 9000)
    store.remove_expired(9001, End(FAILED), 9999)

    assert [each.id for each in ended] == ["a"]
    assert store.get("ada", "a") is None


def test_a_key_finds_the_first_job(store):
    store.add(job(key="k", fingerprint="f"))

    assert store.add(job("b", key="k", fingerprint="f")).id == "a"
    store.remove_key("a")
    assert store.add(job("b", key="k", fingerprint="f")).id == "b"
    assert store.by_status() == {QUEUED: 2}


def test_what_cannot_be_written_is_a_problem_and_no_crash(here, place):
    client = here()
    client.service.jobs._database.write("DROP TABLE events")
    client.service.jobs._database.write("DROP TABLE deliveries")
    client.service.jobs._database.write("DROP TABLE jobs")

    answer = client.post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}})
    quick = client.call("hex_find_project", {"query": "x"})

    assert (answer.status_code, answer.json()["key"]) == (503, "store_unusable")
    assert client.get("/readyz").status_code == 503
    assert quick.status_code == 200
