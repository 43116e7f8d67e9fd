"""The document for hosts that support only a part of OpenAPI.

What a host refuses or misinterprets is removed or expressed in another way. Names of inputs and outputs stay the same;
a value that a host cannot show becomes JSON text, which the service accepts too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from hex_blocks.hosts.models.schemas import first_sentence
from hex_blocks.hosts.openapi.dialects import to_2_0, to_3_0, with_schemas
from hex_blocks.hosts.openapi.document import Document, DocumentRequest, document, only_paths, path_of
from hex_blocks.hosts.openapi.parts import JSON
from hex_blocks.hosts.openapi.service_paths import JOB_PATHS
from hex_blocks.i18n.texts import text
from hex_blocks.tools.schema import IN_JSON

GPT_DESCRIPTION, GPT_PARAMETER = 300, 700
GPT_OPERATIONS = 30
# The responses that hosts use; they show the text of all others.
_USED_RESPONSES = ("200", "202")
_SENTENCE_ENDS = (".", "。", "！", "？", "!", "?")


class TooManyError(Exception):
    """Raised if more operations were requested than a host accepts."""

    def __init__(self, most: int, requested: int) -> None:
        super().__init__(f"{requested} operations were requested; the maximum is {most}")
        self.most = most
        self.requested = requested


def for_host(request: DocumentRequest, host: str) -> Document:
    """Return the document for a host.

    Raises:
        TooManyError: There are more operations than it accepts.
    """
    return HOSTS[host](request)


def _small_document(request: DocumentRequest, *, headers: bool) -> Document:
    """Return the document with only the operations for tools and following jobs, and without references.

    Args:
        request: What the document is to contain.
        headers: Whether to keep parameters in headers.
    """
    result = only_paths(document(request), [*map(path_of, request.tools), *JOB_PATHS])
    paths = {
        path: {method: _small_operation(operation, headers) for method, operation in item.items() if method != "delete"}
        for path, item in result["paths"].items()
    }
    components = {name: value for name, value in result["components"].items() if name != "responses"}
    return {**result, "paths": paths, "components": components}


def _small_operation(operation: dict[str, Any], headers: bool) -> dict[str, Any]:
    parameters = [each for each in operation.get("parameters", []) if headers or each["in"] != "header"]
    selected = {key: value for key, value in operation.items() if key != "parameters"}
    if body := operation.get("requestBody"):
        content = body["content"][JSON]
        example = _without_null(content["example"], content["schema"])
        selected["requestBody"] = {**body, "content": {JSON: {**content, "example": example}}}
    answers = {status: each for status, each in operation["responses"].items() if status in _USED_RESPONSES}
    return selected | ({"parameters": parameters} if parameters else {}) | {"responses": answers}


def _without_null(value: Any, schema: dict[str, Any]) -> Any:
    """Return an example without optional members that are null."""
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


def for_gpt(request: DocumentRequest) -> Document:
    """Return the document for actions of a GPT.

    Short descriptions, no headers, and marks for what changes something.
    """
    result = with_schemas(_small_document(request, headers=False), _shortened(GPT_PARAMETER))
    count = sum(len(item) for item in result["paths"].values())
    if count > GPT_OPERATIONS:
        raise TooManyError(GPT_OPERATIONS, count)
    reading = {path_of(tool) for tool in request.tools if tool.operation == "query"} | {*JOB_PATHS}

    def operation(path: str, each: dict[str, Any]) -> dict[str, Any]:
        return {
            **each,
            "summary": shortened(each["summary"], GPT_DESCRIPTION),
            "description": shortened(each["description"], GPT_DESCRIPTION),
            "x-openai-isConsequential": path not in reading,
        }

    return _each_operation(result, operation)


def _shortened(longest: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(schema: dict[str, Any]) -> dict[str, Any]:
        plain = _one_type(schema)
        if "description" in plain:
            plain["description"] = shortened(plain["description"], longest)
        return plain

    return change


def shortened(description: str, longest: int) -> str:
    """Return as many whole sentences of a text as fit, or its beginning if the first sentence is too long already."""
    selected = ""
    while description:
        sentence = first_sentence(description)
        if len(selected) + len(sentence) > longest:
            break
        rest = description[len(sentence) :]
        selected += sentence + (" " if rest.startswith(" ") else "")
        description = rest.lstrip(" ")
    return selected.rstrip() or description[: longest - 1].rstrip() + "…"


def _one_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with one type, or without a type if there are several.

    null is removed from the types, because it means not given. Only in the required members of an object without
    other members does null have a meaning of its own; these get no type.
    """
    selected = dict(schema)
    types = schema.get("type")
    for name in schema.get("required", ()):
        if "null" in schema["properties"][name].get("type", ()) and schema.get("additionalProperties") is False:
            untyped = {keyword: each for keyword, each in schema["properties"][name].items() if keyword != "type"}
            selected["properties"] = {**selected["properties"], name: untyped}
    if isinstance(types, list):
        plain = [each for each in types if each != "null"]
        selected = {keyword: each for keyword, each in selected.items() if keyword not in ("type", "items")}
        if len(plain) == 1:
            selected |= {"type": plain[0], **({"items": schema["items"]} if "items" in schema else {})}
    if "enum" in selected:
        selected["enum"] = [each for each in selected["enum"] if each is not None]
    return selected


def for_power_automate(request: DocumentRequest) -> Document:
    """Return the document for Power Automate and Copilot Studio: Swagger 2.0 with their names and titles."""
    plain = with_schemas(_small_document(request, headers=True), _one_type)
    result = with_schemas(to_2_0(plain), _titled)

    def operation(_path: str, each: dict[str, Any]) -> dict[str, Any]:
        return {
            **each,
            "operationId": pascal_case(each["operationId"]),
            "summary": each["summary"].rstrip("."),
            "description": with_full_stop(each["description"]),
            "parameters": [_power_parameter(parameter) for parameter in each.get("parameters", [])],
        }

    return _each_operation(result, operation)


def _titled(schema: dict[str, Any]) -> dict[str, Any]:
    selected = {keyword: value for keyword, value in schema.items() if keyword not in ("x-nullable", "title")}
    if "properties" in selected:
        selected["properties"] = {
            name: {**part, "x-ms-summary": part.get("title") or in_words(name)}
            for name, part in selected["properties"].items()
        }
    if "description" in selected:
        selected["description"] = with_full_stop(selected["description"])
    return selected


def _power_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    if parameter["in"] == "body":
        return parameter
    hidden = {"x-ms-visibility": "advanced"} if parameter["in"] == "header" else {"x-ms-url-encoding": "single"}
    return {
        **parameter,
        "description": with_full_stop(parameter["description"]),
        "x-ms-summary": in_words(parameter["name"].replace("-", " ")),
        **hidden,
    }


def pascal_case(name: str) -> str:
    """Return a name such as `list_tools` as `ListTools`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_-]", name))


def in_words(name: str) -> str:
    """Return a name such as `projectId` as words, with a capital first letter."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = [word if word.isupper() else word.lower() for word in apart.split()]
    label = " ".join("ID" if word == "id" else "URL" if word == "url" else word for word in words)
    return label[:1].upper() + label[1:]


def with_full_stop(description: str) -> str:
    """Return a text with a full stop at its end, if it has no punctuation mark there."""
    return description if description.endswith(_SENTENCE_ENDS) else f"{description}."


def for_dify(request: DocumentRequest) -> Document:
    """Return the document for Dify's custom tools: bodies have only strings, numbers and booleans."""
    result = to_3_0(_small_document(request, headers=False))

    def operation(_path: str, each: dict[str, Any]) -> dict[str, Any]:
        if body := each.get("requestBody"):
            content = body["content"][JSON]
            flat = {
                "schema": _flat(content["schema"], request.language),
                "example": {name: _as_text(value) for name, value in content["example"].items()},
            }
            each = {**each, "requestBody": {**body, "content": {JSON: flat}}}
        return each

    return _each_operation(result, operation)


def _flat(schema: dict[str, Any], language: str | None) -> dict[str, Any]:
    """Return the schema of a body with its objects and lists as JSON text."""
    notes = {"object": text(IN_JSON, language), "array": text("A JSON list, written as a string.", language)}

    def part(each: dict[str, Any]) -> dict[str, Any]:
        kind = each.get("type", "object")
        if kind not in notes:
            return {keyword: value for keyword, value in each.items() if keyword != "nullable"}
        selected = {keyword: each[keyword] for keyword in ("title",) if keyword in each}
        example = {"example": json.dumps(each["example"], ensure_ascii=False)} if "example" in each else {}
        return {
            "type": "string",
            **selected,
            "description": f"{with_full_stop(each['description'])} {notes[kind]}",
            **example,
        }

    return {**schema, "properties": {name: part(each) for name, each in schema["properties"].items()}}


def _as_text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _each_operation(result: Document, change: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Document:
    paths = {
        path: {method: change(path, operation) for method, operation in item.items()}
        for path, item in result["paths"].items()
    }
    return {**result, "paths": paths}


HOSTS: dict[str, Callable[[DocumentRequest], Document]] = {
    "gpt": for_gpt,
    "powerautomate": for_power_automate,
    "dify": for_dify,
}
# The default tools of hosts that accept only a few.
DEFAULT_TOOLS = {"gpt": ("notebook", "default")}
