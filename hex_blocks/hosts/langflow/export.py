"""Exports the extension for Langflow: components for common tasks, one for all actions, and a toolset for agents."""

from __future__ import annotations

import json
from pathlib import Path

from hex_blocks.hosts.builders.forms import HIDDEN_TOOLS, snake_case
from hex_blocks.hosts.builders.wheels import carried_wheels
from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.langflow.palette import KINDS, NOTEBOOK, Kind
from hex_blocks.hosts.packing import wheel_of
from hex_blocks.tools.registry import Registry

LEVEL = {
    "components": "done: tests/hosts/langflow/test_components.py",
    "fields of an action": "done: tests/hosts/langflow/test_components.py",
    "flows": "done: tests/hosts/langflow/test_flows.py",
    "agents": "done: tests/hosts/langflow/test_flows.py",
    "the editor, Langflow's own agent": "done: tests/hosts/scheduled/langflow/test_whole.py",
    "pickers": "exempt: a field that lists projects takes no connection from another component; titles are taken.",
    "languages": "exempt: Langflow shows the components of others in their own language.",
    "data connections with their passwords": "exempt: their values would stand in saved flows.",
}
PACKAGE, DISTRIBUTION = "lfx_hex", "lfx-hex"
COMPONENTS = f"{PACKAGE}/components/hex"
LFX = "lfx>=1.13,<2"
README = Path(__file__).parent / "README.md"
OUTPUTS = '''    outputs = [
        Output(display_name="Data", name="data", method="{method}"),
        Output(display_name="Table", name="table", method="as_table", tool_mode=False),
        Output(display_name="Message", name="message", method="as_message", tool_mode=False),
    ]

    async def {method}(self) -> Data:
        """Return the whole answer."""
        return await running.as_data(self, {tool})

    async def as_table(self) -> DataFrame:
        """Return the rows of the answer."""
        return await running.as_table(self, {tool})

    async def as_message(self) -> Message:
        """Say what came of it."""
        return await running.as_message(self, {tool})
'''
HEAD = '''"""{title}."""

from lfx.custom.custom_component.component import Component
from lfx.io import {inputs}Output
from lfx.schema import Data, DataFrame, Message

from hex_blocks.hosts.langflow import fields, running


class {name}(Component):
    """{title}."""

    display_name = "{title}"
    description = {description}
    icon = "{icon}"
    name = "{name}"
'''
ACTION = '''    inputs = [
        DropdownInput(
            name="action",
            display_name="Action",
            info="What is done in Hex. Its fields appear when it is chosen.",
            options=[
{options}
            ],
            value="",
            real_time_refresh=True,
        ),
        *fields.connection_fields(),
    ]
{outputs}
    def update_build_config(self, build_config, field_value, field_name=None):
        """Show the fields of the action that was chosen."""
        if field_name == "action":
            return running.with_fields_of_action(build_config, field_value)
        return build_config
'''
TOOLSET = '''"""Hex toolset."""

from lfx.custom.custom_component.component import Component
from lfx.field_typing import Tool
from lfx.io import MultiselectInput, Output

from hex_blocks.hosts.langflow import fields, running


class HexToolset(Component):
    """Hex toolset."""

    display_name = "Hex toolset"
    description = "Give an agent the tools of Hex that you choose."
    icon = "Wrench"
    name = "HexToolset"
    inputs = [
        MultiselectInput(
            name="tool_names",
            display_name="Tools",
            info="The tools that the agent may use.",
            options=[
{options}
            ],
            value=[
{chosen}
            ],
        ),
        *fields.connection_fields(),
    ]
    outputs = [Output(display_name="Toolset", name="toolset", method="build_toolset", types=["Tool"])]

    def build_toolset(self) -> list[Tool]:
        """Return the tools."""
        return running.tools_of(self)
'''
DEFAULT_TOOLS = ("hex_find_project", "hex_run_and_wait", "hex_get_run_status", "hex_get_run_results")


def files(request: ExportRequest) -> Files:
    """Return the files of the extension: its package, a pyproject.toml to build it, and the wheels that it needs."""
    made = _package(request)
    made["README.md"] = README.read_bytes()
    made["pyproject.toml"] = _pyproject(request.version).encode()
    wheels = carried_wheels(request.tools)
    return made | {f"wheels/{name}": content for name, content in wheels.items()}


def pack(request: ExportRequest, made: Files) -> Files:
    """Return the wheel of the extension and the wheels that it needs."""
    package = {path: content for path, content in made.items() if path.startswith(f"{PACKAGE}/")}
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {DISTRIBUTION}",
        f"Version: {request.version}",
        "Summary: Hex for Langflow",
        "License-Expression: MIT",
        "Requires-Python: >=3.11",
        f"Requires-Dist: hex-blocks=={request.version}",
        f"Requires-Dist: {LFX}",
        "Description-Content-Type: text/markdown",
    ]
    metadata = "\n".join([*lines, "", README.read_text(encoding="utf-8")])
    points = f"[langflow.extensions]\n{DISTRIBUTION} = {PACKAGE}\n"
    name, content = wheel_of(package, DISTRIBUTION, request.version, metadata, entry_points=points)
    needed = {path.removeprefix("wheels/"): wheel for path, wheel in made.items() if path.startswith("wheels/")}
    return {name: content, **needed}


def _package(request: ExportRequest) -> dict[str, bytes]:
    sources = {snake_case(kind.name): _component(kind, request.registry) for kind in KINDS}
    sources["hex_notebook"] = _notebook(request.registry)
    sources["hex_action"] = _action(request)
    options = _list_items([tool.id for tool in request.tools if tool.id not in HIDDEN_TOOLS])
    sources["hex_toolset"] = TOOLSET.format(options=options, chosen=_list_items(list(DEFAULT_TOOLS)))
    made = {f"{COMPONENTS}/{module}.py": source.encode() for module, source in sources.items()}
    made[f"{COMPONENTS}/__init__.py"] = b'"""The components."""\n'
    made[f"{PACKAGE}/__init__.py"] = b'"""Hex for Langflow."""\n'
    made[f"{PACKAGE}/extension.json"] = (json.dumps(_manifest(request), indent=2) + "\n").encode()
    return made


def _manifest(request: ExportRequest) -> dict[str, object]:
    return {
        "$schema": "https://schemas.langflow.org/extension/v1.json",
        "id": DISTRIBUTION,
        "version": request.version,
        "name": "Hex",
        "description": request.registry.block.description,
        "lfx": {"compat": ["1"]},
        "bundles": [{"name": "hex", "path": "components/hex", "display_name": "Hex", "icon": "Hexagon"}],
    }


def _component(kind: Kind, registry: Registry) -> str:
    summary = registry[kind.tool].description()
    head = HEAD.format(
        title=kind.title, inputs="", name=kind.name, description=json.dumps(summary, ensure_ascii=False), icon=kind.icon
    )
    tool = json.dumps(kind.tool)
    return f"{head}    inputs = fields.fields_of({tool})\n{OUTPUTS.format(tool=tool, method=snake_case(kind.name))}"


def _notebook(registry: Registry) -> str:
    summary = json.dumps(registry[NOTEBOOK[0]].description(), ensure_ascii=False)
    head = HEAD.format(
        title="Hex notebook", inputs="DropdownInput, ", name="HexNotebook", description=summary, icon="Notebook"
    )
    keys = [name.removeprefix("hex_") for name in NOTEBOOK]
    options = "[" + ", ".join(map(json.dumps, keys)) + "]"
    chosen = (
        f'    inputs = [\n        DropdownInput(\n            name="operation",\n            display_name="Operation",'
        f"\n            options={options},\n            value={json.dumps(keys[0])},\n        ),\n"
        f"        *fields.fields_of({', '.join(map(json.dumps, NOTEBOOK))}),\n    ]\n"
    )
    return head + chosen + OUTPUTS.format(tool='f"hex_{self.operation}"', method="hex_notebook")


def _action(request: ExportRequest) -> str:
    head = HEAD.format(
        title="Hex action",
        inputs="DropdownInput, ",
        name="HexAction",
        description=json.dumps(request.registry.block.description),
        icon="Hexagon",
    )
    keys = [tool.id.removeprefix("hex_") for tool in request.tools if tool.id not in HIDDEN_TOOLS]
    return head + ACTION.format(
        options=_list_items(keys), outputs=OUTPUTS.format(tool="running.action_tool(self)", method="hex_action")
    )


def _list_items(names: list[str]) -> str:
    return "\n".join(f"                {json.dumps(name)}," for name in names)


def _pyproject(version: str) -> str:
    return f"""[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "{DISTRIBUTION}"
version = "{version}"
description = "Hex for Langflow"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
dependencies = ["hex-blocks=={version}", "{LFX}"]

[project.entry-points."langflow.extensions"]
{DISTRIBUTION} = "{PACKAGE}"

[tool.hatch.build.targets.wheel]
packages = ["{PACKAGE}"]
"""


TARGET = ExportTarget("langflow", "Langflow", LEVEL, files, pack)
