"""Projects: filters, labels, sharing, export, embedding."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import yaml

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
NOBODY = "11111111-1111-1111-1111-111111111111"


def titles(caller, **query):
    return {project["title"] for project in caller.everything("/projects", **query)}


def test_archived_trashed_and_components_are_listed_on_request_only(ada):
    plain = titles(ada)

    assert titles(ada, includeArchived="true") - plain == {"Old marketing dashboard"}
    assert titles(ada, includeTrashed="true") - plain == {"Scratch notebook"}
    assert titles(ada, includeComponents="true") - plain == {"Date helpers"}


@pytest.mark.parametrize(
    "encoding",
    [
        "statuses=Endorsed&statuses=In%20review",
        "statuses[]=Endorsed&statuses[]=In%20review",
        "statuses=Endorsed,In%20review",
    ],
)
def test_a_list_in_the_query_may_be_written_in_three_ways(encoding, ada):
    found = {project["title"] for project in ada.get(f"/projects?{encoding}")["values"]}

    assert found == {"Churn explorer", "Fraud watch", "Quarterly forecast"}


def test_projects_are_filtered_by_what_they_are(sandbox, ada):
    archive = sandbox.world.collection("Archive").id
    pipeline = sandbox.world.collection("Nightly pipeline").id

    assert titles(ada, categories="Growth") == {"Churn explorer", "New customer survey"}
    assert titles(ada, ownerEmail="Noor.Haddad@sandbox.example") == {"Broken import", "Fraud watch"}
    assert titles(ada, creatorEmail="nobody@sandbox.example") == set()
    assert titles(ada, collectionId=pipeline) == {"Extract orders", "Transform orders", "Load orders"}
    assert titles(ada, collectionId=archive) == set()


def test_projects_are_sorted_by_their_moments(ada):
    newest = ada.everything("/projects")
    oldest = ada.everything("/projects", sortBy="LAST_EDITED_AT", sortDirection="ASC")

    created = [project["createdAt"] for project in newest]
    edited = [project["lastEditedAt"] for project in oldest]
    assert created == sorted(created, reverse=True)
    assert edited == sorted(edited)


def test_sharing_is_shown_on_request_only(ada):
    assert "sharing" not in ada.get(f"/projects/{REPORT}")
    assert ada.get(f"/projects/{REPORT}", includeSharing="true")["sharing"]["workspace"] == {"access": "CAN_VIEW"}


def test_an_editor_does_not_see_what_is_private(eli):
    assert "Payroll check" not in titles(eli)


def test_the_workspace_is_worth_looking_at(ada):
    projects = ada.everything("/projects", includeArchived="true", includeTrashed="true", includeComponents="true")

    cadences = {schedule["cadence"] for project in projects for schedule in project["schedules"]}
    assert len(projects) >= 12
    assert cadences == {"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "CUSTOM"}
    assert {project["lastPublishedAt"] is None for project in projects} == {True, False}
    assert len({project["owner"]["email"] for project in projects}) >= 4


def test_a_new_project_is_a_draft_of_its_own(ada, eli):
    made = eli("POST", "/projects", json={"title": "Mine"}).json()

    assert (made["owner"], made["lastPublishedAt"]) == ({"email": "eli.brandt@sandbox.example"}, None)
    assert eli.get("/projects", limit=1)["values"] == [made]
    assert ada.get(f"/projects/{made['id']}") == made


def test_a_status_label_is_set_and_cleared(ada):
    labelled = ada("PATCH", f"/projects/{REPORT}", json={"status": "Deprecated"}).json()
    untouched = ada("PATCH", f"/projects/{REPORT}", json={}).json()
    cleared = ada("PATCH", f"/projects/{REPORT}", json={"status": None}).json()

    assert [project["status"] for project in (labelled, untouched, cleared)] == [{"name": "Deprecated"}] * 2 + [None]


def test_sharing_with_somebody_unknown_fails_in_part(sandbox, ada):
    eli = sandbox.world.user("Eli Brandt")
    entries = [
        {"user": {"id": eli.id}, "access": "CAN_EDIT"},
        {"user": {"id": NOBODY}, "access": "CAN_VIEW"},
    ]

    reply = ada("PATCH", f"/projects/{REPORT}/sharing/users", json={"sharing": {"upsert": {"users": entries}}})

    body = reply.json()
    assert reply.status_code == 200
    assert body["errors"] == [{"userIds": [NOBODY], "reason": "User not found"}]
    assert {"user": {"email": eli.email}, "access": "CAN_EDIT"} in body["project"]["sharing"]["users"]


def test_a_project_cannot_be_shared_with_somebody_who_has_left(sandbox, ada):
    user = sandbox.world.user("Tomas Novak").id
    ada("POST", f"/users/{user}/deactivate")
    entries = [{"user": {"id": user}, "access": "CAN_VIEW"}]

    reply = ada("PATCH", f"/projects/{REPORT}/sharing/users", json={"sharing": {"upsert": {"users": entries}}})

    assert reply.json()["errors"] == [{"userIds": [user], "reason": "User is deactivated"}]


def test_sharing_that_works_has_no_errors(sandbox, ada):
    group = sandbox.world.group("Growth").id
    path = f"/projects/{REPORT}/sharing/groups"

    def share(access):
        entries = [{"group": {"id": group}, "access": access}]
        return ada("PATCH", path, json={"sharing": {"upsert": {"groups": entries}}}).json()

    given, taken = share("APP_ONLY"), share("NONE")

    growth = {"group": {"name": "Growth"}, "access": "APP_ONLY"}
    assert growth in given["project"]["sharing"]["groups"]
    assert growth not in taken["project"]["sharing"]["groups"]
    assert "errors" not in given


def test_the_public_web_gets_no_more_than_a_look(ada):
    body = {"sharing": {"workspace": "CAN_EDIT", "publicWeb": "CAN_EDIT"}}

    reply = ada("PATCH", f"/projects/{REPORT}/sharing/workspaceAndPublic", json=body).json()

    assert [error["type"] for error in reply["errors"]] == ["publicWeb"]
    assert reply["project"]["sharing"]["workspace"] == {"access": "CAN_EDIT"}
    assert reply["project"]["sharing"]["publicWeb"] == {"access": "NONE"}


def test_sharing_lets_others_in(sandbox, ada, eli):
    payroll = sandbox.world.project("Payroll check").id
    before = eli("GET", f"/projects/{payroll}").status_code

    ada("PATCH", f"/projects/{payroll}/sharing/workspaceAndPublic", json={"sharing": {"workspace": "APP_ONLY"}})

    assert (before, eli("GET", f"/projects/{payroll}").status_code) == (404, 200)


def test_a_collection_lets_its_members_in(sandbox, ada, eli):
    world = sandbox.world
    payroll, pipeline = world.project("Payroll check").id, world.collection("Nightly pipeline").id
    entries = [{"collection": {"id": pipeline}, "access": "CAN_VIEW"}]

    ada("PATCH", f"/projects/{payroll}/sharing/collections", json={"sharing": {"upsert": {"collections": entries}}})

    assert eli("GET", f"/projects/{payroll}").status_code == 200


@pytest.mark.parametrize("version", ["draft", "latest", 3])
def test_an_export_is_a_file_of_hex(version, ada):
    reply = ada("POST", "/projects/export", json={"projectId": REPORT, "version": version}).json()

    file = yaml.safe_load(reply["content"])
    cells = {cell["cellId"]: cell for cell in file["cells"]}
    inputs = {cell["config"]["name"]: cell for cell in file["cells"] if cell["cellType"] == "INPUT"}
    placed = {
        element["cellId"]
        for row in file["appLayout"]["tabs"][0]["rows"]
        for column in row["columns"]
        for element in column["elements"]
    }
    assert reply["filename"] == "revenue-report.hex.yaml"
    assert (file["schemaVersion"], file["meta"]["projectId"], file["meta"]["codeLanguage"]) == (3, REPORT, "PYTHON")
    assert list(inputs) == ["start_date", "end_date", "region", "debug_rows"]
    assert inputs["start_date"]["config"]["defaultValue"] == {"dateString": "2024-01-01"}
    assert inputs["region"]["config"]["options"] == {"valueOptions": ["US", "EMEA", "APAC"], "optional": False}
    assert {name for name, cell in inputs.items() if cell["cellId"] not in placed} == {"debug_rows"}
    assert placed <= set(cells)


@pytest.mark.parametrize(
    "text",
    ["no", "12:30", "2026-06-01", "007", "~", "a: b # c", "1e3", "", " x", "two\nlines\n", "\x85\u2028\U0001f600"],
)
def test_a_text_is_the_same_text_in_an_export(text, sandbox, ada):
    sandbox.world.project("Revenue report").description = text

    content = ada("POST", "/projects/export", json={"projectId": REPORT}).json()["content"]

    assert yaml.safe_load(content)["meta"]["description"] == text


def test_a_presigned_url_opens_once(ada):
    url = ada("POST", f"/embedding/createPresignedUrl/{REPORT}", json={}).json()["url"]

    opened = [ada.session.get(url, timeout=10).status_code for _ in range(2)]

    assert re.fullmatch(rf"/embed/{REPORT}", urlsplit(url).path)
    assert opened == [200, 404]


def test_a_presigned_url_expires(ada, clock):
    url = ada("POST", f"/embedding/createPresignedUrl/{REPORT}", json={"expiresIn": 2000}).json()["url"]

    clock.advance(2)

    assert ada.session.get(url, timeout=10).status_code == 404
