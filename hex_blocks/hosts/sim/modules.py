"""Converts the JavaScript core to ES modules, which Sim uses."""

from __future__ import annotations

import re
from functools import cache

from hex_blocks.hosts.javascript.data import core_files

_NAMED = re.compile(r"^const \{(?P<names>[^}]*)\} = require\('\./(?P<file>\w+)'\);$", re.MULTILINE)
_WHOLE = re.compile(r"^const (?P<name>\w+) = require\('\./(?P<file>\w+)'\);$", re.MULTILINE)
_EXPORTS = re.compile(r"^module\.exports = \{(?P<names>[^}]*)\};$", re.MULTILINE)
_LEFT = re.compile(r"^(?! \*)[^'\n]*\b(?:require\(|module\.exports)", re.MULTILINE)


@cache
def core_modules() -> dict[str, bytes]:
    """Return the files of the core as ES modules, by name."""
    return {name: as_module(content.decode()).encode() for name, content in core_files().items()}


def as_module(common: str) -> str:
    """Return a file of the core as an ES module.

    Raises:
        ValueError: The file has an import or export in an unknown form.
    """
    made = common.removeprefix("'use strict';\n")
    made = _NAMED.sub(lambda found: f"import {{{_renamed(found['names'])}}} from './{found['file']}.js';", made)
    made = _WHOLE.sub(r"import * as \g<name> from './\g<file>.js';", made)
    made = _EXPORTS.sub(r"export {\g<names>};", made)
    if left := _LEFT.search(made):
        raise ValueError(f"not in the form of the core: {left[0]}")
    return made


def _renamed(names: str) -> str:
    return re.sub(r"(\w+): (\w+)", r"\1 as \2", names)
