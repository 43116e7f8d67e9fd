"""What the forms of JavaScript hosts share: regions, help texts, the inputs of a tool, and pickers."""

from __future__ import annotations

from collections.abc import Collection

from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

# The regions that a connection's form offers.
REGIONS = {
    "app": phrase("app.hex.tech (multi-tenant)"),
    "eu": phrase("eu.hex.tech (EU)"),
    "hc": phrase("hc.hex.tech (HIPAA)"),
    "custom": phrase("Other address (single tenant)"),
}
API_KEY_HELP = phrase("In Hex under Settings → API keys. Triggers need a token of the workspace: personal ones expire.")
REGION_HELP = phrase("Where you open Hex.")
BASE_URL_HELP = phrase("For another address: where you open Hex. The token is sent only to hosts under hex.tech.")
# The help of the notebook status's run when no project is given.
SEARCHES_LONG = phrase("Without the project the run is looked for in the last 20 published ones, which is slow.")
# Inputs that need the record of runs or local files, and those that are deprecated or for debugging.
HIDDEN_INPUTS = {"idempotencyKey", "updateCache", "cancelOnInterrupt", "debug", "file"}


def inputs_of(tool: Tool, hidden: Collection[str] = HIDDEN_INPUTS) -> dict[str, Input]:
    """Return the inputs of a tool that a form shows.

    Args:
        tool: The tool.
        hidden: The names of inputs that are never shown.
    """
    return {
        name: field
        for name, field in tool.spec.inputs.items()
        if field.place != "connection" and name not in hidden and not (field.advanced and field.secret)
    }


def key_of(tool: Tool) -> str:
    """Return the name of an operation in workflows: the tool's ID without `hex_`."""
    return tool.id.removeprefix("hex_")


def in_order(fields: dict[str, Input]) -> dict[str, Input]:
    """Return fields in the order of a form: required ones first, advanced ones last."""
    return dict(sorted(fields.items(), key=lambda item: (not item[1].required, item[1].advanced)))


CHARTS = "charts"
# The list that an input is picked from, by the end of its name; the first match counts.
_PICKED_FROM = (
    ("semanticprojectid", None),
    ("projectid", "projects"),
    ("collectionid", "collections"),
    ("groupid", "groups"),
    ("userid", "users"),
    ("connectionid", "connections"),
    ("threadid", "threads"),
    ("topicid", "topics"),
    ("orgguidefileid", "guides"),
    ("runid", "runs"),
)


def picked_from(name: str) -> str | None:
    """Return the list that an input is picked from: a key of `listings.js`, `runs` or `charts`; None if it is typed."""
    if name == CHARTS:
        return CHARTS
    plain = name.lower()
    plain = plain.removesuffix("s") if plain.endswith("ids") else plain
    return next((listing for end, listing in _PICKED_FROM if plain.endswith(end)), None)
