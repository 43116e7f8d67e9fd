"""A pytest plugin, registered in `conftest.py`, that compares the declarations of handlers with what they do in tests.

A test fails if a tool raises an error, reports one in its outputs, or sends another tool's request without declaring
it. A complete test run fails if something is declared that no test has seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

import pytest

import hex_blocks.run
from hex_blocks import HexError, Tool
from hex_blocks.dev.possible_errors import EVERYWHERE, possible_errors, reported_errors
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.tools.handler import declaration_of
from hex_blocks.tools.tool_call import ToolCall
from tests.calling import our_tools

RAISED, REPORTED, USED = "raises", "reports", "uses"
# The values of `-m` for runs that must see everything that is declared.
WHOLE_RUNS = ("", "not slow")

Handler = Callable[[ToolCall, dict[str, Any]], Any]


class Deed(NamedTuple):
    """An action of a tool, such as ("hex_ask", "raises", "thread_busy")."""

    tool_id: str
    kind: str
    what: str


@functools.cache
def declared() -> frozenset[Deed]:
    """Return everything that the tools declare."""
    return frozenset(
        Deed(tool.id, kind, what)
        for tool in our_tools().values()
        for kind, declares in (
            (RAISED, possible_errors(tool)),
            (REPORTED, reported_errors(tool)),
            (USED, declaration_of(hex_blocks.run.handler_of(tool)).uses),
        )
        for what in declares
    )


def can_be_met_by_any_call(deed: Deed) -> bool:
    return deed.kind != USED and deed.what in EVERYWHERE


class DeclaredErrors:
    """The plugin. It observes the calls of this process; at the end, those of all worker processes are compared."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seen: set[Deed] = set()
        self.never_seen: list[Deed] = []
        self._of_this_test: set[Deed] = set()
        # The stack of running tools, the outermost first, because a tool may call another one.
        self._running: ContextVar[tuple[str, ...]] = ContextVar("running", default=())

    def pytest_sessionstart(self) -> None:
        # Read before a test replaces the folders of specs.
        declared()
        self._handler_of, self._request_closely = hex_blocks.run.handler_of, ToolCall.request_with_details
        plugin = self

        def request_with_details(call: ToolCall, inputs: Any, tool_id: str | None = None, **options: Any) -> Any:
            plugin._see_request(tool_id or call.tool.id)
            return plugin._request_closely(call, inputs, tool_id, **options)

        hex_blocks.run.handler_of = self._watched_handler_of
        ToolCall.request_with_details = request_with_details  # type: ignore[method-assign,assignment]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._of_this_test = set()
        result = yield
        self.seen |= self._of_this_test
        undeclared = [deed for deed in self._of_this_test - declared() if not can_be_met_by_any_call(deed)]
        if undeclared and item.get_closest_marker("any_answer") is None:
            pytest.fail(f"not declared by the handler: {said(undeclared)}")
        return result

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["deeds"] = [tuple(deed) for deed in self.seen]
        elif self._is_whole() and session.exitstatus == pytest.ExitCode.OK:
            self.never_seen = sorted(declared() - self.seen)
            if self.never_seen:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.seen |= {Deed(*deed) for deed in getattr(node, "workeroutput", {}).get("deeds", ())}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.never_seen:
            terminalreporter.section("declared by a handler, and seen by no test", red=True)
            terminalreporter.line(said(self.never_seen))

    def _is_whole(self) -> bool:
        option = self.config.option
        chosen = option.file_or_dir or option.keyword or option.collectonly or getattr(option, "lf", False)
        return not chosen and option.markexpr in WHOLE_RUNS

    def _watched_handler_of(self, tool: Tool) -> Handler:
        handle = self._handler_of(tool)
        own = our_tools().get(tool.id)
        # Tools that a test defines are not checked.
        if own is None or own.raw != tool.raw:
            return handle

        @functools.wraps(handle)
        def watched(call: ToolCall, inputs: dict[str, Any]) -> Any:
            before = self._running.set((*self._running.get(), tool.id))
            try:
                outputs = handle(call, inputs)
            except HexError as error:
                self._of_this_test.add(Deed(tool.id, RAISED, error.key))
                self._see_reported(tool.id, error.partial)
                raise
            finally:
                self._running.reset(before)
            self._see_reported(tool.id, outputs)
            return outputs

        return watched

    def _see_reported(self, tool_id: str, value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(key := value.get("error"), str) and key in SENTENCES and "message" in value:
                self._of_this_test.add(Deed(tool_id, REPORTED, key))
            value = list(value.values())
        for part in value if isinstance(value, list) else ():
            self._see_reported(tool_id, part)

    def _see_request(self, used: str) -> None:
        self._of_this_test |= {Deed(running, USED, used) for running in self._running.get() if used != running}


def said(deeds: Iterable[Deed]) -> str:
    return "; ".join(sorted(" ".join(deed) for deed in deeds))
