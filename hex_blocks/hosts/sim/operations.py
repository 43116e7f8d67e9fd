"""The operations of Sim's Hex block: which tools they are, their names, inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hex_blocks.hosts.builders.forms import FAIL_ON_RUN_ERROR, RAISING
from hex_blocks.hosts.javascript.data import runs_in_javascript
from hex_blocks.hosts.javascript.forms import HIDDEN_INPUTS, inputs_of, key_of
from hex_blocks.hosts.javascript.titles import title_case
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, phrase
from hex_blocks.tools.spec.values import Input, Output
from hex_blocks.tools.tool import Tool

# The operations of Sim's current block, in its order. Saved workflows and Sim's list of tools refer to them, so every
# export has them.
TODAY = (
    "run_project",
    "get_run_status",
    "get_project_runs",
    "cancel_run",
    "list_projects",
    "get_project",
    "update_project",
    "get_queried_tables",
    "list_users",
    "list_groups",
    "get_group",
    "list_collections",
    "get_collection",
    "create_collection",
    "update_collection",
    "list_data_connections",
    "get_data_connection",
    "create_group",
    "update_group",
    "delete_group",
    "deactivate_user",
)
HIDDEN = {
    "hex_check_connection": "the first call tells whether the token works",
    "hex_create_data_connection": "passwords would stand in saved workflows",
    "hex_update_data_connection": "passwords would stand in saved workflows",
    "hex_run_batch": "a Parallel block does it",
    "hex_run_pipeline": "blocks in a row do it",
    "hex_watch_runs": "the trigger does it",
}
HIDDEN_GROUPS = {
    "semantic": "semantic models are kept by their own tools",
    "guides": "guides are kept by their own tools",
}
# IDs of the block's own sub-blocks.
RESERVED = {"operation", "region"}
# A deprecated input that Sim's current block has.
KEPT_INPUTS = {"updateCache"}
# An output that is only useful with a record of runs.
HIDDEN_OUTPUTS = {"idempotencyKey"}
# Outputs of Sim's current block that the tools do not have.
KEPT_OUTPUTS: dict[str, dict[str, dict[str, Any]]] = {
    "hex_deactivate_user": {
        "success": {"type": "boolean", "constant": True, "description": phrase("true: the user was deactivated.")},
        "userId": {"type": "string", "fromInput": "userId", "description": phrase("User UUID.")},
    }
}
WAITING = ("hex_run_and_wait", "hex_wait_for_run", "hex_ask")
USUAL_WAIT = 240
TIMEOUT = phrase("Seconds to wait. Default: 240, so that the wait ends before Sim ends the workflow.")
FAILS = phrase(
    "Whether a run that does not complete fails the block. If not, its outputs are the run's page and status."
)


@dataclass(frozen=True)
class Operation:
    """A tool as an operation of the block."""

    tool: Tool
    key: str

    def name(self, language: str) -> str:
        """Return its name in the list of operations: in English in Sim's style, otherwise the title of the tool."""
        return title_case(self.key.replace("_", " ")) if language == SOURCE_LANGUAGE else self.tool.title(language)

    @property
    def camel(self) -> str:
        """Its key in camel case, for names of variables."""
        first, *others = self.key.split("_")
        return first + "".join(part.capitalize() for part in others)

    @property
    def pascal(self) -> str:
        """Its key in Pascal case, for names of types."""
        return self.camel[:1].upper() + self.camel[1:]

    @property
    def inputs(self) -> dict[str, Input]:
        """The inputs in its form, without those of the connection."""
        return {
            name: _input(self.tool, name, field)
            for name, field in inputs_of(self.tool, HIDDEN_INPUTS - KEPT_INPUTS).items()
        } | _own(self.tool)

    @property
    def outputs(self) -> dict[str, Output]:
        """The outputs in Sim."""
        current = {name: Output.from_json(field) for name, field in KEPT_OUTPUTS.get(self.tool.id, {}).items()}
        return {name: field for name, field in self.tool.spec.outputs.items() if name not in HIDDEN_OUTPUTS} | current


def operations(tools: Iterable[Tool]) -> list[Operation]:
    """Return the operations for tools: those of Sim's current block come first."""
    shown = [Operation(tool, key_of(tool)) for tool in tools if not why_hidden(tool)]
    return sorted(shown, key=lambda each: TODAY.index(each.key) if each.key in TODAY else len(TODAY))


def why_hidden(tool: Tool) -> str | None:
    """Return the reason why the block does not show a tool; None if it does."""
    if reason := HIDDEN.get(tool.id) or HIDDEN_GROUPS.get(tool.group):
        return reason
    if taken := RESERVED & set(tool.spec.inputs):
        return f"the block has a field {min(taken)} of its own"
    return None if runs_in_javascript(tool) else "it runs in Python only"


def _input(tool: Tool, name: str, field: Input) -> Input:
    if tool.id in WAITING and name == "timeout":
        return field.replaced(default=USUAL_WAIT, description=TIMEOUT)
    return field


def _own(tool: Tool) -> dict[str, Input]:
    if tool.id not in RAISING:
        return {}
    title = phrase("Fail on run error")
    return {FAIL_ON_RUN_ERROR: Input(type="boolean", place="local", default=True, title=title, description=FAILS)}
