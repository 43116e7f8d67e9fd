"""The model of the block file, `tool_specs/block.json`: how hosts present the tools as a whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hex_blocks.tools.spec.values import Input, Name, Strict, Text


class UseCase(Strict):
    """A use case in the guide of a group: a title and points."""

    title: Text
    points: tuple[Text, ...]


class Group(Strict):
    """A group of tools."""

    title: Text
    description: Text
    guide: tuple[UseCase, ...] = ()


class Authentication(Strict):
    """How users authenticate."""

    type: Literal["apiKey"]
    title: Text
    description: Text
    help_url: str = Field(alias="helpUrl")


class BlockSpec(Strict):
    """The block file."""

    schema_: str | None = Field(default=None, alias="$schema")
    name: Text
    tagline: Text
    description: Text
    category: Text
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
    icon: Text = Field(description="An SVG file beside this one.")
    authentication: Authentication
    connection: dict[Name, Input] = Field(description="The inputs that every tool has: token and base URL.")
    paging: dict[Name, Input] = Field(default_factory=dict, description="The inputs that every list has.")
    groups: dict[Name, Group]
