"""The block: workflows that were saved with Sim's own Hex block run on, and each operation has its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.sim.fields import Palette
from hex_blocks.hosts.sim.operations import why_hidden
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.faulty import Faulty, pass_on
from tests.hosts.sim.calls import CALLS, REPORT, RUN
from tests.hosts.sim.conftest import Sim, exported, put_together
from tests.hosts.sim.test_tools import BY_KEY, REGISTRY, SHOWN, params_of

GOLDEN = Path(__file__).parent / "golden"
# The sub-blocks of Sim's own Hex block, by its operations.
TODAY: dict[str, tuple[str, ...]] = {
    "run_project": (
        "projectId", "inputParams", "viewId", "notifications", "dryRun", "updateCache", "updatePublishedResults",
        "useCachedSqlResults",
    ),
    "get_run_status": ("projectId", "runId"),
    "get_project_runs": ("projectId", "runStatusFilter", "runTriggerFilter", "limit", "offset"),
    "cancel_run": ("projectId", "runId"),
    "list_projects": (
        "limit", "includeArchived", "includeComponents", "includeTrashed", "statusFilter", "creatorEmail", "ownerEmail",
        "categories", "collectionId", "sortBy", "sortDirection", "after", "before",
    ),
    "get_project": ("projectId",),
    "update_project": ("projectId", "projectStatus"),
    "get_queried_tables": ("projectId", "limit"),
    "list_users": ("limit", "groupId", "userIds", "after", "before"),
    "list_groups": ("limit", "after", "before"),
    "get_group": ("groupIdInput",),
    "list_collections": ("limit", "after", "before"),
    "get_collection": ("collectionId",),
    "create_collection": ("collectionName", "collectionDescription"),
    "update_collection": ("collectionId", "collectionName", "collectionDescription"),
    "list_data_connections": ("limit", "after", "before"),
    "get_data_connection": ("dataConnectionId",),
    "create_group": ("groupName", "groupMemberUserIds"),
    "update_group": ("groupIdInput", "groupName", "groupAddUserIds", "groupRemoveUserIds"),
    "delete_group": ("groupIdInput",),
    "deactivate_user": ("userId",),
}  # fmt: skip
# The outputs that its tools had, which later blocks of a saved workflow name.
OUTPUTS_TODAY = {
    "run_project": ("projectId", "runId", "runUrl", "runStatusUrl", "traceId", "projectVersion"),
    "cancel_run": ("success", "projectId", "runId"),
    "get_project_runs": ("runs", "total", "traceId", "nextPage", "previousPage"),
    "list_users": ("users", "total", "after", "before"),
    "list_groups": ("groups", "total", "after", "before"),
    "delete_group": ("success", "groupId"),
    "deactivate_user": ("success", "userId"),
    "get_queried_tables": ("tables", "total"),
}


@pytest.fixture(scope="module")
def block(process) -> Any:
    return process.ask("block")


def fields_of(block: Any, key: str) -> dict[str, Any]:
    """Return the sub-blocks that an operation shows."""
    return {
        each["id"]: each
        for each in block["subBlocks"]
        if each.get("mode") != "trigger" and key in listed(each.get("condition"))
    }


def listed(condition: Any) -> list[str]:
    if not condition or condition["field"] != "operation":
        return []
    value = condition["value"]
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("key", TODAY)
def test_an_operation_of_today_keeps_its_fields(key, block):
    assert set(TODAY[key]) <= set(fields_of(block, key))
    assert key in [option["id"] for option in block["subBlocks"][0]["options"]]


@pytest.mark.parametrize("key", OUTPUTS_TODAY)
def test_an_operation_of_today_keeps_its_outputs(key, process):
    assert set(OUTPUTS_TODAY[key]) <= set(process.ask("tools")[f"hex_{key}"]["outputs"])


@pytest.mark.parametrize("version", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_fields_of_earlier_versions_are_there(version, process, block):
    for key, fields in json.loads(version.read_text()).items():
        assert set(fields) <= set(fields_of(block, key)), key
    assert block["type"] == "hex"


def test_the_fields_of_this_version_are_kept(block):
    newest = json.loads(max(GOLDEN.glob("*.json")).read_text())

    assert {each.key: sorted(fields_of(block, each.key)) for each in SHOWN} == newest


def test_no_two_fields_have_one_name(block):
    names = [each["id"] for each in block["subBlocks"]]

    assert len(names) == len(set(names))
    assert names[0] == "operation"


def test_every_clause_names_a_field_of_its_operation_that_is_seen(block):
    sentences = block["canvasPresentation"]["sentences"]["byOperation"]

    assert set(sentences) == set(BY_KEY)
    for key, clauses in sentences.items():
        shown = fields_of(block, key)
        for clause in clauses:
            if isinstance(clause, dict):
                assert shown[clause["field"]].get("mode") != "advanced", key


def test_what_is_offered_beside_the_block_is_whole(block):
    templates = block["meta"]["templates"]

    assert len(templates) >= 7
    assert {"title", "prompt", "modules", "category", "tags"} <= set.intersection(*(set(each) for each in templates))
    assert all(re.fullmatch(r"[a-z-]+", skill["name"]) for skill in block["meta"]["skills"])


PALETTE = Palette(SHOWN)


def values_of(key: str, sim: Any, sandbox: Any) -> dict[str, Any]:
    """Return what the sub-blocks of an operation hold, as Sim saves it: text, but for switches."""
    given = params_of(key, sim, sandbox)
    known = PALETTE.of(key)
    return {known[name]: value if isinstance(value, str | bool) else json.dumps(value) for name, value in given.items()}


@pytest.mark.parametrize("key", BY_KEY)
def test_an_operation_is_done_by_the_block(key, sim, sandbox):
    done = sim.run(key, **values_of(key, sim, sandbox))

    assert done["success"], done
    assert done["output"][CALLS[key][1]] not in (None, "")


@pytest.mark.parametrize(
    ("key", "saved"),
    [
        ("list_projects", {"sortBy": "LAST_EDITED_AT", "sortDirection": "ASC", "statusFilter": "", "limit": "7"}),
        ("list_projects", {"categories": '["Finance"]', "includeTrashed": True, "statusFilter": "PUBLISHED"}),
        ("get_project_runs", {"projectId": REPORT, "runTriggerFilter": "ALL", "runStatusFilter": "", "offset": "1"}),
        ("list_users", {"userIds": "{ada}, {eli}", "groupId": ""}),
        ("list_users", {"userIds": '["{ada}", "{eli}"]'}),
    ],
)
def test_values_that_were_saved_are_taken(key, saved, sim, sandbox):
    users = {name.split()[0].lower(): sandbox.world.user(name).id for name in ("Ada Okafor", "Eli Brandt")}
    values = {name: value.format(**users) if name == "userIds" else value for name, value in saved.items()}

    done = sim.run(key, **values)

    assert done["success"], done
    assert done["output"]["total"] > 0
    if key == "list_users":
        assert {user["id"] for user in done["output"]["users"]} == set(users.values())


def test_what_another_operation_left_in_the_form_takes_no_part(sim, sandbox):
    left = {"statusFilter": "PUBLISHED", "groupId": "nonsense", "runStatusFilter": "COMPLETED", "limit": "3"}

    done = sim.run("get_project_runs", projectId=REPORT, **left)

    assert done["success"], done
    assert {run["status"] for run in done["output"]["runs"]} == {"COMPLETED"}
    assert done["output"]["total"] <= 3


@pytest.mark.parametrize("operation", [None, "", "nonsense", "__proto__"])
def test_a_workflow_that_names_no_operation_runs_a_project(operation, sim):
    done = sim.run(operation, projectId=REPORT)

    assert done["success"], done
    assert done["output"]["runStatusUrl"]


def test_a_saved_start_is_sent_as_hex_wants_it(sim, sandbox):
    saved = {
        "projectId": f" https://app.hex.tech/acme/hex/{REPORT}/draft/logic ",
        "inputParams": '{"region": "EMEA", "start_date": "2026-01-01"}',
        "notifications": '[{"type": "FAILURE", "slackChannelIds": ["C1"], "includeSuccessScreenshot": false}]',
        "dryRun": None,
        "updateCache": None,
        "useCachedSqlResults": False,
        "viewId": "",
    }
    with Faulty(pass_on, upstream=sandbox.origin) as between:
        sim.ask("allow", hosts=between.origin)
        sim.connection["baseUrl"] = between.base_url
        done = sim.run("run_project", **saved)

    assert done["success"], done
    started = next(each for each in between.requests if each.method == "POST")
    assert started.target == f"/api/v1/projects/{REPORT}/runs"
    assert json.loads(started.body) == {
        "inputParams": {"region": "EMEA", "start_date": "2026-01-01"},
        "useCachedSqlResults": False,
        "notifications": [{"type": "FAILURE", "slackChannelIds": ["C1"], "includeSuccessScreenshot": False}],
    }


def test_an_agent_that_knows_the_former_name_of_an_input_still_makes_a_group(sim, sandbox):
    member = sandbox.world.user("Ines Costa").id

    done = sim.execute("hex_create_group", {"name": "New", "memberUserIds": f'["{member}"]'})

    assert done["success"], done
    assert member in json.dumps(done["output"]["members"])


def test_a_run_is_followed_by_the_block_from_start_to_picture(sim):
    run = sim.run("run_and_wait", projectId=REPORT, inputParams='{"region": "EMEA"}', timeout="120")["output"]
    results = sim.run("get_run_results", projectId=run["projectId"], runId=run["runId"], charts="Revenue chart")

    assert run["status"] == "COMPLETED"
    assert [file["type"] for file in results["output"]["files"]] == ["image/png"]
    assert run["runId"] != RUN


@pytest.fixture
def another(tmp_path: Path, sandbox: Sandbox) -> Iterator[Callable[..., Sim]]:
    """Another export, as exported() takes it, among the stand-ins."""
    started: list[Sim] = []

    def start(**options: Any) -> Sim:
        folder = exported(tmp_path / "export", **options)
        running = Sim(put_together(folder, tmp_path / "repository"))
        running.ask("allow", hosts=sandbox.origin)
        running.connection = {"apiKey": TOKENS.personal, "baseUrl": sandbox.base_url}
        started.append(running)
        return running

    yield start
    for each in started:
        each.stop()


def test_what_sim_names_is_in_an_export_of_few_tools(another):
    few = another(tools=["hex_ask"])

    shown = [option["id"] for option in few.ask("block")["subBlocks"][0]["options"]]
    assert set(shown) == {*TODAY, "ask"}
    assert few.run("", projectId=REPORT)["success"]


def test_a_plugins_tool_is_an_operation(another, sandbox, with_plugin):
    collection = sandbox.world.collection("Archive").id

    done = another(registry=with_plugin).run("cats_count_cats", collectionId=collection)

    assert done["success"], done
    assert done["output"]["total"] is not None


def test_what_is_not_in_the_block_is_named_with_why(package):
    rows = re.findall(r"^\| `(hex_\w+)` \| (.+) \|$", (package / "README.md").read_text(), re.MULTILINE)
    every = {tool.id for tool in REGISTRY.values() if not tool.experimental}

    assert {name for name, _ in rows} | {each.tool.id for each in SHOWN} == every
    assert dict(rows)["hex_run_batch"] == "A Parallel block does it."


def test_a_tool_whose_input_the_block_calls_its_own_is_left_out(with_plugin):
    raw = json.dumps(with_plugin["cats_count_cats"].raw).replace("collectionId", "region")

    named_so = replace(with_plugin["cats_count_cats"], raw=json.loads(raw))

    assert why_hidden(named_so) == "the block has a field region of its own"
