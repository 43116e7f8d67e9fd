"""Flows in lfx's own runner, those saved by earlier versions too, and an agent with a scripted model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
FLOWS = [
    *sorted((REPOSITORY / "docs" / "examples" / "langflow").glob("*.json")),
    *sorted((Path(__file__).parent / "golden").glob("*.json")),
]


def test_lfx_finds_nothing_wrong(site, lfx):
    done = lfx("extension", "validate", str(site / "lfx_hex"), "--execute-imports")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "lfx-hex" in lfx("extension", "list").stdout


def connected(flow: Path, folder: Path, entered: dict[str, str]) -> Path:
    """Write a flow with what a person enters on its canvas."""
    document = json.loads(flow.read_text(encoding="utf-8"))
    for node in document["data"]["nodes"]:
        template = node["data"]["node"]["template"]
        for name, value in entered.items():
            if "api_key" in template and name in template:
                template[name]["value"] = value
    made = folder / flow.name
    made.write_text(json.dumps(document), encoding="utf-8")
    return made


@pytest.mark.parametrize("flow", FLOWS, ids=lambda file: file.stem)
def test_a_saved_flow_runs(flow, lfx, tmp_path, entered):
    done = lfx("run", str(connected(flow, tmp_path, entered)), "-f", "json")

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["success"] is True, done.stdout + done.stderr
    assert ("Revenue report" if "action" in flow.stem else "COMPLETED") in told["result"]


def test_a_flow_is_served(served, tmp_path, entered):
    address, headers = served(connected(FLOWS[0], tmp_path, entered))
    (flow,) = requests.get(f"{address}/flows", headers=headers, timeout=30).json()

    done = requests.post(
        f"{address}/flows/{flow['id']}/run", json={"input_value": "go"}, headers=headers, timeout=60
    ).json()

    assert done["success"] is True, done
    assert "COMPLETED" in done["result"]


def tools_of(*components: Any) -> list[Any]:
    return [tool for each in components for tool in asyncio.run(each.to_toolkit())]


def test_an_agent_is_given_one_tool_for_each_component(component):
    tools = tools_of(component("HexFindProject"), component("HexRunProject"), component("HexAsk"))

    assert [tool.name for tool in tools] == ["hex_find_project", "hex_run_project", "hex_ask"]
    assert "api_key" not in json.dumps([tool.args for tool in tools])


def test_an_agent_runs_a_report(component):
    tools = {tool.name: tool for tool in tools_of(component("HexFindProject"), component("HexRunProject"))}
    calls = [
        ("hex_find_project", {"query": "revenue report"}),
        ("hex_run_project", {"project_id": REVENUE_REPORT, "input_params": '{"region": "EMEA"}'}),
    ]
    model = GenericFakeChatModel(
        messages=iter(
            [
                *(
                    AIMessage(
                        content="", tool_calls=[{"name": name, "args": arguments, "id": name, "type": "tool_call"}]
                    )
                    for name, arguments in calls
                ),
                AIMessage(content="done"),
            ]
        )
    )

    async def converse() -> list[Any]:
        said: list[Any] = [HumanMessage("run the revenue report for EMEA")]
        while (answer := await model.ainvoke(said)).tool_calls:
            said.append(answer)
            for call in answer.tool_calls:
                came = await tools[call["name"]].ainvoke(call["args"])
                said.append(ToolMessage(json.dumps(came), tool_call_id=call["id"]))
        return said

    said = asyncio.run(converse())

    assert json.loads(said[-1].content)["status"] == "COMPLETED"


def test_a_toolset_has_the_tools_that_were_chosen(component):
    names = ["hex_find_project", "hex_get_run_status"]
    tools = component("HexToolset", tool_names=names).build_toolset()

    assert [tool.name for tool in tools] == names
    found = tools[0].invoke({"query": "revenue report"})
    assert json.loads(found)["matches"][0]["id"] == REVENUE_REPORT
