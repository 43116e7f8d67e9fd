"""Reads an OpenAPI document, reduced to what specs can express too.

References are followed, allOf is merged, and the variants of anyOf and oneOf are combined. Invalid parts are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
PLACES = ("path", "query", "header", "body")
FORMATS = {"timestamp": "date-time", "url": "uri"}
# Formats of numbers are about their storage, not about their values.
IGNORED_FORMATS = ("int32", "int64", "double", "float")
PLAIN = ("enum", "minimum", "maximum", "min_length", "max_length", "format", "default", "items")
JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


@dataclass(frozen=True)
class Facts:
    """The facts about a value of one type. Lengths count characters or entries; `fields` is None if it is free-form."""

    enum: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    format: str | None = None
    default: Any = None
    fields: dict[str, Shape] | None = None
    items: Shape | None = None


@dataclass(frozen=True)
class Shape:
    """The possible values at a place: facts by type; without types, any value."""

    types: dict[str, Facts] = field(default_factory=dict)
    nullable: bool = False
    required: bool = False

    @classmethod
    def closed(cls, fields: dict[str, Shape]) -> Shape:
        """Return the shape of a required object with these fields."""
        return cls({"object": Facts(fields=fields)}, required=True)

    @property
    def fields(self) -> dict[str, Shape]:
        """The fields of an object; empty if it has none or is of another type."""
        return (self.types.get("object") or Facts()).fields or {}


@dataclass(frozen=True)
class Operation:
    """An operation.

    Attributes:
        paths: All of its paths.
        success: Its statuses of success.
        request: Its inputs by place.
        refusals: The JSON bodies of its errors, by status.
    """

    id: str
    method: str
    paths: tuple[str, ...]
    success: tuple[int, ...]
    encodings: tuple[str, ...]
    request: Shape
    reply: Shape | None
    refusals: dict[str, Shape] = field(default_factory=dict)


class NotOpenApiError(ValueError):
    """The document is not an OpenAPI document of version 3."""


def read_operations(document: Any) -> dict[str, Operation]:
    """Return the operations of a document by their IDs.

    Raises:
        NotOpenApiError: It is not an OpenAPI 3 document.
    """
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith("3.") or not isinstance(document.get("paths"), dict):
        raise NotOpenApiError
    reader = _Reader(document)
    operations = [
        reader.operation(path, method, methods)
        for path, methods in document["paths"].items()
        if isinstance(methods, dict)
        for method in METHODS
        if isinstance(methods.get(method), dict)
    ]
    return {operation.id: operation for operation in operations}


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def operation(self, path: str, method: str, methods: dict[str, Any]) -> Operation:
        told = methods[method]
        parameters = [self.follow(each) for each in (*_list(methods, "parameters"), *_list(told, "parameters"))]
        body = self.follow(told.get("requestBody"))
        content = _dict(body, "content")
        responses = {str(status): self.follow(reply) for status, reply in _dict(told, "responses").items()}
        success = tuple(int(status) for status in responses if re.fullmatch(r"2\d\d", status))
        places = {place: self.place(parameters, place) for place in PLACES}
        if content:
            places["body"] = replace(self.media(content), required=body.get("required") is True)
        replies = [self.media(_dict(responses[str(status)], "content")) for status in success]
        return Operation(
            id=str(told.get("operationId") or f"{method.upper()} {path}"),
            method=method.upper(),
            paths=_paths(path),
            success=success,
            encodings=tuple(content),
            request=Shape.closed(places),
            reply=next((reply for reply in replies if reply.types), None),
            refusals={
                status: self.media(_dict(told, "content"))
                for status, told in responses.items()
                if re.fullmatch(r"[45](\d\d|XX)", status) and _dict(told, "content")
            },
        )

    def place(self, parameters: list[dict[str, Any]], place: str) -> Shape:
        fields = {
            str(each.get("name")): replace(self.shape(each.get("schema")), required=each.get("required") is True)
            for each in parameters
            if each.get("in") == place
        }
        return Shape.closed(fields)

    def media(self, content: dict[str, Any]) -> Shape:
        kind = next((kind for kind in content if "json" in kind), next(iter(content), ""))
        return self.shape(_dict(content, kind).get("schema"))

    def follow(self, value: Any) -> dict[str, Any]:
        """Return the target of a reference within the document; an empty object if there is none."""
        for _ in range(20):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                break
            value = self.document
            for step in reference.removeprefix("#/").split("/"):
                value = _dict(value, None).get(step.replace("~1", "/").replace("~0", "~"))
        return value if isinstance(value, dict) else {}

    def shape(self, schema: Any, above: tuple[int, ...] = ()) -> Shape:
        # By the standard, keys beside a reference are ignored, but documents use them.
        nullable = isinstance(schema, dict) and schema.get("nullable") is True
        schema = self.follow(schema)
        # A recursive schema is free-form from there on.
        if id(schema) in above or not schema:
            return Shape()
        above = (*above, id(schema))
        own = self.own(schema, above)
        for part in _list(schema, "allOf"):
            own = _both(own, self.shape(part, above))
        variants = [self.shape(part, above) for key in ("anyOf", "oneOf") for part in _list(schema, key)]
        if variants:
            own = _both(own, _either(variants))
        return replace(own, nullable=nullable or own.nullable or schema.get("nullable") is True)

    def own(self, schema: dict[str, Any], above: tuple[int, ...]) -> Shape:
        enum = [value for value in _list(schema, "enum") if value is not None]
        given = schema.get("type")
        types = [type_ for type_ in (given if isinstance(given, list) else [given]) if isinstance(type_, str)]
        if not types and enum:
            types = sorted({JSON_TYPES.get(type(value), "string") for value in enum})
        if not types and "properties" in schema:
            types = ["object"]
        facts = {type_: self.facts(schema, type_, enum, above) for type_ in types if type_ != "null"}
        return Shape(facts, nullable="null" in types)

    def facts(self, schema: dict[str, Any], type_: str, enum: list[Any], above: tuple[int, ...]) -> Facts:
        entries = type_ == "array"
        return Facts(
            enum=tuple(sorted(value for value in enum if isinstance(value, str))) or None,
            minimum=_lowest(schema, type_),
            maximum=_number(schema, "maximum"),
            min_length=_whole(schema, "minItems" if entries else "minLength"),
            max_length=_whole(schema, "maxItems" if entries else "maxLength"),
            format=_format(schema),
            default=_default(schema.get("default"), type_),
            fields=self.fields(schema, above) if type_ == "object" else None,
            items=self.shape(schema.get("items"), above) if entries else None,
        )

    def fields(self, schema: dict[str, Any], above: tuple[int, ...]) -> dict[str, Shape] | None:
        properties = _dict(schema, "properties")
        if not properties and schema.get("additionalProperties") is not False:
            return None
        required = _list(schema, "required")
        return {name: replace(self.shape(part, above), required=name in required) for name, part in properties.items()}


def _both(first: Shape, second: Shape) -> Shape:
    """Return the shape of values that match both shapes."""
    if not first.types or not second.types:
        return Shape(first.types or second.types, first.nullable or second.nullable, first.required)
    types = {name: _merged(facts, second.types[name]) for name, facts in first.types.items() if name in second.types}
    return Shape(types, first.nullable or second.nullable, first.required)


def _either(shapes: list[Shape]) -> Shape:
    """Return the shape of values that match one of the shapes: fields that are not in all of them are optional."""
    result = shapes[0]
    for shape in shapes[1:]:
        types = dict(result.types)
        for name, facts in shape.types.items():
            types[name] = _widened(types[name], facts) if name in types else facts
        if not result.types or not shape.types:
            types = {}
        required = result.required and shape.required
        result = Shape(types, result.nullable or shape.nullable, required)
    return result


def _widened(first: Facts, second: Facts) -> Facts:
    facts = Facts(
        enum=tuple(sorted({*first.enum, *second.enum})) if first.enum and second.enum else None,
        minimum=_outer(min, first.minimum, second.minimum),
        maximum=_outer(max, first.maximum, second.maximum),
        min_length=_outer(min, first.min_length, second.min_length),
        max_length=_outer(max, first.max_length, second.max_length),
        format=first.format if first.format == second.format else None,
        default=first.default if first.default == second.default else None,
        items=_either([first.items, second.items]) if first.items and second.items else None,
    )
    if first.fields is None or second.fields is None:
        return facts
    names = [*first.fields, *(name for name in second.fields if name not in first.fields)]
    fields = {}
    for name in names:
        variants = [each[name] for each in (first.fields, second.fields) if name in each]
        fields[name] = replace(_either(variants), required=len(variants) == 2 and all(v.required for v in variants))
    return replace(facts, fields=fields)


def _outer(choose: Callable[..., Any], first: Any, second: Any) -> Any:
    return None if first is None or second is None else choose(first, second)


def _merged(first: Facts, second: Facts) -> Facts:
    fields = first.fields if second.fields is None else second.fields
    if first.fields is not None and second.fields is not None:
        fields = dict(first.fields)
        for name, shape in second.fields.items():
            known = fields.get(name)
            fields[name] = replace(_both(known, shape), required=known.required or shape.required) if known else shape
    told = {name: getattr(second, name) for name in PLAIN if getattr(second, name) is not None}
    return replace(first, **told, fields=fields)


def _paths(path: str) -> tuple[str, ...]:
    """Return all paths of one with alternatives, such as (projects|models), below the version."""
    parts = re.split(r"\(([^()]*)\)", re.sub(r"^(/api)?/v1(?=/)", "", path))
    choices: Iterable[tuple[str, ...]] = product(
        *(part.split("|") if number % 2 else [part] for number, part in enumerate(parts))
    )
    return tuple("".join(choice) for choice in choices)


def _dict(value: Any, key: str | None) -> dict[str, Any]:
    found = value if key is None else value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _number(schema: dict[str, Any], key: str) -> float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(schema: dict[str, Any], key: str) -> int | None:
    value = _number(schema, key)
    return int(value) if value is not None else None


def _lowest(schema: dict[str, Any], type_: str) -> float | None:
    lowest = _number(schema, "minimum")
    exclusive = schema.get("exclusiveMinimum")
    if isinstance(exclusive, int | float) and not isinstance(exclusive, bool):
        lowest, exclusive = exclusive, True
    return lowest + 1 if exclusive is True and lowest is not None and type_ == "integer" else lowest


def _format(schema: dict[str, Any]) -> str | None:
    value = schema.get("format")
    return FORMATS.get(value, value) if isinstance(value, str) and value not in IGNORED_FORMATS else None


def _default(value: Any, type_: str) -> Any:
    """Return a default, which Hex's document has as text for every type."""
    if isinstance(value, str) and type_ == "boolean":
        return {"true": True, "false": False}.get(value)
    if isinstance(value, str) and type_ in ("integer", "number"):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else None
    return value
