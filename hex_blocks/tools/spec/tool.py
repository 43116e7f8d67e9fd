"""The model of a tool spec. Unknown keys are errors.

A spec is data that a host in any programming language can use: the inputs of a tool, where each goes in Hex's request,
and which part of Hex's reply each output is. It contains no code, conditions or templates.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.tools.spec.values import Input, Name, Output, Strict, Text

ToolId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$")]


LimitGroup = Literal["hex-api", "hex-api-30rpm", "runs", "charts", "ingest"]


class Request(Strict):
    """The request of a tool, as in Hex's API document."""

    operation_id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]+$")] = Field(alias="operationId")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z-]+|/\{[A-Za-z]+\})+$")]
    success: Literal[200, 201, 204] = Field(default=200, description="The status Hex's document names.")
    encoding: Literal["json", "multipart"] = "json"
    limit_group: LimitGroup | None = Field(
        default=None,
        alias="limitGroup",
        description="The group of Hex's rate limits that it counts in, in addition to the limits of the whole API.",
    )
    refused_by_503: bool = Field(
        default=False,
        alias="refusedBy503",
        description="A 503 means that Hex did nothing, so a retry is safe although the request writes.",
    )
    errors: dict[Annotated[str, StringConstraints(pattern=r"^[45]\d\d$")], Text] = Field(
        default_factory=dict, description="Error keys by status that are more specific than the general ones."
    )

    @model_validator(mode="after")
    def _errors_have_sentences(self) -> Self:
        if unknown := [key for key in self.errors.values() if key not in SENTENCES]:
            guess = get_close_matches(unknown[0], SENTENCES, 1)
            raise ValueError(
                f"errors has {unknown[0]}, which is not an error key"
                + (f'; did you mean "{guess[0]}"?' if guess else "")
            )
        return self

    @property
    def placeholders(self) -> list[str]:
        """The names in braces in the path."""
        return re.findall(r"\{([A-Za-z]+)\}", self.path)


class Paging(Strict):
    """How the next page of a list is requested: with Hex's cursor, or by offset."""

    style: Literal["cursor", "offset"]
    items: Name = Field(description="The output that holds the entries.")
    after: Name = Field(default="after", description="The input that selects the next page.")
    next: str = Field(default="pagination.after", description="The path of the next cursor in the reply.")


class Constraints(Strict):
    """Which inputs can be given together."""

    at_most_one: tuple[tuple[Name, ...], ...] = Field(default=(), alias="atMostOne")
    at_least_one: tuple[tuple[Name, ...], ...] = Field(default=(), alias="atLeastOne")
    all_or_none: tuple[tuple[Name, ...], ...] = Field(default=(), alias="allOrNone")


class Example(Strict):
    """An example of a call: its inputs, Hex's reply and the outputs."""

    title: Text
    inputs: dict[str, Any]
    reply: Any = Field(default=None, description="Hex's reply, if the tool is a single request.")
    outputs: dict[str, Any]


class ToolSpec(Strict):
    """The spec of a tool."""

    schema_: str | None = Field(default=None, alias="$schema")
    comment: str | None = Field(default=None, alias="$comment")
    id: ToolId
    group: Name
    operation: Literal["query", "mutation"] = Field(description="query reads, mutation writes.")
    destructive: bool = Field(default=False, description="It changes or removes existing objects.")
    removes: bool = Field(
        default=False,
        description="It deletes or ends something irreversibly: hosts ask for confirmation first, with its name.",
    )
    experimental: bool = Field(
        default=False,
        description="Not in Hex's API document, so not confirmed. In no set of tools unless requested.",
    )
    idempotent: bool = Field(default=False, description="Repeating it has no further effect.")
    title: Text
    description: Text
    model_hint: Text | None = Field(
        default=None, alias="modelHint", description="For models, in addition to the description; never translated."
    )
    request: Request | None = None
    handler: Annotated[str, StringConstraints(pattern=r"^[a-z_][\w.]*:[a-z_]\w*$")] | None = Field(
        default=None, description="module:function, if a single request is not enough."
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
        """The path of a list's entries in Hex's reply, or None if the tool does not read a list."""
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
                f"constraints.{kind} names {name}, which is not an input"
                for names in sets
                for name in names
                if name not in self.inputs
            ]
        for name, output in self.outputs.items():
            if output.from_input is not None and output.from_input not in self.inputs:
                problems.append(f"outputs.{name}.fromInput is {output.from_input}, which is not an input")
            if output.count_of is not None and output.count_of not in self.outputs:
                problems.append(f"outputs.{name}.countOf is {output.count_of}, which is not an output")
        if self.paging and self.paging.items not in self.outputs:
            problems.append(f"paging.items is {self.paging.items}, which is not an output")
        if self.paging and self.paging.after not in self.inputs:
            problems.append(f"paging.after is {self.paging.after}, which is not an input")
        if self.operation == "query" and self.destructive:
            problems.append("a query cannot be destructive")
        if self.removes and not self.destructive:
            problems.append("removes is true, so destructive must be true")
        return problems

    def _example_problems(self) -> list[str]:
        problems = []
        for number, example in enumerate(self.examples):
            problems += [
                f"examples[{number}].inputs has {name}, which is not an input"
                for name in example.inputs
                if name not in self.inputs and name not in ("apiKey", "baseUrl")
            ]
            problems += [
                f"examples[{number}].inputs lacks {name}, which is required"
                for name, field in self.inputs.items()
                if field.required and field.place != "connection" and name not in example.inputs
            ]
            if self.handler is None and example.reply is None and self.request and self.request.success != 204:
                problems.append(f"examples[{number}].reply is missing: give Hex's reply")
            if (given := list(example.outputs)) != (declared := list(self.outputs)) and "warnings" not in given:
                problems.append(f"examples[{number}].outputs are {given}; declared are {declared}")
        return problems
