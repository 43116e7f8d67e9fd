"""The class of a tool spec. Unknown keys are errors.

A spec is data that a host in any programming language can use: the inputs of a tool, where each goes in Hex's request,
and which part of Hex's reply each output is. It contains no code, conditions or templates.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Annotated, Any, Literal

from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.tools.spec.part import Name, Part, Text, TextRule, by_name, key, listed, spec_part
from hex_blocks.tools.spec.values import Input, Output

ToolId = Annotated[str, TextRule(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$")]
NO_CONTENT = 204
LimitGroup = Literal["hex-api", "hex-api-30rpm", "runs", "charts", "ingest"]


@spec_part
class Request(Part):
    """The request of a tool, as in Hex's API document."""

    operation_id: Annotated[str, TextRule(pattern=r"^[A-Z][A-Za-z]+$")] = key("operationId")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, TextRule(pattern=r"^(/[A-Za-z-]+|/\{[A-Za-z]+\})+$")]
    success: Literal[200, 201, 204] = key(default=200, description="The status Hex's document names.")
    encoding: Literal["json", "multipart"] = "json"
    limit_group: LimitGroup | None = key(
        "limitGroup",
        default=None,
        description="The group of Hex's rate limits that it counts in, in addition to the limits of the whole API.",
    )
    refused_by_503: bool = key(
        "refusedBy503",
        default=False,
        description="A 503 means that Hex did nothing, so a retry is safe although the request writes.",
    )
    errors: dict[Annotated[str, TextRule(pattern=r"^[45]\d\d$")], Text] = key(
        default_factory=dict, description="Error keys by status that are more specific than the general ones."
    )

    def __post_init__(self) -> None:
        if unknown := [each for each in self.errors.values() if each not in SENTENCES]:
            from difflib import get_close_matches

            guess = get_close_matches(unknown[0], SENTENCES, 1)
            raise ValueError(
                f"errors has {unknown[0]}, which is not an error key"
                + (f'; did you mean "{guess[0]}"?' if guess else "")
            )

    @property
    def without_reply(self) -> bool:
        """Whether Hex replies without content."""
        return self.success == NO_CONTENT

    @property
    def placeholders(self) -> list[str]:
        """The names in braces in the path."""
        return re.findall(r"\{([A-Za-z]+)\}", self.path)


@spec_part
class Paging(Part):
    """How the next page of a list is requested: with Hex's cursor, or by offset."""

    style: Literal["cursor", "offset"]
    items: Name = key(description="The output that holds the entries.")
    after: Name = key(default="after", description="The input that selects the next page.")
    next: str = key(default="pagination.after", description="The path of the next cursor in the reply.")


@spec_part
class Constraints(Part):
    """Which inputs can be given together."""

    at_most_one: tuple[tuple[Name, ...], ...] = key("atMostOne", default=(), read=listed(tuple))
    at_least_one: tuple[tuple[Name, ...], ...] = key("atLeastOne", default=(), read=listed(tuple))
    all_or_none: tuple[tuple[Name, ...], ...] = key("allOrNone", default=(), read=listed(tuple))


@spec_part
class Example(Part):
    """An example of a call: its inputs, Hex's reply and the outputs."""

    title: Text
    inputs: dict[str, Any]
    reply: Any = key(default=None, description="Hex's reply, if the tool is a single request.")
    outputs: dict[str, Any]


@spec_part
class ToolSpec(Part):
    """The spec of a tool."""

    schema_: str | None = key("$schema", default=None)
    comment: str | None = key("$comment", default=None)
    id: ToolId
    group: Name
    operation: Literal["query", "mutation"] = key(description="query reads, mutation writes.")
    destructive: bool = key(default=False, description="It changes or removes existing objects.")
    removes: bool = key(
        default=False,
        description="It deletes or ends something irreversibly: hosts ask for confirmation first, with its name.",
    )
    experimental: bool = key(
        default=False, description="Not in Hex's API document, so not confirmed. In no set of tools unless requested."
    )
    idempotent: bool = key(default=False, description="Repeating it has no further effect.")
    title: Text
    description: Text
    model_hint: Text | None = key(
        "modelHint", default=None, description="For models, in addition to the description; never translated."
    )
    request: Request | None = key(default=None, read=Request.from_json)
    handler: Annotated[str, TextRule(pattern=r"^[a-z_][\w.]*:[a-z_]\w*$")] | None = key(
        default=None, description="module:function, if a single request is not enough."
    )
    paging: Paging | None = key(default=None, read=Paging.from_json)
    constraints: Constraints = key(default_factory=Constraints, read=Constraints.from_json)
    connection_required: tuple[Name, ...] = key(
        "connectionRequired",
        default=("apiKey",),
        read=tuple,
        description="Which inputs of the connection a form must show as required.",
    )
    inputs: dict[Name, Input] = key(read=by_name(Input.from_json))
    outputs: dict[Name, Output] = key(read=by_name(Output.from_json))
    examples: tuple[Example, ...] = key(read=listed(Example.from_json), min_length=1)

    @property
    def list_place(self) -> str | None:
        """The path of a list's entries in Hex's reply, or None if the tool does not read a list."""
        return (self.outputs[self.paging.items].source or self.paging.items) if self.paging else None

    def __post_init__(self) -> None:
        problems = [*self._request_problems(), *self._name_problems(), *self._example_problems()]
        if problems:
            raise ValueError("; ".join(problems))

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
        for kind in fields(self.constraints):
            problems += [
                f"constraints.{kind.metadata['alias']} names {name}, which is not an input"
                for names in getattr(self.constraints, kind.name)
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
