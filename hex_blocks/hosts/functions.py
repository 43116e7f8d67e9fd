"""Function calling: tool definitions for OpenAI, Anthropic and Gemini, and running the calls of their models.

    tools = openai_tools(strict=True)
    …                                                    # the model answers with a call
    reply = run_function_call(call.name, call.arguments)
    messages.append(reply.openai(call.id))

A strict schema is one that the vendor's decoder enforces while the model writes a call. The constants below hold the
keywords that each vendor documents for it; what a vendor does not support is checked when the tool is called.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hex_blocks.hosts.models.schemas import Schema, inputs_of, outputs_of
from hex_blocks.hosts.models.search import description
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.hosts.models.toolsets import DEFAULT
from hex_blocks.i18n.texts import text

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.tools.progress import ProgressCallback
    from hex_blocks.tools.tool import Tool

LEVEL = {
    "schemas, plain and strict": "done: tests/hosts/test_functions.py",
    "calls": "done: tests/hosts/test_function_calls.py",
    "vendors' own types": "done: tests/hosts/vendors/test_types.py",
    "calls to a vendor's API": "exempt: it needs a key, and our part ends at what is sent",
}

# OpenAI, structured outputs: platform.openai.com/docs/guides/structured-outputs
MAX_DESCRIPTION_LENGTH = 1024
OPENAI_KEYWORDS = ("minimum", "maximum", "minItems", "maxItems")
OPENAI_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
# Anthropic, strict tool use: platform.claude.com/docs/en/build-with-claude/structured-outputs
ANTHROPIC_FORMATS = (*OPENAI_FORMATS, "uri")
# The most strict tools of one request, and the most optional inputs and unions in all of them together.
ANTHROPIC_LIMITS = (20, 24, 16)
# Gemini, the subset of OpenAPI that is its Schema: ai.google.dev/api/caching#Schema
GEMINI_KEYWORDS = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
GEMINI_FORMATS = ("date-time",)

Described = dict[str, Any]


def openai_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, responses: bool = False, **options: Any
) -> list[Described]:
    """Return tool definitions for OpenAI's Chat Completions API or Responses API.

    Args:
        tools: Names of toolsets and tools, or a Toolbox.
        strict: Whether to return strict schemas.
        responses: Whether to use the form of the Responses API.
        **options: Arguments of Toolbox.
    """
    box = _toolbox(tools, options)

    def function(tool: Tool) -> Described:
        schema = inputs_of(tool, box.language, strict=strict, short=True)
        described: Described = {
            "name": tool.id,
            "description": list_description(tool, box, MAX_DESCRIPTION_LENGTH),
            "parameters": openai_schema(schema) if strict else schema,
            "strict": strict,
        }
        return {"type": "function", **described} if responses else {"type": "function", "function": described}

    return [function(tool) for tool in box.shown.values()]


def anthropic_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return tool definitions for Anthropic's Messages API.

    A request may have at most 20 strict tools, with 24 optional inputs and 16 unions in total. Tools are made strict
    in the given order; those that would exceed a limit get a plain schema.

    Args:
        tools: Names of toolsets and tools, or a Toolbox.
        strict: Whether to return strict schemas.
        **options: Arguments of Toolbox.
    """
    box = _toolbox(tools, options)
    definitions, totals = [], (0, 0, 0)
    for tool in box.shown.values():
        plain = inputs_of(tool, box.language, short=True)
        described: Described = {"name": tool.id, "description": list_description(tool, box), "input_schema": plain}
        if strict:
            schema = anthropic_schema(inputs_of(tool, box.language, strict=True, short=True), plain)
            with_tool = (totals[0] + 1, totals[1] + _count_optional(schema), totals[2] + _count_unions(schema))
            if all(count <= limit for count, limit in zip(with_tool, ANTHROPIC_LIMITS, strict=True)):
                totals = with_tool
                described |= {"input_schema": schema, "strict": True}
        definitions.append(described)
    return definitions


def gemini_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return tool definitions for Gemini: one entry that declares all functions. Free-form objects are JSON text.

    Args:
        tools: Names of toolsets and tools, or a Toolbox.
        strict: Whether every input is required, and nullable if it is optional.
        **options: Arguments of Toolbox.
    """
    box = _toolbox(tools, options)

    def declaration(tool: Tool) -> Described:
        described: Described = {"name": tool.id, "description": list_description(tool, box)}
        whole = inputs_of(tool, box.language, strict=True, short=True)
        schema = gemini_schema(whole, None if strict else inputs_of(tool, box.language, short=True))
        # Gemini refuses an object without properties.
        return described | ({"parameters": schema} if schema["properties"] else {})

    return [{"functionDeclarations": [declaration(tool) for tool in box.shown.values()]}]


def json_schema_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return complete tool definitions, for model hosts without a form of their own here.

    Args:
        tools: Names of toolsets and tools, or a Toolbox.
        strict: Whether every input is required, and nullable if it is optional.
        **options: Arguments of Toolbox.
    """
    box = _toolbox(tools, options)
    return [
        {
            "name": tool.id,
            "title": tool.title(box.language),
            "description": description(tool, box.language),
            "inputSchema": inputs_of(tool, box.language, strict=strict),
            "outputSchema": outputs_of(tool, box.language),
            "annotations": box.hints(tool)._asdict(),
        }
        for tool in box.shown.values()
    ]


def openai_schema(schema: Schema) -> Schema:
    """Return the part of a strict schema that OpenAI's strict mode supports."""
    selected = _select_keywords(schema, OPENAI_KEYWORDS, OPENAI_FORMATS)
    if "properties" in schema:
        selected["properties"] = {name: openai_schema(part) for name, part in schema["properties"].items()}
        selected |= {"required": list(schema["properties"]), "additionalProperties": False}
    if "items" in schema:
        selected["items"] = openai_schema(schema["items"])
    return selected


def anthropic_schema(schema: Schema, plain: Schema) -> Schema:
    """Return the part of a strict schema that Anthropic supports.

    What the plain schema makes optional stays optional.
    """
    selected = _select_keywords(schema, (), ANTHROPIC_FORMATS)
    if "properties" in schema:
        required = plain.get("required", [])
        parts = {
            name: anthropic_schema(part if name in required else _without_null(part), plain["properties"][name])
            for name, part in schema["properties"].items()
        }
        selected |= {"properties": parts, "required": list(required), "additionalProperties": False}
    if "items" in schema:
        selected["items"] = anthropic_schema(schema["items"], plain["items"])
    return selected


def gemini_schema(schema: Schema, plain: Schema | None = None) -> Schema:
    """Return a strict schema in Gemini's form; what the plain schema, if given, makes optional stays optional."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    selected = _select_keywords(schema, GEMINI_KEYWORDS, GEMINI_FORMATS) | {
        "type": next(each for each in types if each != "null").upper()
    }
    if "null" in types:
        selected["nullable"] = True
    if "enum" in schema:
        selected |= {"enum": [each for each in schema["enum"] if each is not None], "format": "enum"}
    if "properties" in schema:
        required = plain.get("required", []) if plain else list(schema["properties"])
        parts = {
            name: gemini_schema(part if name in required else _without_null(part), plain and plain["properties"][name])
            for name, part in schema["properties"].items()
        }
        selected |= {"properties": parts, **({"required": list(required)} if required else {})}
    if "items" in schema:
        selected["items"] = gemini_schema(schema["items"], plain and plain["items"])
    return selected


@dataclass(frozen=True)
class Reply:
    """The result of a function call, in the form of each vendor."""

    name: str
    answer: Answer

    @property
    def text(self) -> str:
        """The reply as JSON text: the tool's outputs, or its error."""
        return self.answer.text

    @property
    def is_error(self) -> bool:
        """Whether the call failed."""
        return self.answer.error is not None

    def openai(self, call_id: str) -> Described:
        """Return the message for the Chat Completions API. It cannot hold pictures; `openai_output` can."""
        return {"role": "tool", "tool_call_id": call_id, "content": self.text}

    def openai_output(self, call_id: str) -> Described:
        """Return the input item for the Responses API."""
        pictures = [
            {"type": "input_image", "image_url": f"data:{each.mime_type};base64,{each.base64}", "detail": "auto"}
            for each in self.answer.pictures
        ]
        output = [{"type": "input_text", "text": self.text}, *pictures] if pictures else self.text
        return {"type": "function_call_output", "call_id": call_id, "output": output}

    def anthropic(self, tool_use_id: str) -> Described:
        """Return the content block for a user message of the Messages API."""
        pictures = [
            {"type": "image", "source": {"type": "base64", "media_type": each.mime_type, "data": each.base64}}
            for each in self.answer.pictures
        ]
        content = [{"type": "text", "text": self.text}, *pictures]
        return {"type": "tool_result", "tool_use_id": tool_use_id, "content": content, "is_error": self.is_error}

    def gemini(self, call_id: str | None = None) -> list[Described]:
        """Return the parts of a user content for Gemini."""
        key = "error" if self.is_error else "output"
        response: Described = {"name": self.name, "response": {key: self.answer.document}}
        pictures = [{"inlineData": {"mimeType": each.mime_type, "data": each.base64}} for each in self.answer.pictures]
        return [{"functionResponse": response | ({"id": call_id} if call_id else {})}, *pictures]


def run_function_call(
    name: str,
    arguments: Any = None,
    connection: Connection | None = None,
    *,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    progress: ProgressCallback | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Reply:
    """Run the function call of a model, and return the reply to send back. Errors are returned as replies too.

    Args:
        name: The function's name.
        arguments: The arguments as the model sent them: an object, or JSON text of an object. An optional input that
            is null counts as not given.
        connection: The connection to Hex. Default: from the environment.
        tools: As for the list that the model was sent; a tool that was not on the list is refused.
        progress: Called with each progress report of the call.
        stop: An event that ends the call's waits; runs that the call started keep running in Hex.
        **options: Arguments of Toolbox.
    """
    box = _toolbox(tools, options)
    return Reply(name, box.call(name, arguments, connection, progress=progress, stop=stop))


async def run_function_call_async(
    name: str,
    arguments: Any = None,
    connection: Connection | None = None,
    *,
    tools: Iterable[str] | Toolbox = (DEFAULT,),
    progress: ProgressCallback | None = None,
    **options: Any,
) -> Reply:
    """Do the same as `run_function_call` without blocking the event loop.

    Cancelling it ends its waits; runs that it started keep running in Hex.
    """
    box = _toolbox(tools, options)
    return Reply(name, await box.call_async(name, arguments, connection, progress=progress))


def list_description(tool: Tool, box: Toolbox, longest: int | None = None) -> str:
    """Return a tool's description with a warning if it is destructive, for lists without a field for such a warning.

    Args:
        tool: The tool.
        box: The toolbox that shows it.
        longest: The maximum length in characters.
    """
    sentences = description(tool, box.language, short=True)
    if box.hints(tool).destructive:
        sentences += " " + text("It changes or removes what is there already.", box.language)
    return sentences if longest is None or len(sentences) <= longest else sentences[: longest - 1] + "…"


EXPORTS: dict[str, Callable[..., list[Described]]] = {
    "openai": openai_tools,
    "anthropic": anthropic_tools,
    "gemini": gemini_tools,
    "json-schema": json_schema_tools,
}


def _toolbox(tools: Iterable[str] | Toolbox, options: dict[str, Any]) -> Toolbox:
    if isinstance(tools, Toolbox):
        return tools
    names = (tools,) if isinstance(tools, str) else tuple(tools)
    return _cached_toolbox(names, tuple(sorted(options.items())))


@lru_cache(maxsize=32)
def _cached_toolbox(names: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> Toolbox:
    return Toolbox(",".join(names), **dict(options))


def _select_keywords(schema: Schema, keywords: tuple[str, ...], formats: tuple[str, ...]) -> Schema:
    selected = {name: schema[name] for name in ("type", "description", "enum", *keywords) if name in schema}
    if schema.get("format") in formats:
        selected["format"] = schema["format"]
    return selected


def _without_null(schema: Schema) -> Schema:
    """Return a schema that does not allow null."""
    types = (
        [each for each in schema["type"] if each != "null"] if isinstance(schema["type"], list) else [schema["type"]]
    )
    plain = schema | {"type": types[0] if len(types) == 1 else types}
    if "enum" in plain:
        plain["enum"] = [each for each in plain["enum"] if each is not None]
    return plain


def _count_optional(schema: Schema) -> int:
    """Return the number of optional properties, nested ones included."""
    parts = schema.get("properties", {})
    own = len(parts) - len(schema.get("required", []))
    return own + sum(_count_optional(part) for part in [*parts.values(), *_item_schemas(schema)])


def _count_unions(schema: Schema) -> int:
    """Return the number of schemas with more than one type, nested ones included."""
    own = int(isinstance(schema.get("type"), list))
    return own + sum(_count_unions(part) for part in [*schema.get("properties", {}).values(), *_item_schemas(schema)])


def _item_schemas(schema: Schema) -> list[Schema]:
    return [schema["items"]] if "items" in schema else []
