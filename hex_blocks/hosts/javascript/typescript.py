"""TypeScript sources, and the JavaScript that hosts load of them: both are written here, so nothing is compiled.

Tests compile the one and compare it with the other.
"""

from __future__ import annotations

import re

# What the types of a TypeScript source stand between, so that the JavaScript is the same text without them.
_TYPE_ONLY = re.compile(r"/\*<\*/.*?/\*>\*/", re.DOTALL)
_MARKS = re.compile(r"/\*[<>]\*/")
_IMPORT = re.compile(r"^import \{ (?P<names>[^}]+) \} from '(?P<module>[^']+)';\n", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?P<kind>class|const) (?P<name>\w+)", re.MULTILINE)


def javascript(typescript: str) -> str:
    """Return the JavaScript of one of our TypeScript sources.

    Types stand between marks there, which a compiler reads as comments around nothing.
    """
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
    """Return a TypeScript source without the marks around its types."""
    return _MARKS.sub("", marked)
