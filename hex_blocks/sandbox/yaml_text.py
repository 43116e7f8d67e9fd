"""Writes YAML that parsers of YAML 1.1 and 1.2 read alike.

They disagree about texts without quotes: `no`, `1e3` and `2026-06-01` are texts to one and something else to the other.
PyYAML quotes what is not a text in 1.1; this module quotes the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

# Texts that some parsers read as numbers, except UUIDs, and the booleans that PyYAML leaves out.
NOT_PLAIN = re.compile(r"(?![0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z)[-+._\d].*|[yYnN]")
# Line breaks in YAML 1.1 only.
OTHER_ENDS = re.compile("[\x85\u2028\u2029]")


def yaml_text(value: Mapping[str, Any]) -> str:
    """Return a document of texts, numbers, booleans, nulls, lists and objects as YAML."""
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf"))
    return text


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


def _written(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    quoted = NOT_PLAIN.fullmatch(text) or OTHER_ENDS.search(text)
    style = '"' if quoted else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)
