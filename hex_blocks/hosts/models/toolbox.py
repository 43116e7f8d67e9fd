"""What a model is given: the tools it is shown, and the way of its calls.

MCP, function calling and LangChain differ in how they show a tool and dress an answer. What is shown, what may be
called, and what a call may not say is the same for all of them, and stands here.
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
from hex_blocks.hosts.models.toolsets import ALL, DEFAULT, select_tools
from hex_blocks.hosts.models.understanding import put_inside, read_arguments, understood, with_advice
from hex_blocks.hosts.models.writable import writable, writable_value
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
    """What a host may tell its user of a tool before it is called."""

    read_only: bool
    destructive: bool
    idempotent: bool
    # Whether it reaches beyond this process.
    open_world: bool


@dataclass(frozen=True)
class Answer:
    """What came of a call: outputs, in which each picture is replaced by its number, or an error.

    tool: the id of the tool that was called; empty where none was.
    """

    tool: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    error: HexError | None = None
    language: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        return writable_value(self.error.document(self.language)) if self.error else self.outputs

    @property
    def text(self) -> str:
        """The answer as a model reads it: compact JSON."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"), default=str)

    @property
    def sentence(self) -> str:
        """What went wrong and what to do next; empty where nothing did."""
        if self.error is None:
            return ""
        said = f"{self.error.key}: {self.error.message(self.language)} {self.error.hint(self.language)}"
        return writable(said.strip())


class Toolbox:
    """The tools that a model is shown, and those it can reach.

    tools: toolsets, or ids of tools, as a list or by comma; the default set unless said otherwise.
    read_only: nothing that writes is shown or can be called.
    search: whether hex_find_tool and hex_call_tool are shown, by which every other tool is reached.
    longest_wait: seconds after which a call that waits gives up; what it started goes on in Hex.
    language: of titles, descriptions and sentences.
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
        self._chosen = select_tools(
            self.registry, [name.strip() for name in names if name.strip()], read_only=read_only
        )

    @cached_property
    def shown(self) -> dict[str, Tool]:
        """The tools that the model is shown, by name."""
        shown = {tool.id: tool for tool in self._chosen}
        if self.search and len(shown) < len(self._reachable):
            shown |= self._own_tools
        return shown

    @cached_property
    def _own_registry(self) -> Registry:
        """What the two tools of search find and call."""
        from hex_blocks.hosts.models.search import Reachable

        return Reachable(self.registry, self._reachable)

    @cached_property
    def _reachable(self) -> list[Tool]:
        reachable = select_tools(self.registry, (ALL,), read_only=self.read_only)
        return [*reachable, *(tool for tool in self._chosen if tool.experimental)]

    @cached_property
    def _own_tools(self) -> dict[str, Tool]:
        files = [OWN_TOOLS / f"{name}.json" for name in (FIND_TOOL, CALL_TOOL)]
        return {file.stem: Tool(json.loads(file.read_bytes()), file, self.registry.connection_inputs) for file in files}

    def reaches(self, name: str) -> bool:
        """Whether a tool can be called, by its name or by way of hex_call_tool."""
        return name in self.shown or (CALL_TOOL in self.shown and name in self._own_registry)

    def hints(self, tool: Tool) -> Hints:
        """Return what a call of a tool may do."""
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
        """Call a tool as a model asks for it, and return what comes of it, errors too.

        arguments: an object, or JSON text of one. connection: where to, with which token; those of the environment
        where none is given. A tool that is not shown, a token, a base URL or a file among the arguments is refused.
        """
        stop = stop or threading.Event()
        timer = threading.Timer(self.longest_wait, stop.set) if self.longest_wait else None
        try:
            if timer:
                timer.daemon = True
                timer.start()
            tool, outputs = self._run(name, arguments, connection, progress, stop)
        except HexError as error:
            advised = with_advice(_at_host(error), self.registry, self.reaches)
            return Answer(error=advised, language=self.language)
        except SpecError as error:
            log.error("%s", error)  # noqa: TRY400
            return Answer(error=hex_error("tool_broken", name=name), language=self.language)
        finally:
            if timer:
                timer.cancel()
        pictures: list[Picture] = []
        kept = writable_value(_without_pictures(outputs, pictures))
        return Answer(tool.id, kept, tuple(pictures), language=self.language)

    async def call_async(
        self,
        name: str,
        arguments: Any,
        connection: Connection | None = None,
        *,
        progress: ProgressCallback | None = None,
    ) -> Answer:
        """Call a tool in a thread of its own. Cancelling it ends its waits; what it started goes on in Hex."""
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
        # The listing pays for neither pydantic nor requests.
        from hex_blocks.api.connection import Connection
        from hex_blocks.hosts.models.search import refuse_hidden
        from hex_blocks.run import run

        tool = self._shown_tool(name)
        given = understood(tool, read_arguments(tool, arguments))
        if tool.id == CALL_TOOL:
            given = put_inside(tool, given, self._own_registry)
        refuse_hidden(tool, given)
        tools = self._own_registry if tool.id in self._own_tools else self.registry
        connection = connection or Connection()
        return tool, run(tool, given, tools, connection, progress=progress, stop=stop, language=self.language)

    def _shown_tool(self, name: str) -> Tool:
        if name in self.shown:
            return self.shown[name]
        from hex_blocks.hosts.models.search import reached

        tool = reached(self.registry, name)
        if tool.id in self.shown:
            return tool
        if self.read_only and tool.operation != "query":
            raise hex_error("only_reading", name=tool.id)
        if CALL_TOOL not in self.shown:
            raise hex_error("unknown_tool", name=repr(tool.id), guess="")
        raise hex_error("tool_not_offered", name=tool.id)


async def in_own_thread(work: Callable[[], Result], stop: Callable[[], object]) -> Result:
    """Do work in a thread of its own, so that no number of waits holds up another call.

    Cancelled, it calls `stop` and does not wait; the thread is left to end what it is at.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Result] = loop.create_future()

    def tell(settle: Callable[[], object]) -> None:
        if not ended.done():
            settle()

    def work_and_tell() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001
            _tell_loop(loop, tell, lambda error=error: ended.set_exception(error))  # type: ignore[misc]
        else:
            _tell_loop(loop, tell, lambda: ended.set_result(result))

    threading.Thread(target=work_and_tell, name=THREAD).start()
    try:
        return await ended
    finally:
        stop()


def calls_ended(within: float) -> bool:
    """Wait until no thread of a call is left, `within` seconds at most; tell whether none is."""
    until = time.monotonic() + within
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.name == THREAD for thread in threading.enumerate())


def _tell_loop(loop: asyncio.AbstractEventLoop, tell: Callable[..., object], settle: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(tell, settle)
    except RuntimeError:
        log.debug("nobody waits any longer")


def _at_host(error: HexError) -> HexError:
    # A model that is told to give an apiKey would ask its user for one.
    return hex_error("token_missing_at_host") if error.key == "token_missing" else error


def _without_pictures(value: Any, pictures: list[Picture]) -> Any:
    """Return outputs with each picture replaced by its number among those of the call, and collect the pictures."""
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
