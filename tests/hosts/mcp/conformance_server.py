"""A server for the conformance suite: ours, with the tools, prompts and pages that the suite asks for by name.

    python tests/hosts/mcp/conformance_server.py

They are added as specs, prompts and pages like any of ours, so that what the suite looks at is how ours are served.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hex_blocks import Registry
from hex_blocks.clock import FastClock
from hex_blocks.errors.classes import hex_error
from hex_blocks.hosts.mcp import server
from hex_blocks.hosts.mcp.prompts import Argument, Prompt
from hex_blocks.hosts.mcp.serving import run_http
from hex_blocks.hosts.models.toolbox import Toolbox
from hex_blocks.tools.progress import Progress
from hex_blocks.tools.tool import Tool
from hex_blocks.tools.tool_call import ToolCall

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TEXT = {"said": {"type": "string", "description": "What it says."}}
IMAGE = {
    "image": {
        "type": "object",
        "format": "image",
        "description": "A picture.",
        "fields": {
            "mimeType": {"type": "string", "description": "Its type."},
            "base64": {"type": "string", "format": "base64", "description": "Itself."},
        },
    }
}
CLOCK = FastClock(1)


def simple_text(_call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    return {"said": "This is a simple text response for testing."}


def image_content(_call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    return {"image": {"mimeType": "image/png", "base64": PIXEL}}


def error_handling(_call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    raise hex_error("hex_failed", status=500)


def tool_with_progress(call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    for percent in (0.0, 50.0, 100.0):
        call.report_progress(Progress(f"{percent:g} of 100", percent=percent))
        CLOCK.wait(0.05)
    return {"said": "done"}


FIXTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "test_simple_text": (simple_text, TEXT),
    "test_image_content": (image_content, IMAGE),
    "test_error_handling": (error_handling, TEXT),
    "test_tool_with_progress": (tool_with_progress, TEXT),
}


class FixtureRegistry(Registry):
    """Our registry, with the suite's tools."""

    def __init__(self, registry: Registry) -> None:
        self.__dict__.update(registry.__dict__)
        self._tools = {**registry._tools, **{name: self.fixture(name) for name in FIXTURES}}

    def fixture(self, name: str) -> Tool:
        handler, outputs = FIXTURES[name]
        spec = {
            "id": name,
            "group": "runs",
            "operation": "query",
            "title": name,
            "description": "A tool of the conformance suite.",
            "handler": f"{__name__}:{handler.__name__}",
            "inputs": {},
            "outputs": outputs,
            "examples": [{"title": "Call it", "inputs": {}, "outputs": dict.fromkeys(outputs)}],
        }
        return Tool(spec, Path(f"{name}.json"), self.connection_inputs)


def prompts(language: str | None = None) -> dict[str, Prompt]:
    simple = Prompt("test_simple_prompt", "Simple", "Simple.", (), "This is a simple prompt for testing.")
    arguments = (Argument("arg1", "One.", required=True), Argument("arg2", "Two.", required=True))
    with_arguments = Prompt(
        "test_prompt_with_arguments", "Arguments", "Arguments.", arguments, "Prompt with arguments: {arg1}, {arg2}"
    )
    return {prompt.name: prompt for prompt in (simple, with_arguments)}


def read_resource(uri: str, _toolbox: Toolbox) -> str | None:
    pages = {
        "test://static-text": "This is the content of the static text resource.",
        "test://template/123/data": '{"id": "123"}',
    }
    return pages.get(uri)


def main() -> None:
    vars(server).update(prompts=prompts, read_resource=read_resource)
    box = Toolbox("all", registry=FixtureRegistry(Registry.load(plugins=False)))
    run_http(server.HexServer(box), "127.0.0.1", 0, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
