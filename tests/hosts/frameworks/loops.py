"""What every framework's own loop has to do with our tools, whatever the framework.

A framework's test module gives a `Loop`: how a scripted model is put into it. Each test of `LoopTests` then runs it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import pytest

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN
from hex_blocks.tools.progress import Progress
from tests.hosts import vendor_rules
from tests.hosts.agent import JOBS, RequestedCall, check

NOWHERE = "00000000-0000-4000-8000-000000000000"
PNG = b"\x89PNG"
Turn = Generator[Any, Any, Any]


@dataclass(frozen=True)
class Told:
    """What the model was sent of a call: the document or the error, the pictures, and all of it as text."""

    document: dict[str, Any]
    shown: tuple[bytes, ...] = ()
    is_error: bool = False
    sent: str = ""

    @property
    def pictures(self) -> int:
        """How many pictures it was shown."""
        return len(self.shown)


class Loop(Protocol):
    """A framework's own agent loop, with a scripted model in it."""

    toolkit: Callable[..., list[Any]]

    def run(self, script: Script, tools: list[Any], *, awaited: bool) -> None:
        """Run an agent with these tools until the script ends."""

    def schemas(self, tools: list[Any]) -> dict[str, dict[str, Any]]:
        """Return what the model is told that each tool takes."""


@contextmanager
def own_loop() -> Iterator[None]:
    """Close the loop that a framework's synchronous form leaves open for its next run."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class Script:
    """The turns of a model: a generator that yields the calls of a turn, one or a list, and is sent what came."""

    def __init__(self, turns: Turn) -> None:
        self._turns = turns
        self._alone = True
        self._ids = count()
        self.result: Any = None

    def next_id(self) -> str:
        """Return an ID for a call, in which `order_of` reads which one it is."""
        return f"call_{next(self._ids)}"

    def begin(self) -> list[RequestedCall]:
        """Return the calls of the first turn."""
        return self._listed(next(self._turns))

    def go_on(self, came: Iterable[Told]) -> list[RequestedCall]:
        """Return the calls of the next turn; none where the script has ended."""
        told = list(came)
        try:
            return self._listed(self._turns.send(told[0] if self._alone else told))
        except StopIteration as done:
            self.result = done.value
            return []

    def _listed(self, wanted: RequestedCall | list[RequestedCall]) -> list[RequestedCall]:
        self._alone = isinstance(wanted, RequestedCall)
        return [wanted] if isinstance(wanted, RequestedCall) else wanted


def order_of(call_id: str) -> int:
    """Return which call of a script an ID is of."""
    return int(call_id.removeprefix("call_"))


def read_error(text: str) -> tuple[dict[str, Any], bool]:
    """Read what a model is sent as text: a document, or the sentence of an error and its document."""
    sentence, _, document = text.partition("\n")
    return (json.loads(document), True) if not sentence.startswith("{") else (json.loads(text), False)


class LoopTests:
    """The tests; a framework's module inherits them and gives its loop."""

    loop: Loop

    @pytest.fixture(params=[True, False], ids=["awaited", "sync"])
    def play(self, request, hex_connection):
        """Run a script in the framework's loop, and return what it returns."""

        def played(turns: Turn, **options: Any) -> Any:
            script = Script(turns)
            self.loop.run(script, self.loop.toolkit(hex_connection, **options), awaited=request.param)
            return script.result

        return played

    @pytest.mark.parametrize("job", JOBS)
    def test_an_agent_does_the_job(self, job, play):
        check(job, play(JOBS[job]()))

    def test_pictures_are_shown_in_the_frameworks_own_form(self, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_get_run_results", {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN}))

        told = play(turns())

        assert [picture[:4] for picture in told.shown] == [PNG, PNG]
        assert [chart["image"]["picture"] for chart in told.document["charts"]] == [1, 2]
        assert "iVBOR" not in json.dumps(told.document)

    def test_an_error_is_read_and_the_loop_goes_on(self, play):
        def turns() -> Turn:
            wrong = yield RequestedCall("hex_get_run_status", {"projectId": "Revenue report", "runId": KNOWN_RUN})
            again = yield RequestedCall("hex_get_run_status", {"projectId": "Revenue report", "runId": KNOWN_RUN})
            more = yield RequestedCall("hex_get_run_status", {"projekt": REVENUE_REPORT, "runId": KNOWN_RUN})
            right = yield RequestedCall("hex_get_run_status", {"projectId": REVENUE_REPORT, "runId": KNOWN_RUN})
            return wrong, again, more, right

        wrong, again, more, right = play(turns())

        assert (wrong.is_error, wrong.document["error"], again.document) == (True, "bad_inputs", wrong.document)
        assert "projectId must be an ID" in wrong.document["message"]
        assert more.is_error
        assert (right.is_error, right.document["status"]) == (False, "COMPLETED")

    @pytest.mark.parametrize(
        "arguments",
        [
            {"query": "revenue report"},
            {"query": "revenue report", "includeArchived": None},
            {"query": "revenue report", "includeArchived": "false"},
        ],
    )
    def test_what_a_model_leaves_out_or_writes_as_text_is_understood(self, arguments, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_find_project", arguments))

        assert play(turns()).document["matches"][0]["id"] == REVENUE_REPORT

    @pytest.mark.parametrize("parameters", [{"region": "APAC"}, '{"region": "APAC"}'])
    def test_an_object_may_be_text(self, parameters, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_run_and_wait", {"projectId": REVENUE_REPORT, "inputParams": parameters}))

        assert play(turns()).document["status"] == "COMPLETED"

    @pytest.mark.parametrize(
        "arguments",
        [
            {"limit": 5.0, "statuses": "Production"},
            {"limit": "5", "statuses": ["Production", ""]},
            {"LIMIT": 5, "Statuses": '["Production"]'},
            {"input": {"limit": 5, "statuses": ["Production"]}},
        ],
    )
    def test_inputs_in_other_forms_are_understood_inside_a_call_by_name(self, arguments, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_call_tool", {"name": "hex_list_projects", "arguments": arguments}))

        told = play(turns())

        assert len(told.document["result"]["projects"]) == 5

    @pytest.mark.parametrize(
        "query", ['"revenue"', "revenue\n", "Umsätze 📈 東京", "\u202e", "' or 1=1 --", "x" * 5_000]
    )
    def test_any_text_comes_through(self, query, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_find_project", {"query": query}))

        told = play(turns())

        assert "matches" in told.document or told.is_error

    def test_what_hex_answers_with_half_of_a_surrogate_pair_reaches_the_model(self, play, sandbox):
        sandbox.world.project("Revenue report").title = "Revenue \ud83d report"

        def turns() -> Turn:
            return (yield RequestedCall("hex_find_project", {"query": "revenue"}))

        assert play(turns()).document["matches"][0]["title"] == "Revenue \ufffd report"

    def test_a_tool_without_inputs_is_called(self, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_list_data_connections", {}))

        assert play(turns(), tools=("hex_list_data_connections",)).document["connections"]

    def test_calls_of_one_turn_are_each_answered(self, play):
        def turns() -> Turn:
            queries = ("revenue", "digest", "no such thing")
            return (yield [RequestedCall("hex_find_project", {"query": query}) for query in queries])

        assert [told.document["total"] for told in play(turns())] == [1, 1, 0]

    def test_a_token_is_neither_taken_nor_told(self, play):
        def turns() -> Turn:
            given = yield RequestedCall(
                "hex_find_project", {"query": "revenue", "apiKey": "hxtp_marked", "baseUrl": "http://x"}
            )
            wrong = yield RequestedCall("hex_get_project_runs", {"projectId": NOWHERE})
            return given, wrong

        given, wrong = play(turns())

        assert (given.is_error, wrong.is_error) == (True, True)
        assert not [told for told in (given, wrong) if "hxtp_marked" in told.sent or TOKENS.personal in told.sent]

    def test_only_reading_is_kept_to(self, play):
        def turns() -> Turn:
            return (yield RequestedCall("hex_call_tool", {"name": "hex_run_project", "arguments": {"projectId": "x"}}))

        assert play(turns(), read_only=True).is_error

    def test_the_schemas_are_the_same_as_elsewhere(self, hex_connection):
        shown = self.loop.schemas(self.loop.toolkit(hex_connection))

        assert 8 <= len(shown) <= 12
        assert shown["hex_run_and_wait"]["required"] == ["projectId"]
        assert "apiKey" not in json.dumps(shown)

    def test_strict_schemas_are_what_openai_takes(self, hex_connection):
        shown = self.loop.schemas(self.loop.toolkit(hex_connection, "all", strict=True))

        faults = {
            name: vendor_rules.openai({"name": name, "description": "d", "strict": True, "parameters": schema})
            for name, schema in shown.items()
        }
        found = {name: found for name, found in faults.items() if found}
        assert found == {}

    def test_progress_is_told(self, play):
        told: list[Progress] = []

        def turns() -> Turn:
            yield RequestedCall("hex_run_and_wait", {"projectId": REVENUE_REPORT})

        play(turns(), progress=told.append)

        assert {"RUNNING", "COMPLETED"} <= {progress.status for progress in told}
