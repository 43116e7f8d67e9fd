"""The tools that a model is shown and may call, and how its calls run.

MCP, function calling and LangChain differ in how they describe a tool and format an answer. Which tools are shown,
which may be called and which arguments are refused is the same for all of them and decided here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from hex_blocks.errors.classes import HexError, SpecError, hex_error
from hex_blocks.hosts.models.schemas import PICTURE_NUMBER
from hex_blocks.hosts.models.surrogates import replace_surrogates, replace_surrogates_in
from hex_blocks.hosts.models.toolsets import ALL, DEFAULT, select_tools
from hex_blocks.hosts.models.understanding import match_names, nest_arguments, read_arguments, with_advice
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.tool import Tool

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.progress import ProgressCallback

log = logging.getLogger(__name__)

FIND_TOOL, CALL_TOOL = "hex_find_tool", "hex_call_tool"
THREAD = "hex-blocks call"
OWN_TOOLS = Path(__file__).parent / "tools"

Result = TypeVar("Result")


class Picture(NamedTuple):
    """A picture in an answer, in base64."""

    mime_type: str
    base64: str


class Hints(NamedTuple):
    """Facts about a tool that a host may show its user before a call.

    Attributes:
        read_only: Whether it changes nothing.
        destructive: Whether it may change or remove what exists.
        idempotent: Whether a repeated call has no further effect.
        open_world: Whether it sends requests to Hex.
    """

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


@dataclass(frozen=True)
class Answer:
    """The result of a call: outputs or an error.

    Attributes:
        tool: The ID of the tool that was called; empty if the call failed.
        outputs: The outputs of the tool, with each picture replaced by its number.
        pictures: The pictures.
        error: The error, if the call failed.
        language: The language of the error's sentences.
    """

    tool: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    error: HexError | None = None
    language: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        return replace_surrogates_in(self.error.document(self.language)) if self.error else self.outputs

    @property
    def text(self) -> str:
        """The answer as compact JSON, for a model."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"), default=str)

    @property
    def sentence(self) -> str:
        """What went wrong and what to do next; empty if there is no error."""
        if self.error is None:
            return ""
        sentence = f"{self.error.key}: {self.error.message(self.language)} {self.error.hint(self.language)}"
        return replace_surrogates(sentence.strip())


class Toolbox:
    """The tools that a model is shown, and those that it may call.

    Args:
        tools: Names of toolsets and tools, as a list or separated by commas. Default: the default toolset.
        registry: The registry that the tools come from. Default: all tools.
        read_only: Whether tools that write are neither shown nor callable.
        search: Whether to show hex_find_tool and hex_call_tool, through which all other tools can be called.
        longest_wait: The time in seconds after which a waiting call ends; runs that it started keep running in Hex.
        language: The language of titles, descriptions and errors.
    """

    def __init__(
        self,
        tools: Iterable[str] = (DEFAULT,),
        *,
        registry: Registry | None = None,
        read_only: bool = False,
        search: bool = True,
        longest_wait: float | None = None,
        language: str | None = None,
    ) -> None:
        self.registry = registry or Registry.load()
        self.read_only = read_only
        self.search = search
        self.longest_wait = longest_wait
        self.language = language
        names = tools.split(",") if isinstance(tools, str) else tools
        self._selected = select_tools(
            self.registry, [name.strip() for name in names if name.strip()], read_only=read_only
        )

    @cached_property
    def shown(self) -> dict[str, Tool]:
        """The tools that the model is shown, by name."""
        shown = {tool.id: tool for tool in self._selected}
        if self.search and len(shown) < len(self._callable):
            shown |= self._search_tools
        return shown

    @cached_property
    def _callable_registry(self) -> Registry:
        """The tools that hex_find_tool finds and hex_call_tool calls."""
        from hex_blocks.hosts.models.search import PartialRegistry

        return PartialRegistry(self.registry, self._callable)

    @cached_property
    def _callable(self) -> list[Tool]:
        usual = select_tools(self.registry, (ALL,), read_only=self.read_only)
        return [*usual, *(tool for tool in self._selected if tool.experimental)]

    @cached_property
    def _search_tools(self) -> dict[str, Tool]:
        files = [OWN_TOOLS / f"{name}.json" for name in (FIND_TOOL, CALL_TOOL)]
        return {file.stem: Tool(json.loads(file.read_bytes()), file, self.registry.connection_inputs) for file in files}

    def can_call(self, name: str) -> bool:
        """Return whether a tool can be called, by its name or through hex_call_tool."""
        return name in self.shown or (CALL_TOOL in self.shown and name in self._callable_registry)

    def hints(self, tool: Tool) -> Hints:
        """Return the hints of a tool."""
        reads = tool.operation == "query" or self.read_only
        return Hints(
            read_only=reads,
            destructive=tool.destructive and not reads,
            idempotent=bool(tool.raw.get("idempotent", False)),
            open_world=tool.id != FIND_TOOL,
        )

    def call(
        self,
        name: str,
        arguments: Any,
        connection: Connection | None = None,
        *,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> Answer:
        """Call a tool for a model, and return the result; errors are returned, not raised.

        Args:
            name: The name of the tool. A tool that is not shown is refused.
            arguments: The arguments: an object, or JSON text of an object. A token, a base URL and a local file are
                refused.
            connection: The connection to Hex. Default: from the environment.
            progress: Called with each progress report.
            stop: An event that ends the call's waits; runs that the call started keep running in Hex.
        """
        stop = stop or threading.Event()
        timer = threading.Timer(self.longest_wait, stop.set) if self.longest_wait else None
        try:
            if timer:
                timer.daemon = True
                timer.start()
            tool, outputs = self._run(name, arguments, connection, progress, stop)
        except HexError as error:
            advised = with_advice(_without_token_advice(error), self.registry, self.can_call)
            return Answer(error=advised, language=self.language)
        except SpecError as error:
            log.error("%s", error)  # noqa: TRY400
            return Answer(error=hex_error("tool_broken", name=name), language=self.language)
        finally:
            if timer:
                timer.cancel()
        pictures: list[Picture] = []
        numbered = replace_surrogates_in(_without_pictures(outputs, pictures))
        return Answer(tool.id, numbered, tuple(pictures), language=self.language)

    async def call_async(
        self,
        name: str,
        arguments: Any,
        connection: Connection | None = None,
        *,
        progress: ProgressCallback | None = None,
    ) -> Answer:
        """Do the same as `call` in a thread of its own, without blocking the event loop.

        Cancelling it ends the call's waits; runs that the call started keep running in Hex.
        """
        stop = threading.Event()
        return await in_own_thread(
            lambda: self.call(name, arguments, connection, progress=progress, stop=stop), stop.set
        )

    def _run(
        self,
        name: str,
        arguments: Any,
        connection: Connection | None,
        progress: ProgressCallback | None,
        stop: threading.Event,
    ) -> tuple[Tool, dict[str, Any]]:
        # Imported here, because listing tools needs neither pydantic nor requests.
        from hex_blocks.api.connection import Connection
        from hex_blocks.hosts.models.search import refuse_hidden
        from hex_blocks.run import run

        tool = self._shown_tool(name)
        given = match_names(tool, read_arguments(tool, arguments))
        if tool.id == CALL_TOOL:
            given = nest_arguments(tool, given, self._callable_registry)
        refuse_hidden(tool, given)
        tools = self._callable_registry if tool.id in self._search_tools else self.registry
        connection = connection or Connection()
        return tool, run(tool, given, tools, connection, progress=progress, stop=stop, language=self.language)

    def _shown_tool(self, name: str) -> Tool:
        if name in self.shown:
            return self.shown[name]
        from hex_blocks.hosts.models.search import tool_named

        tool = tool_named(self.registry, name)
        if tool.id in self.shown:
            return tool
        if self.read_only and tool.operation != "query":
            raise hex_error("only_reading", name=tool.id)
        if CALL_TOOL not in self.shown:
            raise hex_error("unknown_tool", name=repr(tool.id), guess="")
        raise hex_error("tool_not_offered", name=tool.id)


async def in_own_thread(work: Callable[[], Result], stop: Callable[[], object]) -> Result:
    """Run `work` in a new thread and return its result. The number of waiting calls is not limited by a thread pool.

    Cancelling calls `stop` and returns at once; the thread ends by itself.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def set_once(set_outcome: Callable[[], object]) -> None:
        if not future.done():
            set_outcome()

    def run_work() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001
            _call_in_loop(loop, set_once, lambda error=error: future.set_exception(error))  # type: ignore[misc]
        else:
            _call_in_loop(loop, set_once, lambda: future.set_result(result))

    threading.Thread(target=run_work, name=THREAD).start()
    try:
        return await future
    finally:
        stop()


def wait_for_calls(timeout: float) -> bool:
    """Wait up to `timeout` seconds for the threads of all calls to end, and return whether all have ended."""
    until = time.monotonic() + timeout
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.name == THREAD for thread in threading.enumerate())


def _call_in_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], argument: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(call, argument)
    except RuntimeError:
        log.debug("the event loop is closed; the result of a call is dropped")


def _without_token_advice(error: HexError) -> HexError:
    # The usual sentence says how to pass an apiKey; a model that reads it would ask its user for one.
    return hex_error("token_missing_at_host") if error.key == "token_missing" else error


def _without_pictures(value: Any, pictures: list[Picture]) -> Any:
    """Return outputs with each picture replaced by its number in the call, and append the pictures to `pictures`."""
    if isinstance(value, list):
        return [_without_pictures(part, pictures) for part in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"mimeType", "base64"}:
        if not isinstance(value["base64"], str) or not str(value["mimeType"]).startswith("image/"):
            return {"mimeType": value["mimeType"]}
        pictures.append(Picture(str(value["mimeType"]), value["base64"]))
        return {"mimeType": value["mimeType"], PICTURE_NUMBER: len(pictures)}
    return {name: _without_pictures(part, pictures) for name, part in value.items()}
