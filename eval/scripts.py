"""The script of each task: calls, and what is made of their replies. Named as the tasks are."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from eval.judging import Document
from hex_blocks.hosts.models.toolbox import CALL_TOOL, FIND_TOOL, Answer

Script = Generator[tuple[str, Document], Answer, str]
Step = Generator[tuple[str, Document], Answer, Document]


class UnknownError(AssertionError):
    """A script uses what its caller cannot know."""


def listed(name: str, /, **arguments: Any) -> Step:
    """Call a tool of the list."""
    answer = yield name, arguments
    return answer.document


def found(words: str, name: str, /, **arguments: Any) -> Step:
    """Look for a tool by words, and call it if it is among those found."""
    answer = yield FIND_TOOL, {"query": words}
    if name not in {tool["name"] for tool in answer.document["tools"]}:
        raise UnknownError(f"{name} is not found by {words!r}")
    answer = yield CALL_TOOL, {"name": name, "arguments": arguments}
    return answer.document if answer.error else answer.document["result"]


def project(words: str) -> Step:
    """Find a project by words of its title, where one fits."""
    reply = yield from listed("hex_find_project", query=words)
    match: Document = reply["matches"][0]
    return match


def one_of(things: list[Document], name: str) -> str:
    """Return the ID of the thing of a name."""
    return next(str(thing["id"]) for thing in things if name in (thing.get("name"), thing.get("filePath")))


def users(*names: str) -> Generator[tuple[str, Document], Answer, list[str]]:
    """Return the IDs of people by their names."""
    reply = yield from found("list the users", "hex_list_users", limit=100)
    return [one_of(reply["users"], name) for name in names]


def group(name: str) -> Generator[tuple[str, Document], Answer, str]:
    """Return the ID of a group by its name."""
    reply = yield from found("list groups", "hex_list_groups", limit=100)
    return one_of(reply["groups"], name)


def owner() -> Script:
    which = yield from project("revenue report")
    return f"It is owned by {which['ownerEmail']}."


def whose_token() -> Script:
    reply = yield from found("check connection and token", "hex_check_connection")
    return f"The token is {reply['user']['name']}'s and works until {reply['expiresAt']}."


def inputs() -> Script:
    which = yield from project("store heat map")
    reply = yield from found("inputs of a project", "hex_get_project_inputs", projectId=which["id"])
    return ", ".join(f"{each['name']} {[one['value'] for one in each['choices'] or []]}" for each in reply["inputs"])


def failed_last_night() -> Script:
    said = []
    for title in ("Broken import", "Fraud watch", "Load orders"):
        which = yield from project(title)
        reply = yield from listed("hex_get_project_runs", projectId=which["id"], limit=5)
        for run in reply["runs"]:
            if (run["endTime"] or "") < "2026-03-17T18" and run["status"] != "UNABLE_TO_ALLOCATE_KERNEL":
                continue
            if run["status"] == "UNABLE_TO_ALLOCATE_KERNEL" and run is reply["runs"][0]:
                said.append(f"{title} got no kernel")
            if run["status"] == "ERRORED":
                why = yield from _fault_of(which["id"])
                said.append(f"{title} failed: {why}")
    return "; ".join(said)


def _fault_of(project_id: str) -> Generator[tuple[str, Document], Answer, str]:
    reply = yield from found("list the cells of a project", "hex_list_cells", projectId=project_id, limit=50)
    faults = []
    for cell in reply["cells"]:
        if cell["cellType"] == "SQL":
            output = yield from found("output of a cell", "hex_get_cell_output", cellId=cell["id"])
            faults.append(json.dumps(output))
    return " ".join(faults)


def never_published() -> Script:
    asked = {"statusFilter": "DRAFT", "sortBy": "CREATED_AT", "sortDirection": "DESC", "limit": 10}
    reply = yield from found("list projects", "hex_list_projects", **asked)
    return ", ".join(each["title"] for each in reply["projects"] if each["createdAt"] > "2026-02-18")


def last_run() -> Script:
    which = yield from project("churn explorer")
    reply = yield from listed("hex_get_project_runs", projectId=which["id"], limit=1)
    run = reply["runs"][0]
    return f"{run['status']} after {run['elapsedSeconds']} seconds: {run['runUrl']}"


def tables() -> Script:
    which = yield from project("revenue report")
    reply = yield from found("queried warehouse tables", "hex_get_queried_tables", projectId=which["id"])
    return ", ".join(each["tableName"] for each in reply["tables"])


def group_members() -> Script:
    which = yield from group("Finance")
    reply = yield from found("list the users of a group", "hex_list_users", groupId=which)
    return ", ".join(each["name"] for each in reply["users"])


def guests() -> Script:
    reply = yield from found("list users and roles", "hex_list_users", limit=100)
    return ", ".join(each["name"] for each in reply["users"] if each["role"] == "GUEST")


def connection_type() -> Script:
    reply = yield from found("list data connections", "hex_list_data_connections", limit=100)
    return ", ".join(each["type"] for each in reply["connections"] if each["name"] == "Event lake")


def slack_threads() -> Script:
    reply = yield from found("list threads", "hex_list_threads", source="SLACK")
    return ", ".join(each["title"] for each in reply["threads"])


def collection_contents() -> Script:
    reply = yield from found("list collections", "hex_list_collections", limit=100)
    which = one_of(reply["collections"], "Nightly pipeline")
    reply = yield from found("list projects", "hex_list_projects", collectionId=which)
    return ", ".join(each["title"] for each in reply["projects"])


def sql_of_project() -> Script:
    which = yield from project("quick check")
    reply = yield from found("list the cells of a project", "hex_list_cells", projectId=which["id"])
    return json.dumps([each["contents"] for each in reply["cells"] if each["cellType"] == "SQL"])


def chart_of_last_run() -> Script:
    which = yield from project("revenue report")
    reply = yield from listed("hex_get_project_runs", projectId=which["id"], statusFilter="COMPLETED", limit=1)
    run = reply["runs"][0]
    yield from listed("hex_get_run_results", projectId=which["id"], runId=run["runId"])
    return str(run["runUrl"])


def topics() -> Script:
    reply = yield from found("topics of threads", "hex_list_topics")
    return ", ".join(each["name"] for each in reply["topics"])


def no_such_project() -> Script:
    reply = yield from listed("hex_find_project", query="Profit forecast 2031")
    return "There is no project of that name." if not reply["matches"] else ""


def several_fit() -> Script:
    reply = yield from listed("hex_find_project", query="orders")
    return "Which one? " + ", ".join(each["title"] for each in reply["matches"])


def no_permission() -> Script:
    reply = yield from listed("hex_run_project", projectId="5a8591dd-4039-49df-9202-96385ba3eff8")
    return f"{reply['message']} {reply['hint']}"


def editor_may_not() -> Script:
    which = yield from users("Tomas Novak")
    reply = yield from found("deactivate a user", "hex_deactivate_user", userId=which[0])
    return f"{reply['message']} {reply['hint']}"


def not_published() -> Script:
    which = yield from project("new customer survey")
    reply = yield from listed("hex_run_and_wait", projectId=which["id"])
    return f"{reply['message']} {reply['hint']}"


def no_such_region() -> Script:
    which = yield from project("revenue report")
    reply = yield from found("inputs of a project", "hex_get_project_inputs", projectId=which["id"])
    region = next(each for each in reply["inputs"] if each["name"] == "region")
    return f"Mars is not a region: {[one['value'] for one in region['choices']]}"


def told_by_a_title() -> Script:
    which = yield from project("quick check")
    return f"It was last published at {which['lastPublishedAt']}."


def told_by_a_description() -> Script:
    which = yield from project("fraud watch")
    reply = yield from found("get a project", "hex_get_project", projectId=which["id"])
    return str(reply["description"])


def told_by_a_guest() -> Script:
    reply = yield from found("list groups", "hex_list_groups", limit=100)
    return ", ".join(each["name"] for each in reply["groups"])


def run_with_last_months_dates() -> Script:
    which = yield from project("revenue report")
    values = {"region": "EMEA", "start_date": "2026-02-01", "end_date": "2026-02-28"}
    run = yield from listed("hex_run_and_wait", projectId=which["id"], inputParams=values)
    yield from listed("hex_get_run_results", projectId=which["id"], runId=run["runId"])
    return f"{run['status']}: {run['runUrl']}"


def compare_regions() -> Script:
    which = yield from project("revenue report")
    combine = {"region": ["US", "EMEA", "APAC"]}
    reply = yield from listed("hex_run_batch", projectId=which["id"], combine=combine)
    return "; ".join(f"{each['inputParams']['region']} {each['status']}" for each in reply["sets"])


def cancel_what_hangs() -> Script:
    which = yield from project("endless simulation")
    reply = yield from found("cancel all active runs", "hex_cancel_active_runs", projectId=which["id"])
    return f"Cancelled {reply['cancelledCount']} runs."


def cancel_one() -> Script:
    which = yield from project("quarterly forecast")
    reply = yield from listed("hex_get_project_runs", projectId=which["id"], statusFilter="RUNNING")
    yield from listed("hex_cancel_run", projectId=which["id"], runId=reply["runs"][0]["runId"])
    return "It is cancelled."


def start_and_leave() -> Script:
    which = yield from project("quarterly forecast")
    values = {"horizon": 8, "include_returns": False}
    reply = yield from listed("hex_run_project", projectId=which["id"], inputParams=values)
    return str(reply["runUrl"])


def list_as_input() -> Script:
    which = yield from project("store heat map")
    values = {"stores": ["Porto", "Faro"], "only_open": True}
    reply = yield from listed("hex_run_and_wait", projectId=which["id"], inputParams=values)
    return str(reply["status"])


def pipeline() -> Script:
    steps = []
    for title in ("Extract orders", "Transform orders", "Load orders"):
        which = yield from project(title)
        steps.append({"name": title.split()[0].lower(), "projectId": which["id"]})
    steps[0]["inputParams"] = {"date": "2026-03-17"}
    reply = yield from found("run projects in order as a pipeline", "hex_run_pipeline", steps=steps)
    return f"{reply['succeeded']}"


def run_fails() -> Script:
    which = yield from project("broken import")
    reply = yield from listed("hex_run_and_wait", projectId=which["id"])
    return f"{reply['message']} {reply['hint']}"


def mark_deprecated() -> Script:
    which = yield from project("fraud watch")
    yield from found("set the status of a project", "hex_update_project", projectId=which["id"], status="Deprecated")
    return "Done."


def new_group() -> Script:
    members = yield from users("Lena Fischer", "Omar Diallo")
    yield from found("create a group", "hex_create_group", name="Night shift", userIds=members)
    return "Done."


def change_group() -> Script:
    which = yield from group("Finance")
    noor, priya = yield from users("Noor Haddad", "Priya Raman")
    changes = {"groupId": which, "addUserIds": [noor], "removeUserIds": [priya]}
    yield from found("update the members of a group", "hex_update_group", **changes)
    return "Done."


def delete_group() -> Script:
    which = yield from group("Contractors")
    yield from found("delete a group", "hex_delete_group", groupId=which)
    return "It is deleted."


def share_project() -> Script:
    which = yield from project("churn explorer")
    who = yield from users("Priya Raman")
    sharing = {"projectId": which["id"], "userIds": who, "access": "CAN_EDIT"}
    yield from found("share a project with users", "hex_edit_project_sharing_users", **sharing)
    return "Done."


def into_collection() -> Script:
    which = yield from project("fraud watch")
    reply = yield from found("list collections", "hex_list_collections", limit=100)
    finance = one_of(reply["collections"], "Finance")
    sharing = {"projectId": which["id"], "collectionIds": [finance], "access": "CAN_VIEW"}
    yield from found("put a project into a collection", "hex_edit_project_sharing_collections", **sharing)
    return "Done."


def new_cell() -> Script:
    which = yield from project("quick check")
    cell = {"projectId": which["id"], "cellType": "MARKDOWN", "markdown": "Checked by finance."}
    yield from found("create a cell", "hex_create_cell", **cell)
    return "Done."


def publish_one_guide() -> Script:
    reply = yield from found("list draft guides", "hex_list_draft_guides")
    which = one_of(reply["guides"], "metrics/churn.md")
    yield from found("publish guides", "hex_publish_guide_drafts", orgGuideFileIds=[which])
    return "Done."


SCRIPTS: dict[str, Callable[[], Script]] = {
    script.__name__: script
    for script in (
        owner,
        whose_token,
        inputs,
        failed_last_night,
        never_published,
        last_run,
        tables,
        group_members,
        guests,
        connection_type,
        slack_threads,
        collection_contents,
        sql_of_project,
        chart_of_last_run,
        topics,
        no_such_project,
        several_fit,
        no_permission,
        editor_may_not,
        not_published,
        no_such_region,
        told_by_a_title,
        told_by_a_description,
        told_by_a_guest,
        run_with_last_months_dates,
        compare_regions,
        cancel_what_hangs,
        cancel_one,
        start_and_leave,
        list_as_input,
        pipeline,
        run_fails,
        mark_deprecated,
        new_group,
        change_group,
        delete_group,
        share_project,
        into_collection,
        new_cell,
        publish_one_guide,
    )
}
