"""Derives JavaScript from our TypeScript sources, so that an export needs no compiler.

Tests compile the TypeScript and compare the result.
"""

from __future__ import annotations

import re

# Types in the sources stand between the marks `/*<*/` and `/*>*/`; without them the source is JavaScript.
_TYPE_ONLY = re.compile(r"/\*<\*/.*?/\*>\*/", re.DOTALL)
_MARKS = re.compile(r"/\*[<>]\*/")
_IMPORT = re.compile(r"^import \{ (?P<names>[^}]+) \} from '(?P<module>[^']+)';\n", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?P<kind>class|const) (?P<name>\w+)", re.MULTILINE)


def javascript(typescript: str) -> str:
    """Return the JavaScript of a TypeScript source in which all types are between marks."""
    plain = _TYPE_ONLY.sub("", typescript)
    names: list[str] = []

    def required(found: re.Match[str]) -> str:
        return f"const {{ {found['names']} }} = require('{found['module']}');\n"

    def declared(found: re.Match[str]) -> str:
        names.append(found["name"])
        return f"{found['kind']} {found['name']}"

    plain = _EXPORTED.sub(declared, _IMPORT.sub(required, plain))
    exported = "".join(f"exports.{name} = {name};\n" for name in names)
    return f"'use strict';\n{plain}{exported}"


def typescript(marked: str) -> str:
    """Return a TypeScript source without the marks."""
    return _MARKS.sub("", marked)
