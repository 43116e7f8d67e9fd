"""The texts of forms and help pages, and their translation files in Node-RED's languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from hex_blocks.hosts.javascript.forms import inputs_of, key_of
from hex_blocks.hosts.node_red.nodes import Kind, Node, field_name
from hex_blocks.i18n.texts import Phrase, phrase, text

SET = "hex-blocks"
# The language codes of Node-RED's editor, by our codes.
LANGUAGES = {
    "en": "en-US",
    "de": "de",
    "es": "es-ES",
    "fr": "fr",
    "ja": "ja",
    "ko": "ko",
    "pt_BR": "pt-BR",
    "zh_Hans": "zh-CN",
    "zh_Hant": "zh-TW",
}
CONNECTION = Kind("hex-connection", phrase("Hex connection"))
WATCH = Kind(
    "hex-watch",
    phrase("Watch runs"),
    help=phrase(
        "Sends a message for each run that ends in the projects, whoever started it, each once and in order. Runs that "
        "ended before the first check are not reported."
    ),
)
LABELS: dict[str, Phrase] = {
    "name": phrase("Name"),
    "connection": phrase("Connection"),
    "operation": phrase("Operation"),
    "wait": phrase("Wait for the run to end"),
    "onFailure": phrase("On failure"),
    "error": phrase("Raise an error, for catch nodes"),
    "output2": phrase("Send to the second output"),
    "output": phrase("Output"),
    "document": phrase("The whole document"),
    "split": phrase("One message per entry"),
    "picture": phrase("The picture alone"),
    "more": phrase("More inputs"),
    "pick": phrase("Pick from Hex"),
    "region": phrase("Region"),
    "custom": phrase("Other address"),
    "baseUrl": phrase("Base URL"),
    "apiKey": phrase("API token"),
    "test": phrase("Test the connection"),
    "works": phrase("The connection works."),
    "projectIds": phrase("Projects"),
    "statuses": phrase("Statuses to report"),
    "interval": phrase("Look every (seconds)"),
    "nothing": phrase("Nothing to pick from."),
}
STATUS: dict[str, Phrase] = {
    "running": phrase("running __seconds__ s"),
    "waiting": phrase("waits __seconds__ s"),
    "done": phrase("done"),
    "watching": phrase("__count__ active"),
}
ERRORS: dict[str, Phrase] = {
    "connection": phrase("Choose a connection."),
    "deploy": phrase("Deploy the connection first, or type its token."),
    "operation": phrase("This node has no operation __operation__."),
}
OUTPUTS = phrase(
    "payload holds the document, hex the tool, the run and the trace ID. When it fails, hexError holds key, message, "
    "hint, trace ID and run page, and payload stays as it was."
)


def locale(nodes: Iterable[Node], language: str) -> dict[str, Any]:
    """Return the texts of all nodes in a language."""
    nodes = list(nodes)
    return {
        SET: {
            "label": phrases_in(LABELS, language),
            "status": phrases_in(STATUS, language),
            "errors": phrases_in(ERRORS, language),
            "type": {kind.type: kind.label.said(language) for kind in (CONNECTION, *_kinds(nodes), WATCH)},
            "operation": {key_of(tool): tool.title(language) for node in nodes for tool in node.tools},
            "input": {
                node.type: {field_name(name): text(field.title, language) for name, field in node.fields.items()}
                for node in nodes
            },
        }
    }


def phrases_in(words: Mapping[str, Phrase], language: str) -> dict[str, str]:
    """Return phrases in a language."""
    return {name: each.said(language) for name, each in words.items()}


def _kinds(nodes: Iterable[Node]) -> list[Kind]:
    return [node.kind for node in nodes]


def help_pages(nodes: Iterable[Node], language: str) -> str:
    """Return the help pages of all nodes in a language, as HTML for the sidebar."""
    pages = [_page(node.type, _help_of(node, language)) for node in nodes]
    assert WATCH.help  # noqa: S101
    watch = f"<p>{escape(WATCH.help.said(language))}</p>"
    return "\n".join([*pages, _page(WATCH.type, watch)]) + "\n"


def _page(type_: str, content: str) -> str:
    return f'<script type="text/html" data-help-name="{type_}">\n{content}\n</script>'


def _help_of(node: Node, language: str) -> str:
    parts = [f"<p>{escape(node.kind.help.said(language))}</p>"] if node.kind.help else []
    for tool in node.tools:
        if len(node.tools) > 1:
            parts.append(f"<h3>{escape(tool.title(language))}</h3>")
        parts.append(f"<p>{escape(tool.description(language))}</p>")
        rows = [
            f'<dt>{escape(name)} <span class="property-type">{field.type}</span></dt>'
            f"<dd>{escape(text(field.description, language))}</dd>"
            for name, field in inputs_of(tool).items()
        ]
        if rows:
            parts.append(f'<dl class="message-properties">{"".join(rows)}</dl>')
    return "\n".join([*parts, f"<p>{escape(OUTPUTS.said(language))}</p>"])
