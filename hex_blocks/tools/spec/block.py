"""The class of the block file, `tool_specs/block.json`: how hosts present the tools as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from hex_blocks.tools.spec.part import Name, Part, Text, TextRule, by_name, key, listed, spec_part
from hex_blocks.tools.spec.values import Input


@spec_part
class UseCase(Part):
    """A use case in the guide of a group: a title and points."""

    title: Text
    points: tuple[Text, ...] = key(read=tuple)


@spec_part
class Group(Part):
    """A group of tools."""

    title: Text
    description: Text
    guide: tuple[UseCase, ...] = key(default=(), read=listed(UseCase.from_json))


@spec_part
class Authentication(Part):
    """How users authenticate."""

    type: Literal["apiKey"]
    title: Text
    description: Text
    help_url: str = key("helpUrl")


@spec_part
class BlockSpec(Part):
    """The block file."""

    schema_: str | None = key("$schema", default=None)
    name: Text
    tagline: Text
    description: Text
    category: Text
    color: Annotated[str, TextRule(pattern=r"^#[0-9A-Fa-f]{6}$")]
    icon: Text = key(description="An SVG file beside this one.")
    authentication: Authentication = key(read=Authentication.from_json)
    connection: dict[Name, Input] = key(
        read=by_name(Input.from_json), description="The inputs that every tool has: token and base URL."
    )
    paging: dict[Name, Input] = key(
        default_factory=dict, read=by_name(Input.from_json), description="The inputs that every list has."
    )
    groups: dict[Name, Group] = key(read=by_name(Group.from_json))
