"""What the sandbox writes as YAML is the same to every reader: of 1.1, of 1.2, and ours of Hex's files."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hex_blocks.runs.yaml_text import load_yaml
from hex_blocks.sandbox import Sandbox
from hex_blocks.sandbox.hex_file import hex_file
from hex_blocks.sandbox.model import Project
from hex_blocks.sandbox.yaml_text import yaml_text


def read_1_1(text: str) -> Any:
    return yaml.safe_load(text)


def read_1_2(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


READERS: list[Callable[[str], Any]] = [read_1_1, read_1_2, load_yaml]
every_reader = pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
# Halves of characters are no text to a file; ours take them for what they are, and so does PyYAML.
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(
    r"[-+]?[0-9.:_eExo~ynYN]{1,6}", fullmatch=True
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


# Our own reader of projects gives what JSON holds exactly, which is less.
@pytest.mark.parametrize("read", [read_1_1, read_1_2], ids=lambda read: read.__name__)
@given(value=VALUES)
@settings(max_examples=100, deadline=None)
@example("y")
@example("08")
@example("0o17")
@example("1e3")
@example("12:30")
@example("=")
@example("two\nlines\n\n")
@example(" first\nsecond ")
@example("a\u2028b\nc\x85")
@example(math.inf)
@example(1e22)
def test_a_value_is_the_same_value_to_every_reader(read: Callable[[str], Any], value: Any) -> None:
    found = read(yaml_text({"value": value}))["value"]

    assert found == value
    assert type(found) is type(value)


@every_reader
@pytest.mark.parametrize("title", [project.title for project in Sandbox().world.all(Project)])
def test_an_export_is_the_same_to_every_reader(read: Callable[[str], Any], title: str, sandbox: Sandbox) -> None:
    project = sandbox.world.project(title)

    content = hex_file(sandbox.world, project, "draft")

    assert read(content) == yaml.safe_load(content)
    assert read(content)["meta"]["title"] == title
