"""What a tool spec and a block file may say. Unknown keys are refused; every error names file, key and remedy.

A spec is data that any host can follow, in any language: which inputs a tool has, where each goes in Hex's
request, and which part of Hex's reply each output is. It holds no code, conditions or templates.
"""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from hex_blocks.errors.classes import SENTENCES, SpecError

Text = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9]*$")]
ToolId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$")]
Type = Literal["string", "integer", "number", "boolean", "object", "array", "any"]
Format = Literal["uuid", "email", "date-time", "uri", "json-object", "image", "base64", "path"]

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "any": (object,),
}


Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Value(Strict):
    """What inputs, outputs and their nested fields have in common: a type, its limits and its words."""

    type: Type
    description: Text
    title: Text | None = None
    nullable: bool = False
    enum: tuple[Text, ...] | None = Field(default=None, description="The values allowed; never translated.")
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = Field(default=None, alias="minLength", ge=0, description="Characters or entries.")
    max_length: int | None = Field(default=None, alias="maxLength", ge=1, description="Characters or entries.")
    format: Format | None = None
    newer: bool = Field(default=False, description="Not in every version of Hex's API that is in use.")
    secret: bool = Field(default=False, description="Never shown, logged or sent to a model.")
    example: Any = None

    @model_validator(mode="after")
    def _limits_fit_the_type(self) -> Self:
        numeric = self.type in ("integer", "number")
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for integer and number, not {self.type}")
        if self.enum is not None and self.type != "string":
            raise ValueError(f"enum is for string, not {self.type}")
        if self.type not in ("string", "array") and (self.min_length is not None or self.max_length is not None):
            raise ValueError(f"minLength and maxLength are for string and array, not {self.type}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum is {self.minimum:g}, above the maximum, {self.maximum:g}")
        if self.example is not None and not fits(self.example, self.type):
            raise ValueError(f"example is {self.example!r}, which is no {self.type}")
        if self.enum and self.example is not None and self.example not in self.enum:
            raise ValueError(f"example is {self.example!r}; use one of {', '.join(self.enum)}")
        return self


class InputField(Value):
    """A field nested in an input: of an object, or of the entries of an array."""

    required: bool = False
    null_means: Literal["not given", "null"] = Field(
        default="not given",
        alias="nullMeans",
        description="null: an explicit null is sent to Hex, which then clears the value.",
    )
    default: Any = None
    fields: dict[Name, InputField] | None = Field(
        default=None, description="The fields of an object; a free-form object has none."
    )
    items: InputField | None = Field(default=None, description="What each entry of an array is.")

    @model_validator(mode="after")
    def _nested_fields_fit_the_type(self) -> Self:
        _check_nesting(self)
        if self.null_means == "null" and not self.nullable:
            raise ValueError("nullMeans null is for nullable inputs")
        if self.default is not None:
            if not fits(self.default, self.type):
                raise ValueError(f"default is {self.default!r}, which is no {self.type}")
            if self.enum and self.default not in self.enum:
                raise ValueError(f"default is {self.default!r}; use one of {', '.join(self.enum)}")
        return self


class Input(InputField):
    """An input of a tool, and where it goes in the request."""

    title: Text
    place: Literal["path", "query", "body", "connection", "local"] = Field(
        alias="in",
        description=(
            "path, query, body: a part of the request. connection: the token or base URL. "
            "local: read by the tool itself, never sent."
        ),
    )
    wire: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]*(\[\])?(\.[A-Za-z][A-Za-z0-9]*(\[\])?)*$",
        description=(
            "The name in Hex where it differs. In a body, a dotted path; `[]` after a name spreads a list "
            "over entries, and repeats a single value in each of them."
        ),
    )
    style: Literal["repeat", "comma"] = Field(
        default="repeat", description="How a list stands in a query: a=1&a=2, or a=1,2."
    )
    true_sends: Literal["null", "empty"] | None = Field(
        default=None,
        alias="trueSends",
        description="For a boolean that clears a value: true sends null, or empty text, under its wire name.",
    )
    advanced: bool = Field(default=False, description="Hosts may fold it away.")

    @model_validator(mode="after")
    def _place_fits(self) -> Self:
        if self.style == "comma" and (self.place != "query" or self.type != "array"):
            raise ValueError("style is for arrays in a query")
        if self.null_means == "null" and self.place not in ("body", "local"):
            raise ValueError("nullMeans null is for inputs in the body")
        if self.null_means == "null" and not self.required:
            # In the strict form every optional input is null where it is not meant.
            raise ValueError("nullMeans null is for required inputs; let a boolean with trueSends clear the others")
        if self.true_sends and (self.type != "boolean" or self.place != "body" or not self.wire):
            raise ValueError("trueSends is for a boolean in the body with a wire name")
        if self.wire and "[]" in self.wire and self.place != "body":
            raise ValueError("wire with [] is for inputs in the body")
        return self


class OutputField(Value):
    """A field nested in an output."""

    source: str | None = Field(
        default=None,
        alias="from",
        description="Where it stands in its parent, dotted, if not under its name.",
    )
    scale: float | None = Field(default=None, description="What a number from Hex is multiplied by.")
    required: bool = Field(
        default=False,
        description=(
            "What the tool is for: a reply without it is an error, and an entry of a list without it is of no use. "
            "The list that paging names is always required."
        ),
    )
    words: tuple[Text, ...] | None = Field(default=None, description="Texts that may stand in place of the number.")
    fields: dict[Name, OutputField] | None = None
    items: OutputField | None = None

    @model_validator(mode="after")
    def _nested_fields_fit_the_type(self) -> Self:
        _check_nesting(self)
        if self.scale is not None and self.type not in ("integer", "number"):
            raise ValueError("scale is for numbers")
        if self.required and self.nullable:
            raise ValueError("an output that is required is never null")
        if self.words is not None and self.type not in ("integer", "number"):
            raise ValueError("words is for numbers")
        return self


class Output(OutputField):
    """An output of a tool, and where it comes from: Hex's reply unless said otherwise."""

    from_input: Name | None = Field(default=None, alias="fromInput", description="The input it repeats.")
    count_of: Name | None = Field(default=None, alias="countOf", description="The array output it counts.")
    constant: Any = Field(default=None, description="What it always is once Hex has said yes.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [
            name
            for name, value in {
                "from": self.source,
                "fromInput": self.from_input,
                "countOf": self.count_of,
                "constant": self.constant,
            }.items()
            if value is not None
        ]
        if len(given) > 1:
            raise ValueError(f"an output has one source, not {' and '.join(given)}")
        return self


LimitGroup = Literal["hex-api", "hex-api-30rpm", "runs", "charts", "ingest"]


class Request(Strict):
    """The one request that a tool is, as Hex's own document names it."""

    operation_id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]+$")] = Field(alias="operationId")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z-]+|/\{[A-Za-z]+\})+$")]
    success: Literal[200, 201, 204] = Field(default=200, description="The status Hex's document names.")
    encoding: Literal["json", "multipart"] = "json"
    limit_group: LimitGroup | None = Field(
        default=None,
        alias="limitGroup",
        description="The group of Hex's limits it counts in, beside the whole.",
    )
    refused_by_503: bool = Field(
        default=False,
        alias="refusedBy503",
        description="A 503 means that Hex did nothing, so sending it again is safe although it writes.",
    )
    errors: dict[Annotated[str, StringConstraints(pattern=r"^[45]\d\d$")], Text] = Field(
        default_factory=dict, description="The error key of a status, where this operation means more by it."
    )

    @model_validator(mode="after")
    def _errors_have_sentences(self) -> Self:
        if unknown := [key for key in self.errors.values() if key not in SENTENCES]:
            guess = get_close_matches(unknown[0], SENTENCES, 1)
            raise ValueError(
                f"errors has {unknown[0]}, which is no error key" + (f'; did you mean "{guess[0]}"?' if guess else "")
            )
        return self

    @property
    def placeholders(self) -> list[str]:
        """Names in braces in the path."""
        return re.findall(r"\{([A-Za-z]+)\}", self.path)


class Paging(Strict):
    """How a list is read on: by Hex's cursor, or by offset."""

    style: Literal["cursor", "offset"]
    items: Name = Field(description="The output that holds the entries.")
    after: Name = Field(default="after", description="The input that asks for the next page.")
    next: str = Field(default="pagination.after", description="Where the next cursor stands in the reply.")


class Constraints(Strict):
    """What inputs may be given together."""

    at_most_one: tuple[tuple[Name, ...], ...] = Field(default=(), alias="atMostOne")
    at_least_one: tuple[tuple[Name, ...], ...] = Field(default=(), alias="atLeastOne")
    all_or_none: tuple[tuple[Name, ...], ...] = Field(default=(), alias="allOrNone")


class Example(Strict):
    """A worked example: a call and what comes of it."""

    title: Text
    inputs: dict[str, Any]
    reply: Any = Field(default=None, description="What Hex answers, where the tool is one request.")
    outputs: dict[str, Any]


class ToolSpec(Strict):
    """One tool."""

    schema_: str | None = Field(default=None, alias="$schema")
    comment: str | None = Field(default=None, alias="$comment")
    id: ToolId
    group: Name
    operation: Literal["query", "mutation"] = Field(description="query reads, mutation writes.")
    destructive: bool = Field(default=False, description="It changes or removes what is there already.")
    idempotent: bool = Field(default=False, description="Doing it twice leaves what doing it once does.")
    title: Text
    description: Text
    model_hint: Text | None = Field(
        default=None, alias="modelHint", description="For models, beside the description; never translated."
    )
    request: Request | None = None
    handler: Annotated[str, StringConstraints(pattern=r"^[a-z_][\w.]*:[a-z_]\w*$")] | None = Field(
        default=None, description="module:function, where one request does not do it."
    )
    paging: Paging | None = None
    constraints: Constraints = Constraints()
    connection_required: tuple[Name, ...] = Field(
        default=("apiKey",),
        alias="connectionRequired",
        description="Which inputs of the connection a form must show as required.",
    )
    inputs: dict[Name, Input]
    outputs: dict[Name, Output]
    examples: tuple[Example, ...] = Field(min_length=1)

    @property
    def list_place(self) -> str | None:
        """Where the entries of a list stand in Hex's reply; None where the tool reads no list."""
        return (self.outputs[self.paging.items].source or self.paging.items) if self.paging else None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems = [*self._request_problems(), *self._name_problems(), *self._example_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _request_problems(self) -> list[str]:
        if self.request is None:
            sent = [name for name, field in self.inputs.items() if field.place in ("path", "query", "body")]
            problems = [f'inputs.{name}.in is "{self.inputs[name].place}" but there is no request' for name in sent]
            return problems if self.handler else [*problems, "give a request or a handler"]
        places = {field.wire or name: field for name, field in self.inputs.items() if field.place == "path"}
        problems = [
            f'request.path has {{{name}}} but no input goes there; add one with "in": "path"'
            for name in self.request.placeholders
            if name not in places
        ]
        for name, field in places.items():
            if name not in self.request.placeholders:
                problems.append(f'inputs.{name}.in is "path" but request.path has no {{{name}}}')
            elif not field.required or field.type != "string":
                problems.append(f"inputs.{name} goes into the path; make it a required string")
        if self.request.method in ("GET", "DELETE"):
            problems += [
                f'inputs.{name}.in is "body" but a {self.request.method} has none; use path or query'
                for name, field in self.inputs.items()
                if field.place == "body"
            ]
        return problems

    def _name_problems(self) -> list[str]:
        problems = []
        for kind, sets in self.constraints.model_dump(by_alias=True).items():
            problems += [
                f"constraints.{kind} names {name}, which is no input"
                for names in sets
                for name in names
                if name not in self.inputs
            ]
        for name, output in self.outputs.items():
            if output.from_input is not None and output.from_input not in self.inputs:
                problems.append(f"outputs.{name}.fromInput is {output.from_input}, which is no input")
            if output.count_of is not None and output.count_of not in self.outputs:
                problems.append(f"outputs.{name}.countOf is {output.count_of}, which is no output")
        if self.paging and self.paging.items not in self.outputs:
            problems.append(f"paging.items is {self.paging.items}, which is no output")
        if self.paging and self.paging.after not in self.inputs:
            problems.append(f"paging.after is {self.paging.after}, which is no input")
        if self.operation == "query" and self.destructive:
            problems.append("a query is never destructive")
        return problems

    def _example_problems(self) -> list[str]:
        problems = []
        for number, example in enumerate(self.examples):
            problems += [
                f"examples[{number}].inputs has {name}, which is no input"
                for name in example.inputs
                if name not in self.inputs and name not in ("apiKey", "baseUrl")
            ]
            problems += [
                f"examples[{number}].inputs lacks {name}, which is required"
                for name, field in self.inputs.items()
                if field.required and field.place != "connection" and name not in example.inputs
            ]
            if self.handler is None and example.reply is None and self.request and self.request.success != 204:
                problems.append(f"examples[{number}].reply is missing: show what Hex answers")
            if (given := list(example.outputs)) != (declared := list(self.outputs)) and "warnings" not in given:
                problems.append(f"examples[{number}].outputs are {given}; declared are {declared}")
        return problems


class UseCase(Strict):
    """What people do with a group."""

    title: Text
    points: tuple[Text, ...]


class Group(Strict):
    """A shelf of the palette."""

    title: Text
    description: Text
    guide: tuple[UseCase, ...] = ()


class Authentication(Strict):
    """How users prove who they are."""

    type: Literal["apiKey"]
    title: Text
    description: Text
    help_url: str = Field(alias="helpUrl")


class BlockSpec(Strict):
    """What a palette shows of the whole plugin."""

    schema_: str | None = Field(default=None, alias="$schema")
    name: Text
    tagline: Text
    description: Text
    category: Text
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
    icon: Text = Field(description="An SVG file beside this one.")
    authentication: Authentication
    connection: dict[Name, Input] = Field(description="The inputs that every tool has: token and base URL.")
    groups: dict[Name, Group]


def fits(value: Any, type_: Type) -> bool:
    """Whether a JSON value is of a type; true is no number."""
    if isinstance(value, bool):
        return type_ in ("boolean", "any")
    return isinstance(value, PYTHON_TYPES[type_])


def is_date_time(value: str) -> bool:
    """Whether `value` is an ISO 8601 date and time with a zone."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def read_tool_spec(data: Any, file: Path | str) -> ToolSpec:
    """Check one tool spec. Raises SpecError naming file, key and remedy for all that is wrong."""
    spec = _read(ToolSpec, data, file)
    if spec.id != (stem := Path(file).stem):
        raise SpecError(f"{file}: id is {spec.id!r} but the file is called {stem}; make them the same")
    return spec


def read_block_spec(data: Any, file: Path | str) -> BlockSpec:
    """Check the block file. Raises SpecError naming file, key and remedy for all that is wrong."""
    return _read(BlockSpec, data, file)


def read_groups(data: Any, file: Path | str) -> dict[str, Group]:
    """Check the groups that a plugin adds. Raises SpecError naming file, key and remedy."""
    if not isinstance(data, dict):
        raise SpecError(f"{file}: groups are an object of keys, each with title and description")
    return {name: _read(Group, group, f"{file}: {name}") for name, group in data.items()}


def _read(model: type[Model], data: Any, file: Path | str) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [f"{file}: {_explain(model, fault)}" for fault in error.errors(include_url=False)]
        raise SpecError("\n".join(dict.fromkeys(lines))) from None


def _explain(model: type[BaseModel], fault: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    match fault["type"]:
        case "extra_forbidden":
            known = sorted({field.alias or name for name, field in _models_fields(model).items()})
            guess = get_close_matches(str(fault["loc"][-1]), known, 1)
            return f"{place} is not a known key" + (f'; did you mean "{guess[0]}"?' if guess else "")
        case "missing":
            return f"{place} is missing"
        case "literal_error":
            return f"{place} is {fault['input']!r}; use {fault['ctx']['expected']}"
        case "value_error":
            said = str(fault["ctx"]["error"])
            return f"{place}: {said}" if place else said
        case _:
            return f"{place} is {fault['input']!r}: {fault['msg']}"


def _models_fields(model: type[BaseModel]) -> dict[str, Any]:
    every: dict[str, Any] = dict(model.model_fields)
    for part in (Input, Output, Request, Paging, Example, Constraints, Group, Authentication):
        every |= part.model_fields
    return every


def _check_nesting(value: InputField | OutputField) -> None:
    if value.fields is not None and value.type != "object":
        raise ValueError(f"fields are for object, not {value.type}")
    if value.items is not None and value.type != "array":
        raise ValueError(f"items is for array, not {value.type}")
