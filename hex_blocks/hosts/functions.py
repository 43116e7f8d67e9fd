"""Function calling: tools in the shapes of OpenAI, Anthropic and Gemini, and their calls.

    tools = openai_tools(strict=True)
    …                                                    # the model answers with a call
    reply = run_function_call(call.name, call.arguments)
    messages.append(reply.openai(call.id))

A strict schema is one that the vendor's decoder can hold a model to. What each takes is its own published rule, and
stands in the tables below; what it does not take is checked when the call comes.
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
LONGEST_DESCRIPTION = 1024
OPENAI_KEYWORDS = ("minimum", "maximum", "minItems", "maxItems")
OPENAI_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
# Anthropic, strict tool use: platform.claude.com/docs/en/build-with-claude/structured-outputs
ANTHROPIC_FORMATS = (*OPENAI_FORMATS, "uri")
MOST_STRICT_TOOLS, MOST_OPTIONAL, MOST_UNIONS = 20, 24, 16
# Gemini, the subset of OpenAPI that is its Schema: ai.google.dev/api/caching#Schema
GEMINI_KEYWORDS = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
GEMINI_FORMATS = ("date-time",)

Described = dict[str, Any]


def openai_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, responses: bool = False, **options: Any
) -> list[Described]:
    """Return tools for OpenAI's chat completions, or its responses.

    tools: toolsets or ids of tools, or a Toolbox; options: those of a Toolbox.
    """
    box = _toolbox(tools, options)

    def function(tool: Tool) -> Described:
        schema = inputs_of(tool, box.language, strict=strict, short=True)
        described: Described = {
            "name": tool.id,
            "description": list_description(tool, box, LONGEST_DESCRIPTION),
            "parameters": openai_schema(schema) if strict else schema,
            "strict": strict,
        }
        return {"type": "function", **described} if responses else {"type": "function", "function": described}

    return [function(tool) for tool in box.shown.values()]


def anthropic_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return tools for Anthropic's messages.

    A request may hold 20 strict tools with 24 optional inputs between them: with strict, the tools that fit are strict,
    in the order given, and the others are plain.
    """
    box = _toolbox(tools, options)
    made, counted = [], (0, 0, 0)
    for tool in box.shown.values():
        plain = inputs_of(tool, box.language, short=True)
        described: Described = {"name": tool.id, "description": list_description(tool, box), "input_schema": plain}
        if strict:
            schema = anthropic_schema(inputs_of(tool, box.language, strict=True, short=True), plain)
            now = (counted[0] + 1, counted[1] + _optional(schema), counted[2] + _unions(schema))
            if now[0] <= MOST_STRICT_TOOLS and now[1] <= MOST_OPTIONAL and now[2] <= MOST_UNIONS:
                counted = now
                described |= {"input_schema": schema, "strict": True}
        made.append(described)
    return made


def gemini_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return tools for Gemini: one entry that declares all functions. Free-form objects are JSON in a string."""
    box = _toolbox(tools, options)

    def declaration(tool: Tool) -> Described:
        described: Described = {"name": tool.id, "description": list_description(tool, box)}
        whole = inputs_of(tool, box.language, strict=True, short=True)
        schema = gemini_schema(whole, None if strict else inputs_of(tool, box.language, short=True))
        # An object without properties is refused.
        return described | ({"parameters": schema} if schema["properties"] else {})

    return [{"functionDeclarations": [declaration(tool) for tool in box.shown.values()]}]


def json_schema_tools(
    tools: Iterable[str] | Toolbox = (DEFAULT,), *, strict: bool = False, **options: Any
) -> list[Described]:
    """Return tools with all that is known of their inputs and outputs, for any other host of models."""
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
    """Keep of a strict schema what OpenAI's strict mode takes."""
    kept = _kept(schema, OPENAI_KEYWORDS, OPENAI_FORMATS)
    if "properties" in schema:
        kept["properties"] = {name: openai_schema(part) for name, part in schema["properties"].items()}
        kept |= {"required": list(schema["properties"]), "additionalProperties": False}
    if "items" in schema:
        kept["items"] = openai_schema(schema["items"])
    return kept


def anthropic_schema(schema: Schema, plain: Schema) -> Schema:
    """Keep of a strict schema what Anthropic's takes; what is optional in the plain one may be left out again."""
    kept = _kept(schema, (), ANTHROPIC_FORMATS)
    if "properties" in schema:
        required = plain.get("required", [])
        parts = {
            name: anthropic_schema(part if name in required else _not_null(part), plain["properties"][name])
            for name, part in schema["properties"].items()
        }
        kept |= {"properties": parts, "required": list(required), "additionalProperties": False}
    if "items" in schema:
        kept["items"] = anthropic_schema(schema["items"], plain["items"])
    return kept


def gemini_schema(schema: Schema, plain: Schema | None = None) -> Schema:
    """Put a strict schema into Gemini's terms; what is optional in the plain one, if given, may be left out."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kept = _kept(schema, GEMINI_KEYWORDS, GEMINI_FORMATS) | {
        "type": next(each for each in types if each != "null").upper()
    }
    if "null" in types:
        kept["nullable"] = True
    if "enum" in schema:
        kept |= {"enum": [each for each in schema["enum"] if each is not None], "format": "enum"}
    if "properties" in schema:
        required = plain.get("required", []) if plain else list(schema["properties"])
        parts = {
            name: gemini_schema(part if name in required else _not_null(part), plain and plain["properties"][name])
            for name, part in schema["properties"].items()
        }
        kept |= {"properties": parts, **({"required": list(required)} if required else {})}
    if "items" in schema:
        kept["items"] = gemini_schema(schema["items"], plain and plain["items"])
    return kept


@dataclass(frozen=True)
class Reply:
    """What came of a function call, in the shape of each vendor."""

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
        """Return the message for chat completions. Pictures have no place in it; `openai_output` takes them."""
        return {"role": "tool", "tool_call_id": call_id, "content": self.text}

    def openai_output(self, call_id: str) -> Described:
        """Return the input item for responses."""
        pictures = [
            {"type": "input_image", "image_url": f"data:{each.mime_type};base64,{each.base64}", "detail": "auto"}
            for each in self.answer.pictures
        ]
        output = [{"type": "input_text", "text": self.text}, *pictures] if pictures else self.text
        return {"type": "function_call_output", "call_id": call_id, "output": output}

    def anthropic(self, tool_use_id: str) -> Described:
        """Return the content block for a user message."""
        pictures = [
            {"type": "image", "source": {"type": "base64", "media_type": each.mime_type, "data": each.base64}}
            for each in self.answer.pictures
        ]
        content = [{"type": "text", "text": self.text}, *pictures]
        return {"type": "tool_result", "tool_use_id": tool_use_id, "content": content, "is_error": self.is_error}

    def gemini(self, call_id: str | None = None) -> list[Described]:
        """Return the parts for a user content."""
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
    """Do what a model asks for, and return what to send back, errors too.

    arguments: as the model sent them: an object, or JSON text of one; null for an optional input means not given.
    tools, options: as for the list that the model was sent; what was not on it is refused.
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
    """Do the same without blocking the event loop. Cancelling it ends its waits; what it started goes on in Hex."""
    box = _toolbox(tools, options)
    return Reply(name, await box.call_async(name, arguments, connection, progress=progress))


def list_description(tool: Tool, box: Toolbox, longest: int | None = None) -> str:
    """Describe a tool, saying of what changes things that it does, for lists that have no other place for it.

    longest: how many characters may be taken.
    """
    said = description(tool, box.language, short=True)
    if box.hints(tool).destructive:
        said += " " + text("It changes or removes what is there already.", box.language)
    return said if longest is None or len(said) <= longest else said[: longest - 1] + "…"


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
    return _made_toolbox(names, tuple(sorted(options.items())))


@lru_cache(maxsize=32)
def _made_toolbox(names: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> Toolbox:
    return Toolbox(",".join(names), **dict(options))


def _kept(schema: Schema, keywords: tuple[str, ...], formats: tuple[str, ...]) -> Schema:
    kept = {name: schema[name] for name in ("type", "description", "enum", *keywords) if name in schema}
    if schema.get("format") in formats:
        kept["format"] = schema["format"]
    return kept


def _not_null(schema: Schema) -> Schema:
    """Return a schema that does not take null."""
    types = (
        [each for each in schema["type"] if each != "null"] if isinstance(schema["type"], list) else [schema["type"]]
    )
    plain = schema | {"type": types[0] if len(types) == 1 else types}
    if "enum" in plain:
        plain["enum"] = [each for each in plain["enum"] if each is not None]
    return plain


def _optional(schema: Schema) -> int:
    """Count the properties that may be left out, nested ones too."""
    parts = schema.get("properties", {})
    own = len(parts) - len(schema.get("required", []))
    return own + sum(_optional(part) for part in [*parts.values(), *_items(schema)])


def _unions(schema: Schema) -> int:
    """Count the properties of more than one type."""
    own = int(isinstance(schema.get("type"), list))
    return own + sum(_unions(part) for part in [*schema.get("properties", {}).values(), *_items(schema)])


def _items(schema: Schema) -> list[Schema]:
    return [schema["items"]] if "items" in schema else []
