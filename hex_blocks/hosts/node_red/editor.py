"""Generates hex-blocks.html, the editor's part of the package, with the form of each node."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files as resources
from typing import Any

from hex_blocks.hosts.javascript.forms import inputs_of, key_of
from hex_blocks.hosts.node_red.nodes import PICKED, TYPES, Node, field_name, usual_type
from hex_blocks.hosts.node_red.words import help_pages
from hex_blocks.i18n.texts import SOURCE_LANGUAGE
from hex_blocks.tools.spec.values import Input

COLOR = "#C9BEE6"
# Node-RED turns this field into a list of connections before the form is built, so each template has it.
_NAME = """\
<div class="form-row">
<label for="node-input-name" style="width: 130px" data-i18n="hex-blocks.label.name"></label>
<input type="text" id="node-input-name" style="width: calc(100% - 140px)">
</div>
"""
_CONNECTION = """\
<div class="form-row">
<label for="node-input-connection" style="width: 130px" data-i18n="hex-blocks.label.connection"></label>
<input type="text" id="node-input-connection" style="width: calc(100% - 140px)">
</div>
"""


def page(nodes: Iterable[Node]) -> str:
    """Return hex-blocks.html."""
    nodes = list(nodes)
    kinds = {node.type: _kind(node) for node in nodes}
    script = (resources(__package__) / "package" / "editor.js").read_text(encoding="utf-8")
    static = (resources(__package__) / "package" / "forms.html").read_text(encoding="utf-8")
    data = json.dumps({"color": COLOR, "types": list(TYPES), "kinds": kinds}, ensure_ascii=False)
    # `</` is escaped, because a closing tag inside the data would end the script.
    data = data.replace("</", "<\\/")
    templates = "\n".join(map(_template, nodes))
    return (
        f'<script type="text/javascript">\n{{\nconst HEX_BLOCKS = {data};\n{script}}}\n</script>\n{static}{templates}\n'
        f"{help_pages(nodes, SOURCE_LANGUAGE)}"
    )


def _template(node: Node) -> str:
    # If an input has the same name, the form creates its field.
    head = _CONNECTION if "name" in node.fields else _NAME + _CONNECTION
    return f'<script type="text/html" data-template-name="{node.type}">\n{head}<div class="hex-form"></div>\n</script>'


def _kind(node: Node) -> dict[str, Any]:
    return {
        "waits": node.waits,
        "operations": {key_of(tool): list(map(field_name, inputs_of(tool))) for tool in node.tools},
        "pictures": any(
            "image" in name.lower() or name == "charts" for tool in node.tools for name in tool.spec.outputs
        ),
        "fields": {field_name(name): _field(name, field) for name, field in node.fields.items()},
    }


def _field(name: str, field: Input) -> dict[str, Any]:
    data: dict[str, Any] = {"type": usual_type(field), "required": field.required, "advanced": field.advanced}
    if field.enum:
        data["enum"] = list(field.enum)
    if name in PICKED:
        data["picked"] = True
    if field.example is not None:
        data["example"] = field.example if isinstance(field.example, str) else json.dumps(field.example)
    return data
