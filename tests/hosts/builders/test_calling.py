"""What builders share: projects by their titles, waits that end in time, and what is said of a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, Registry
from hex_blocks.errors.classes import TokenError
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.hosts.builders.calling import WAIT_ENDED, Outcome, ToolCaller, WaitLimits
from hex_blocks.hosts.builders.connecting import connection_of
from hex_blocks.hosts.builders.forms import AGENT_TOOLS, shown_inputs, snake_case
from hex_blocks.hosts.builders.streaming import MAX_LINES, stream_progress
from hex_blocks.hosts.builders.words import failure_text
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.tools.progress import Progress

ENDLESS = "endless simulation"
WAIT = WaitLimits(usual=240.0, longest=540.0)


@pytest.fixture
def ask(registry: Registry, hex_connection: Connection) -> Callable[..., Outcome]:
    """Ask a tool on the sandbox: ask("hex_ask", prompt="…")."""
    caller = ToolCaller(registry, WAIT)
    return lambda name, _options=None, **inputs: caller.call(name, inputs, hex_connection, **(_options or {}))


@pytest.fixture
def asked_of(sandbox: Sandbox) -> Callable[[], list[str]]:
    return lambda: [str(each.operation_id) for each in sandbox.requests]


@pytest.mark.parametrize("key", WAIT_ENDED)
def test_every_cut_has_its_sentence(key):
    assert key in SENTENCES


def test_a_project_with_an_id_costs_no_search(ask, asked_of):
    ask("hex_get_project", projectId=REVENUE_REPORT)

    assert asked_of() == ["GetProject"]


def test_a_title_is_looked_for_once(ask, asked_of):
    steps = [{"name": name, "projectId": "revenue report"} for name in ("one", "two")]
    outcome = ask("hex_run_pipeline", steps=steps)

    assert outcome.error is None
    assert {each["projectId"] for each in outcome.document["steps"]} == {REVENUE_REPORT}
    assert asked_of().count("ListProjects") == 1


@pytest.mark.parametrize("listed", ['["revenue report"]', "revenue report", ["Revenue report"], REVENUE_REPORT])
def test_projects_may_be_listed_in_every_way(listed, ask):
    assert ask("hex_watch_runs", projectIds=listed).error is None


def test_steps_may_be_json_text(ask):
    assert ask("hex_run_pipeline", steps='[{"name": "one", "projectId": "revenue report"}]').error is None


@pytest.mark.parametrize("timeout", [None, "", 100, "100", 100_000])
def test_a_wait_ends_in_time(timeout, ask, clock):
    began = clock.monotonic()

    outcome = ask("hex_run_and_wait", projectId=ENDLESS, timeout=timeout)

    assert outcome.error is None
    assert outcome.document["status"] in ("PENDING", "RUNNING")
    assert {"projectId", "runId", "runUrl", "idempotencyKey", "hint"} <= set(outcome.document)
    most = {None: 240, "": 240, 100_000: 540}.get(timeout, 100)
    assert most - 20 <= clock.monotonic() - began <= most + 60


@pytest.mark.parametrize("timeout", ["soon", True, -1])
def test_a_timeout_that_is_none_is_refused(timeout, ask):
    outcome = ask("hex_run_and_wait", projectId=REVENUE_REPORT, timeout=timeout)

    assert outcome.error.key == "bad_inputs"


def test_a_batch_ends_in_time_though_its_timeout_is_of_each_run(ask, clock):
    began = clock.monotonic()

    outcome = ask("hex_run_batch", projectId=ENDLESS, parameterSets=[{}, {}])

    assert outcome.document["status"] == "RUNNING"
    assert outcome.document["total"] == 2
    assert clock.monotonic() - began <= 300
    again = ask(
        "hex_run_batch", projectId=ENDLESS, parameterSets=[{}, {}], idempotencyKey=outcome.document["idempotencyKey"]
    )
    runs = [{each["runId"] for each in one.document["sets"]} for one in (outcome, again)]
    assert runs[0] == runs[1]


def test_what_is_cancelled_at_its_timeout_is_an_error(ask):
    outcome = ask("hex_run_and_wait", projectId=ENDLESS, timeout=30, cancelOnTimeout=True)

    assert outcome.error.key == "run_cancelled_at_timeout"


def test_a_call_that_was_stopped_before_it_began_starts_nothing(ask, asked_of):
    stop = threading.Event()
    stop.set()

    assert ask("hex_run_and_wait", {"stop": stop}, projectId=REVENUE_REPORT).error.key == "interrupted_before"
    assert "RunProject" not in asked_of()


def test_hex_limits_are_waited_for_not_told(ask, clock):
    began = clock.monotonic()

    outcomes = [ask("hex_create_project", title=f"Report {number}") for number in range(250)]

    assert [each.error for each in outcomes] == [None] * 250
    assert clock.monotonic() - began > 60
    listed = ask("hex_list_projects", fetchAll=True, limit=100)
    assert listed.document["total"] >= 250
    assert listed.sentence.endswith(f"{listed.document['total']} found.")


def test_a_failure_ends_with_its_key(ask):
    error = ask("hex_get_run_status", projectId=REVENUE_REPORT, runId="x").error

    assert failure_text(error).endswith('not "x". [bad_inputs]')


@pytest.mark.parametrize("tool", AGENT_TOOLS)
def test_what_is_required_comes_first(tool, registry):
    required = [field.required for field in shown_inputs(registry[tool]).values()]

    assert required == sorted(required, reverse=True)


@pytest.mark.parametrize(
    ("name", "snake"), [("projectId", "project_id"), ("useCachedSqlResults", "use_cached_sql_results"), ("sql", "sql")]
)
def test_names_in_snake_case(name, snake):
    assert snake_case(name) == snake


def test_a_connection_is_the_same_each_time():
    assert connection_of("hxtp_one", "eu") is connection_of("hxtp_one", "eu", "")
    assert connection_of("hxtp_one", "eu") is not connection_of("hxtp_two", "eu")
    assert connection_of("hxtp_one", "eu").base_url == "https://eu.hex.tech/api/v1"
    assert connection_of("hxtp_one", None, "https://acme.hex.tech/api/v1").base_url == "https://acme.hex.tech/api/v1"


def test_the_token_of_the_environment_is_not_the_builders(monkeypatch):
    monkeypatch.setenv("HEX_API_TOKEN", "hxtp_of_the_operator")

    with pytest.raises(TokenError, match="no Hex API token"):
        connection_of("")


def lines_of(*told: Progress) -> list[str]:
    def work(progress: Any, _stop: threading.Event) -> None:
        for each in told:
            progress(each)

    return list(stream_progress(work, lambda _result: None))


def test_progress_is_told_by_its_changes():
    states = [Progress("Run 1", "PENDING"), Progress("Run 1", "RUNNING", 5), Progress("Run 1", "RUNNING", 10)]

    assert lines_of(Progress("16 entries read"), *states) == ["Run 1: PENDING", "Run 1: RUNNING"]


def test_long_work_is_not_told_without_end():
    told = [Progress(f"{number} of 500 ended", values={"done": number}) for number in range(500)]

    assert len(lines_of(*told)) == MAX_LINES


def test_what_work_raises_is_raised():
    def work(_progress: Any, _stop: threading.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(stream_progress(work, lambda _result: None))


def test_a_reader_that_goes_away_ends_the_wait():
    stopped = threading.Event()

    def work(progress: Any, stop: threading.Event) -> None:
        progress(Progress("Run 1", "RUNNING"))
        stop.wait(30)
        stopped.set()

    lines = stream_progress(work, lambda _result: None)
    next(lines)
    lines.close()

    assert stopped.wait(10)
