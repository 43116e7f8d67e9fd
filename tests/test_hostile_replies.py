"""Replies are not trusted: whatever JSON comes, a tool gives its declared outputs or one of our errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from hex_blocks import Connection, HexError, Registry, Tool
from hex_blocks.clock import DrivenClock
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.spec.tool import Example
from hex_blocks.tools.spec.values import fits
from tests.calling import hex_on
from tests.conftest import RunCommand
from tests.faulty import LOGIN_PAGE, Act, Faulty, reply
from tests.marks import mostly_slow

# What comes here is not what Hex would say.
pytestmark = pytest.mark.any_answer

SPECS = {
    file.stem: json.loads(file.read_bytes())
    for file in sorted((Path(__file__).parents[1] / "tool_specs").glob("hex_*.json"))
}
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
HUGE = 10**400
MOST_PROGRESS = 100
every_tool = pytest.mark.parametrize("tool_id", SPECS)

# What stands where something else is due

odd_text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\x00", "\x1b]0;title\x07", "\u202eevil", "\x9b31m", "..", "../../groups", "{runId}", "%s", RUN]
    ),
    st.sampled_from(["0001-01-01T00:00:00", "9999-12-31T23:59:59Z", "2026-13-45", "COMPLETED", "RUNNING", "😀" * 10]),
)
odd_number = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([HUGE, -HUGE, 1e308, -0.0, 2**63])
)
odd_leaf = st.one_of(st.none(), st.booleans(), odd_number, odd_text)
odd_json = st.recursive(
    odd_leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3), max_leaves=6
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give every place in a JSON document, by the keys that lead to it."""
    yield way
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*way, key))


def put(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """Give a document with another value at a place."""
    if not way:
        return new
    key, *rest = way
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = put(value[key], tuple(rest), new)
    return copy


def plausible(raw: dict[str, Any]) -> list[Any]:
    """Give replies as Hex would send them to a tool: those of its examples, and runs and lists of all kinds."""
    run = {
        "projectId": PROJECT,
        "runId": RUN,
        "runUrl": "https://app.hex.tech/x",
        "status": "COMPLETED",
        "startTime": "2026-03-02T07:00:02.000Z",
        "endTime": "2026-03-02T07:01:14.500Z",
        "elapsedTime": 72_500,
        "traceId": "t-1",
        "projectVersion": 12,
        "runTrigger": "API",
    }
    project = {"id": PROJECT, "title": "Revenue report", "lastPublishedAt": "2026-03-02T07:00:02.000Z"}
    pagination = {"after": None, "before": None}
    lists = {"values": [project], "runs": [run], "pagination": pagination, "nextPage": None, "previousPage": None}
    everything = (
        lists | run | {"threadId": RUN, "status": "IDLE", "response": [{"type": "text", "text": "Yes"}], "url": "x"}
    )
    examples = [each["reply"] for each in raw["examples"] if each.get("reply") is not None]
    return [*examples, run, everything]


@st.composite
def replies(draw: st.DrawFn, raw: dict[str, Any]) -> Any:
    """Give an object: odd as a whole, or like one of Hex's with odd values in a few places."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.dictionaries(odd_text, odd_json, max_size=4))
    reply_ = draw(st.sampled_from(plausible(raw)))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from([way for way in places(reply_) if way] or [()]))
        reply_ = put(reply_, way, draw(odd_json))
    return reply_


@pytest.fixture(scope="module")
def tools() -> Registry:
    return Registry.load(plugins=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Faulty]:
    with Faulty(reply()) as running:
        yield running


Ask = Callable[..., dict[str, Any] | HexError]


@pytest.fixture(scope="module")
def ask(tools: Registry, server: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Run the example of a tool against a server that answers every request the same: outputs, or our error."""

    def ask_tool(tool_id: str, act: Act) -> dict[str, Any] | HexError:
        tool = tools[tool_id]
        server.play(act)
        told: list[Progress] = []
        stop = threading.Event()

        def hear(progress: Progress) -> None:
            told.append(progress)
            # Work whose runs never end goes on for as long as it may.
            if len(told) > MOST_PROGRESS:
                stop.set()

        options: dict[str, Any] = {"allowed_hosts": (server.origin,), "pinned": True, "clock": DrivenClock()}
        with Connection("hxtp_of_this_test", server.base_url, **options) as connection:
            try:
                outcome: dict[str, Any] | HexError = hex_on(connection).call(
                    tool, example(tool).inputs, progress=hear, stop=stop
                )
            except HexError as error:
                outcome = error
        # What a host would show of progress has to be fit for it too.
        json.dumps([[each.message, each.status, each.elapsed, each.percent] for each in told], allow_nan=False)
        return outcome

    return ask_tool


def example(tool: Tool) -> Example:
    return tool.spec.examples[0]


def check(tool: Tool, outcome: dict[str, Any] | HexError) -> None:
    """Fail unless an outcome is what a host may be given."""
    document = outcome.document() if isinstance(outcome, HexError) else outcome
    json.dumps(document, allow_nan=False).encode()
    json.dumps(document, ensure_ascii=False).encode()
    if isinstance(outcome, HexError):
        assert str(outcome).isprintable(), outcome
        assert outcome.status is None or isinstance(outcome.status, int)
        return
    assert [name for name in outcome if name != "warnings"] == list(tool.spec.outputs)
    wrong = {
        name: value
        for name, value in outcome.items()
        if name != "warnings" and value is not None and not fits(value, tool.spec.outputs[name].type)
    }
    assert wrong == {}


@every_tool
@pytest.mark.parametrize("examples", mostly_slow([3, 25], 3))
def test_odd_values_anywhere_give_declared_outputs_or_an_error(
    tools: Registry, ask: Ask, tool_id: str, examples: int
) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(odd=replies(SPECS[tool_id]))
    @seed(20260302)
    def each_is_checked(odd: Any) -> None:
        check(tools[tool_id], ask(tool_id, reply(200, json.dumps(odd).encode())))

    each_is_checked()


WHOLE = {
    "empty object": b"{}",
    "null": b"null",
    "nothing": b"",
    "list": b"[]",
    "list of objects": b'[{"id": 1}]',
    "text": b'"text"',
    "number": b"7",
    "page": LOGIN_PAGE,
    "half": b'{"values": [{"id": "',
    "NaN": b'{"elapsedTime": NaN}',
    "duplicate keys": b'{"runId": 1, "runId": "2", "status": [], "status": "COMPLETED", "values": 1, "values": []}',
    "deep": b'{"values": ' + b"[" * 200 + b"]" * 200 + b"}",
    "flat but long": json.dumps({"values": [{}] * 5000, "runs": [{}] * 5000, "threads": [1] * 5000}).encode(),
    "nulls": json.dumps(
        dict.fromkeys(
            ("values", "runs", "threads", "topics", "content", "pagination", "runId", "status", "user", "project")
        )
    ).encode(),
    "nulls in lists": json.dumps(
        dict.fromkeys(("values", "runs", "threads", "topics", "content", "errors"), (None, None))
    ).encode(),
    "ids that are none": json.dumps(
        {"runId": "../../groups/x", "projectId": "..", "id": "x?y=1", "threadId": "a/b", "status": "RUNNING"}
        | {"values": [{"id": "..", "lastPublishedAt": "x"}], "runs": [{"runId": ".", "status": "RUNNING"}]}
    ).encode(),
}


@every_tool
@pytest.mark.parametrize(
    "form", mostly_slow(WHOLE, "empty object", "list", "page", "half", "nulls", "nulls in lists", "ids that are none")
)
def test_an_odd_reply_as_a_whole_gives_declared_outputs_or_an_error(
    tools: Registry, ask: Ask, tool_id: str, form: str
) -> None:
    outcome = ask(tool_id, reply(200, WHOLE[form]))

    check(tools[tool_id], outcome)


@every_tool
def test_a_reply_with_an_id_that_is_none_leads_to_no_other_place(
    tools: Registry, ask: Ask, server: Faulty, tool_id: str
) -> None:
    server.requests.clear()

    ask(tool_id, reply(200, WHOLE["ids that are none"]))

    assert [request.path for request in server.requests if not is_sane(request.path)] == []


def is_sane(path: str) -> bool:
    """Whether a path has no part that a server might take for a way up or out."""
    return path.startswith("/api/v1/") and all(part.strip(".") for part in path[1:].split("/"))


CONTROL = "a\x1b[31mred\x1b]0;title\x07\x9b1m\u202eb\x00\r\n\x7f"


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_control_characters_of_hex_do_not_reach_a_terminal(
    server: Faulty, here: RunCommand, arguments: tuple[str, ...]
) -> None:
    project = {"id": PROJECT, "title": CONTROL, "description": "\ud800", "owner": {"email": CONTROL}}
    server.play(reply(200, {"values": [project], "pagination": {"after": None, "before": None}}))
    env = {"HEX_API_TOKEN": "hxtp_x1", "HEX_API_BASE_URL": server.base_url, "HEX_BLOCKS_ALLOWED_HOSTS": server.origin}

    finished = here("call", "list_projects", *arguments, env=env)

    assert finished.returncode == 0
    assert is_plain(finished.stdout)
    assert json.loads(finished.stdout)["projects"][0]["title"] == CONTROL


def test_control_characters_in_an_error_of_hex_do_not_reach_a_terminal(server: Faulty, here: RunCommand) -> None:
    server.play(
        reply(400, {"reason": CONTROL, "details": CONTROL, "traceId": CONTROL, "invalid": [{"paramName": CONTROL}]})
    )
    env = {"HEX_API_TOKEN": "hxtp_x1", "HEX_API_BASE_URL": server.base_url, "HEX_BLOCKS_ALLOWED_HOSTS": server.origin}

    finished = here("call", "list_projects", "--json", env=env)

    assert finished.returncode == 1
    assert is_plain(finished.stdout)
    assert is_plain(finished.stderr)


def is_plain(said: str) -> bool:
    return all(line.isprintable() for line in said.split("\n"))


def test_control_characters_in_the_address_of_a_failed_run_do_not_reach_a_terminal(
    server: Faulty, here: RunCommand
) -> None:
    run = {"projectId": PROJECT, "runId": RUN, "runUrl": CONTROL, "status": "ERRORED", "traceId": CONTROL}
    server.play(reply(200, run | {"runs": [run]}))
    env = {"HEX_API_TOKEN": "hxtp_x1", "HEX_API_BASE_URL": server.base_url, "HEX_BLOCKS_ALLOWED_HOSTS": server.origin}

    finished = here("call", "run_and_wait", f"projectId={PROJECT}", env=env)

    assert finished.returncode == 1
    assert "error in the project" in finished.stderr
    assert is_plain(finished.stderr)
