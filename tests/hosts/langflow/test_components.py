"""The components in lfx, on the sandbox: their fields, what they give, and how they fail."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from lfx.custom.custom_component.component import Component

from hex_blocks.hosts.langflow.fields import tool_fields
from hex_blocks.hosts.langflow.palette import KINDS
from hex_blocks.hosts.langflow.running import ComponentError
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
COMPONENTS = [kind.name for kind in KINDS] + ["HexNotebook", "HexAction", "HexToolset"]


def test_no_field_has_a_name_that_a_component_has_for_itself(registry):
    own = Component()
    names = {field.name for tool in registry for field in tool_fields(registry, tool)}

    assert {name for name in names if name in dir(Component) or name in own.__dict__} == set()


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_can_be_placed_and_says_what_it_gives(name, component):
    node = component(name).to_frontend_node()["data"]["node"]

    assert node["display_name"]
    assert {"api_key", "region", "base_url"} <= set(node["template"])
    assert node["template"]["api_key"]["load_from_db"] is True
    expected = {"toolset"} if name == "HexToolset" else {"data", "table", "message"}
    assert {each["name"] for each in node["outputs"]} == expected


def test_one_run_gives_data_table_and_message(component, hex_world):
    made = component("HexRunProject", project_id="revenue report", input_params='{"region": "EMEA"}')
    before = len(hex_world.world.runs(REVENUE_REPORT))

    async def all_outputs():
        return await made.hex_run_project(), await made.as_table(), await made.as_message()

    data, table, message = asyncio.run(all_outputs())

    assert data.data["status"] == "COMPLETED"
    assert list(table["runId"]) == [data.data["runId"]]
    assert data.data["runId"] in message.text
    assert len(hex_world.world.runs(REVENUE_REPORT)) == before + 1


def test_an_output_that_is_asked_for_again_is_a_new_call(component):
    made = component("HexRunProject", project_id=REVENUE_REPORT)

    async def twice():
        return await made.hex_run_project(), await made.hex_run_project()

    first, second = asyncio.run(twice())

    assert first.data["runId"] != second.data["runId"]


def test_a_list_is_a_table_of_its_entries(component):
    table = asyncio.run(component("HexFindProject", query="re").as_table())

    assert len(table) > 1
    assert "title" in table.columns


def test_pictures_are_files(component):
    data = asyncio.run(component("HexRunResults", project_id=REVENUE_REPORT, run_id=KNOWN_RUN).hex_run_results()).data

    assert [Path(chart["path"]).read_bytes()[:4] for chart in data["charts"]] == [b"\x89PNG"] * 2


def test_a_failure_is_raised_with_its_key(component, failing):
    with pytest.raises(ComponentError, match=r"/runs/.*\[run_errored\]$"):
        asyncio.run(component("HexRunProject", project_id=failing).hex_run_project())


def test_how_a_run_failed_can_be_looked_at(component, failing):
    made = component("HexRunProject", project_id=failing, fail_on_run_error=False)

    assert asyncio.run(made.hex_run_project()).data["status"] == "ERRORED"


def test_a_wait_that_is_cut_is_taken_up_again(component):
    first = asyncio.run(component("HexRunProject", project_id="endless simulation", timeout=10).hex_run_project()).data
    assert first["status"] in ("PENDING", "RUNNING")

    again = component(
        "HexRunProject", project_id="endless simulation", timeout=10, idempotency_key=first["idempotencyKey"]
    )

    assert asyncio.run(again.hex_run_project()).data["runId"] == first["runId"]


def test_a_watch_gives_its_cursor(component):
    first = asyncio.run(component("HexWatchRuns", project_ids=REVENUE_REPORT).hex_watch_runs()).data
    run = asyncio.run(component("HexRunProject", project_id=REVENUE_REPORT).hex_run_project()).data["runId"]
    watch = component("HexWatchRuns", project_ids=REVENUE_REPORT, cursor=first["cursor"])

    assert run in [each["runId"] for each in asyncio.run(watch.hex_watch_runs()).data["runs"]]


@pytest.mark.parametrize("nothing", [{}, {"use_cached_sql_results": None}, {"use_cached_sql_results": ""}])
def test_the_notebook_pair_runs(nothing, component):
    started = component("HexNotebook", operation="run_notebook", project_id=REVENUE_REPORT, **nothing)
    run_id = asyncio.run(started.hex_notebook()).data["runId"]

    seen = component("HexNotebook", operation="get_notebook_run_status", run_id=run_id)

    assert asyncio.run(seen.hex_notebook()).data["runId"] == run_id


def test_the_fields_of_an_action_appear_and_survive_a_reload(component):
    made = component("HexAction")
    form = made.to_frontend_node()["data"]["node"]["template"]

    form = made.update_build_config(form, "get_project", "action")
    form["project_id"]["value"] = REVENUE_REPORT
    reloaded = made.update_build_config(json.loads(json.dumps(form, default=vars)), "get_project", "action")

    assert reloaded["project_id"]["value"] == REVENUE_REPORT
    other = made.update_build_config(reloaded, "list_groups", "action")
    assert "project_id" not in other
    assert {"limit", "fetch_all", "action", "api_key", "code"} <= set(other)


def test_an_action_runs(component):
    data = asyncio.run(component("HexAction", action="get_project", project_id=REVENUE_REPORT).hex_action()).data

    assert data["id"] == REVENUE_REPORT


@pytest.mark.parametrize("action", ["", "no_such", "create_data_connection"])
def test_what_is_no_action_is_refused(action, component):
    with pytest.raises(ComponentError, match="Choose an action"):
        asyncio.run(component("HexAction", action=action).hex_action())


@pytest.mark.parametrize(
    ("token", "key"), [(TOKENS.expired, "token_refused"), ("hxtp_marked_4711", "token_refused"), ("", "token_missing")]
)
def test_a_bad_token_is_said_and_not_shown(token, key, component, capfd, monkeypatch):
    monkeypatch.setenv("HEX_API_TOKEN", token)
    made = component("HexFindProject", query="revenue")

    with pytest.raises(ComponentError, match=key) as caught:
        asyncio.run(made.hex_find_project())

    said = "".join(capfd.readouterr()) + str(caught.value) + repr(made)
    assert not token or token not in said
