"""The document as the hosts take it that read only a part of what OpenAPI says.

What each of them refuses, or reads otherwise than it is meant, is taken out or said in another way. Inputs and outputs
keep their names; what a host cannot show is written as a text of JSON, which the service takes as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from hex_blocks.hosts.models.schemas import first_sentence
from hex_blocks.hosts.openapi.dialects import to_2_0, to_3_0, with_schemas
from hex_blocks.hosts.openapi.document import Asked, Document, document, only_paths, path_of
from hex_blocks.hosts.openapi.parts import JSON
from hex_blocks.hosts.openapi.service_paths import FOLLOWING
from hex_blocks.i18n.texts import text
from hex_blocks.tools.schema import IN_JSON

GPT_DESCRIPTION, GPT_PARAMETER = 300, 700
GPT_OPERATIONS = 30
# Answers that a caller acts on; of all others a host shows the text.
_READ = ("200", "202")
_SENTENCE_ENDS = (".", "。", "！", "？", "!", "?")


class TooManyError(Exception):
    """A host takes fewer operations than were asked for."""

    def __init__(self, most: int, asked: int) -> None:
        super().__init__(f"{asked} operations were asked for; the maximum is {most}")
        self.most = most
        self.asked = asked


def for_host(asked: Asked, host: str) -> Document:
    """Return the document for a host.

    Raises:
        TooManyError: There are more tools than it takes.
    """
    return HOSTS[host](asked)


def _small(asked: Asked, *, headers: bool) -> Document:
    """Return the document with the tools and what follows their jobs, answers that are read, and no references."""
    made = only_paths(document(asked), [*map(path_of, asked.tools), *FOLLOWING])
    paths = {
        path: {method: _small_operation(operation, headers) for method, operation in item.items() if method != "delete"}
        for path, item in made["paths"].items()
    }
    components = {name: value for name, value in made["components"].items() if name != "responses"}
    return {**made, "paths": paths, "components": components}


def _small_operation(operation: dict[str, Any], headers: bool) -> dict[str, Any]:
    parameters = [each for each in operation.get("parameters", []) if headers or each["in"] != "header"]
    kept = {key: value for key, value in operation.items() if key != "parameters"}
    if body := operation.get("requestBody"):
        content = body["content"][JSON]
        example = _without_null(content["example"], content["schema"])
        kept["requestBody"] = {**body, "content": {JSON: {**content, "example": example}}}
    answers = {status: each for status, each in operation["responses"].items() if status in _READ}
    return kept | ({"parameters": parameters} if parameters else {}) | {"responses": answers}


def _without_null(value: Any, schema: dict[str, Any]) -> Any:
    """Return an example without what is null in it and means the same as if it were left out."""
    if isinstance(value, list):
        return [_without_null(each, schema.get("items", {})) for each in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: _without_null(each, properties.get(name, {}))
        for name, each in value.items()
        if each is not None or name in required
    }


def for_gpt(asked: Asked) -> Document:
    """Return the document for actions of a GPT: short words, no headers, and what asks its user first."""
    made = with_schemas(_small(asked, headers=False), _shortened(GPT_PARAMETER))
    count = sum(len(item) for item in made["paths"].values())
    if count > GPT_OPERATIONS:
        raise TooManyError(GPT_OPERATIONS, count)
    reading = {path_of(tool) for tool in asked.tools if tool.operation == "query"} | {*FOLLOWING}

    def operation(path: str, each: dict[str, Any]) -> dict[str, Any]:
        return {
            **each,
            "summary": shortened(each["summary"], GPT_DESCRIPTION),
            "description": shortened(each["description"], GPT_DESCRIPTION),
            "x-openai-isConsequential": path not in reading,
        }

    return _each_operation(made, operation)


def _shortened(longest: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(schema: dict[str, Any]) -> dict[str, Any]:
        plain = _one_type(schema)
        if "description" in plain:
            plain["description"] = shortened(plain["description"], longest)
        return plain

    return change


def shortened(said: str, longest: int) -> str:
    """Return as many whole sentences of a text as fit, or its beginning where the first is too long already."""
    kept = ""
    while said:
        sentence = first_sentence(said)
        if len(kept) + len(sentence) > longest:
            break
        rest = said[len(sentence) :]
        kept += sentence + (" " if rest.startswith(" ") else "")
        said = rest.lstrip(" ")
    return kept.rstrip() or said[: longest - 1].rstrip() + "…"


def _one_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with one type, or without any where there are several.

    null means not given, so that nobody has to send it. Where it means something, which is only where it has to be
    given, nothing is said of the type.
    """
    kept = dict(schema)
    types = schema.get("type")
    for name in schema.get("required", ()):
        if "null" in schema["properties"][name].get("type", ()) and schema.get("additionalProperties") is False:
            untyped = {keyword: each for keyword, each in schema["properties"][name].items() if keyword != "type"}
            kept["properties"] = {**kept["properties"], name: untyped}
    if isinstance(types, list):
        plain = [each for each in types if each != "null"]
        kept = {keyword: each for keyword, each in kept.items() if keyword not in ("type", "items")}
        if len(plain) == 1:
            kept |= {"type": plain[0], **({"items": schema["items"]} if "items" in schema else {})}
    if "enum" in kept:
        kept["enum"] = [each for each in kept["enum"] if each is not None]
    return kept


def for_power_automate(asked: Asked) -> Document:
    """Return the document for Power Automate and Copilot Studio: Swagger 2.0 with names and titles of their own."""
    plain = with_schemas(_small(asked, headers=True), _one_type)
    made = with_schemas(to_2_0(plain), _titled)

    def operation(_path: str, each: dict[str, Any]) -> dict[str, Any]:
        return {
            **each,
            "operationId": pascal_case(each["operationId"]),
            "summary": each["summary"].rstrip("."),
            "description": ended(each["description"]),
            "parameters": [_power_parameter(parameter) for parameter in each.get("parameters", [])],
        }

    return _each_operation(made, operation)


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {keyword: value for keyword, value in schema.items() if keyword not in ("x-nullable", "title")}
    if "properties" in kept:
        kept["properties"] = {
            name: {**part, "x-ms-summary": part.get("title") or in_words(name)}
            for name, part in kept["properties"].items()
        }
    if "description" in kept:
        kept["description"] = ended(kept["description"])
    return kept


def _power_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    if parameter["in"] == "body":
        return parameter
    hidden = {"x-ms-visibility": "advanced"} if parameter["in"] == "header" else {"x-ms-url-encoding": "single"}
    return {
        **parameter,
        "description": ended(parameter["description"]),
        "x-ms-summary": in_words(parameter["name"].replace("-", " ")),
        **hidden,
    }


def pascal_case(name: str) -> str:
    """Return a name in one word, each part with a capital letter."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_-]", name))


def in_words(name: str) -> str:
    """Return a name such as `projectId` as words with a capital letter at the beginning."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = [word if word.isupper() else word.lower() for word in apart.split()]
    said = " ".join("ID" if word == "id" else "URL" if word == "url" else word for word in words)
    return said[:1].upper() + said[1:]


def ended(said: str) -> str:
    """Return a text that ends with a full stop."""
    return said if said.endswith(_SENTENCE_ENDS) else f"{said}."


def for_dify(asked: Asked) -> Document:
    """Return the document for Dify's custom tools: flat bodies of texts, numbers and booleans."""
    made = to_3_0(_small(asked, headers=False))

    def operation(_path: str, each: dict[str, Any]) -> dict[str, Any]:
        if body := each.get("requestBody"):
            content = body["content"][JSON]
            flat = {
                "schema": _flat(content["schema"], asked.language),
                "example": {name: _as_text(value) for name, value in content["example"].items()},
            }
            each = {**each, "requestBody": {**body, "content": {JSON: flat}}}
        return each

    return _each_operation(made, operation)


def _flat(schema: dict[str, Any], language: str | None) -> dict[str, Any]:
    """Return the schema of a body whose objects and lists are texts of JSON."""
    said = {"object": text(IN_JSON, language), "array": text("A JSON list, written as a string.", language)}

    def part(each: dict[str, Any]) -> dict[str, Any]:
        kind = each.get("type", "object")
        if kind not in said:
            return {keyword: value for keyword, value in each.items() if keyword != "nullable"}
        kept = {keyword: each[keyword] for keyword in ("title",) if keyword in each}
        example = {"example": json.dumps(each["example"], ensure_ascii=False)} if "example" in each else {}
        return {"type": "string", **kept, "description": f"{ended(each['description'])} {said[kind]}", **example}

    return {**schema, "properties": {name: part(each) for name, each in schema["properties"].items()}}


def _as_text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _each_operation(made: Document, change: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Document:
    paths = {
        path: {method: change(path, operation) for method, operation in item.items()}
        for path, item in made["paths"].items()
    }
    return {**made, "paths": paths}


HOSTS: dict[str, Callable[[Asked], Document]] = {
    "gpt": for_gpt,
    "powerautomate": for_power_automate,
    "dify": for_dify,
}
# What a host is given where no tools are asked for: some take only a few.
DEFAULT_TOOLS = {"gpt": ("notebook", "default")}
