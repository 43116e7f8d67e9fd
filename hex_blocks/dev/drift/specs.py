"""Builds the trees of a spec: inputs as in Hex's request, outputs as in Hex's reply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hex_blocks.dev.drift.openapi import PLACES, Facts
from hex_blocks.tools.spec.tool import ToolSpec
from hex_blocks.tools.spec.values import Input, InputField, OutputField, Value

# Formats for hosts, which Hex's document does not have.
OWN_FORMATS = ("json-object", "image", "base64", "path")


@dataclass(frozen=True)
class Claim:
    """What a spec declares for a value: its name in the tool, its type, and whether it is required.

    `newer` and `newer_values` are not in every version of Hex's document. `words` are texts that Hex can send instead
    of a number.
    """

    name: str
    type: str
    facts: Facts
    required: bool = False
    newer: bool = False
    newer_values: frozenset[str] = frozenset()
    words: bool = False


@dataclass
class Node:
    """A place in the request or the reply. Without claims, it only contains other places.

    Attributes:
        demanded: Whether every call fills it.
        spread: The list input whose entries are distributed over entries here.
        is_entry: Whether it is such an entry.
        in_entry: Whether it is in such an entry, and so in all of them.
    """

    claims: list[Claim] = field(default_factory=list)
    fields: dict[str, Node] = field(default_factory=dict)
    items: Node | None = None
    nullable: bool = False
    demanded: bool = False
    spread: Claim | None = None
    is_entry: bool = False
    in_entry: bool = False

    def step(self, name: str) -> Node:
        """Return the node of a field; for a name that ends in [], the node of its entries."""
        node = self.fields.setdefault(name.removesuffix("[]"), Node())
        return node.entries() if name.endswith("[]") else node

    def entries(self) -> Node:
        """Return the node of a list's entries."""
        self.items = self.items or Node()
        return self.items

    def outermost(self) -> Iterator[Claim]:
        """Return the claims of this node, or else the first ones below it."""
        if self.claims:
            yield from self.claims
            return
        for node in self.below():
            yield from node.outermost()

    def below(self) -> list[Node]:
        """Return the nodes directly below."""
        return [*self.fields.values(), *([self.items] if self.items else [])]


def request_tree(spec: ToolSpec) -> Node:
    """Return the tree of a tool's inputs in the request; its first level are the places."""
    root = Node(fields={place: Node() for place in PLACES})
    for name, value in spec.inputs.items():
        if value.place in PLACES:
            _place_input(root.fields[value.place], name, value)
    _mark(root, [{f"inputs.{name}" for name in group} for group in spec.constraints.at_least_one])
    return root


def _mark(node: Node, groups: list[set[str]], in_entry: bool = False) -> None:
    """Mark the nodes that every call fills: with a required input, or with all inputs of which one is required."""
    below = list(node.outermost())
    names = {claim.name.removesuffix("[]") for claim in below}
    node.demanded = any(claim.required for claim in below) or any(group <= names for group in groups)
    node.in_entry = in_entry
    if node.spread and node.items:
        node.items.is_entry = True
    for child in node.below():
        _mark(child, groups, (in_entry or node.is_entry) and not node.claims)


def _place_input(node: Node, name: str, value: Input) -> None:
    wire = value.wire or name
    parts = wire.split(".") if value.place == "body" else [wire]
    shown = f"inputs.{name}"
    if "[]" in wire and value.type == "array":
        last = max(number for number, part in enumerate(parts) if part.endswith("[]"))
        for number, part in enumerate(parts):
            if number == last:
                node.step(part.removesuffix("[]")).spread = _claim(shown, value, "array")
            node = node.step(part)
        _add_input(node, f"{shown}[]", value.items or InputField(type="any", description="-"), value.required)
        return
    for part in parts:
        node = node.step(part)
    if value.true_sends:
        # It only adds a value that another input cannot have.
        node.nullable = node.nullable or value.true_sends == "null"
    else:
        _add_input(node, shown, value, value.required)


def _add_input(node: Node, name: str, value: InputField, required: bool) -> None:
    node.nullable = node.nullable or value.nullable
    in_text = isinstance(value, Input) and value.style == "comma"
    node.claims.append(_claim(name, value, "string" if in_text else None, required))
    for part, nested in (value.fields or {}).items():
        _add_input(node.step(part), f"{name}.{part}", nested, nested.required)
    if value.items and not in_text:
        _add_input(node.entries(), f"{name}[]", value.items, required=False)


def reply_tree(spec: ToolSpec) -> Node:
    """Return the tree of a tool's outputs in the reply, without those of another source."""
    root = Node()
    for name, value in spec.outputs.items():
        if value.from_input is None and value.count_of is None and value.constant is None:
            _add_output(root, f"outputs.{name}", name, value)
    return root


def _add_output(parent: Node, shown: str, name: str, value: OutputField) -> None:
    if value.source == "$":
        # The whole reply is one output.
        for part, nested in (value.fields or {}).items():
            _add_output(parent, f"{shown}.{part}", part, nested)
        return
    node = parent
    for step in (value.source or name).split("."):
        node = node.step(step)
    _claim_output(node, shown, value)


def _claim_output(node: Node, shown: str, value: OutputField) -> None:
    node.nullable = node.nullable or value.nullable
    node.claims.append(_claim(shown, value))
    for part, nested in (value.fields or {}).items():
        _add_output(node, f"{shown}.{part}", part, nested)
    if value.items:
        _claim_output(node.entries(), f"{shown}[]", value.items)


def _claim(name: str, value: Value, type_: str | None = None, required: bool = False) -> Claim:
    if value.format == "json-object":
        type_ = "object"
    facts = Facts(
        enum=tuple(sorted(value.enum)) if value.enum else None,
        minimum=value.minimum,
        maximum=value.maximum,
        min_length=value.min_length,
        max_length=value.max_length,
        format=value.format if value.format not in OWN_FORMATS else None,
        default=getattr(value, "default", None),
    )
    words = isinstance(value, OutputField) and value.words is not None
    return Claim(
        name,
        type_ or value.type,
        facts,
        required,
        newer=value.newer,
        newer_values=frozenset(value.newer_values),
        words=words,
    )
