"""Users, groups, collections, connections, semantic projects and guides keep what they are told."""

from __future__ import annotations

import io
import zipfile

import pytest

from hex_blocks.sandbox import TOKENS

NOBODY = "11111111-1111-1111-1111-111111111111"


def test_users_are_filtered_by_group_and_by_id(sandbox, ada):
    world = sandbox.world
    finance = world.group("Finance").id
    ids = ",".join(world.user(name).id for name in ("Eli Brandt", "Lena Fischer"))

    in_group = ada.get("/users", groupId=finance)["values"]
    by_id = ada.get("/users", userIds=ids)["values"]
    both = ada.get("/users", groupId=finance, userIds=ids)["values"]

    assert [user["name"] for user in in_group] == ["Ada Okafor", "Lena Fischer", "Priya Raman"]
    assert [user["name"] for user in by_id] == ["Eli Brandt", "Lena Fischer"]
    assert [user["name"] for user in both] == ["Lena Fischer"]


def test_a_deactivated_user_leaves_the_list(sandbox, ada):
    user = sandbox.world.user("Tomas Novak")

    reply = ada("POST", f"/users/{user.id}/deactivate").json()

    assert reply["user"]["email"] == user.email
    assert user.id not in {listed["id"] for listed in ada.everything("/users")}


def test_a_token_says_when_it_ends(callers, clock):
    personal = callers(TOKENS.personal).get("/users/me")
    workspace = callers(TOKENS.workspace).get("/users/me")

    assert personal["token"]["exp"] == clock.time() + 60 * 86_400
    assert workspace["token"]["exp"] is None


def test_there_are_users_of_every_usual_role(ada):
    roles = {user["role"] for user in ada.everything("/users")}

    assert roles >= {"ADMIN", "MANAGER", "EDITOR", "EXPLORER", "MEMBER", "GUEST"}


def test_a_group_lives_and_dies(sandbox, ada):
    world = sandbox.world
    eli, mara = world.user("Eli Brandt").id, world.user("Mara Silva").id
    made = ada("POST", "/groups", json={"name": "Night shift", "members": {"users": [{"id": eli}]}}).json()
    path = f"/groups/{made['id']}"

    changes = {"name": "Day shift", "members": {"add": {"users": [{"id": mara}]}, "remove": {"users": [{"id": eli}]}}}
    edited = ada("PATCH", path, json=changes).json()
    members = ada.get("/users", groupId=made["id"])["values"]
    deleted = ada("DELETE", path)

    assert made["members"] == {"users": [{"id": eli}]}
    assert edited["name"] == "Day shift"
    assert [user["id"] for user in members] == [mara]
    assert (deleted.status_code, ada("GET", path).status_code) == (204, 404)


def test_what_was_shared_with_a_deleted_group_is_not_anymore(sandbox, ada):
    world = sandbox.world
    ada("DELETE", f"/groups/{world.group('Data team').id}")

    project = ada.get(f"/projects/{world.project('Revenue report').id}", includeSharing="true")
    connection = ada.get(f"/data-connections/{world.connection('Warehouse').id}")

    assert project["sharing"]["groups"] == []
    assert connection["sharing"]["groups"] == []


def test_a_collection_is_made_shared_and_renamed(sandbox, eli):
    world = sandbox.world
    growth = world.group("Growth").id
    made = eli("POST", "/collections", json={"name": "Trials"}).json()
    path = f"/collections/{made['id']}"
    upsert = {"groups": [{"id": growth, "access": "MEMBER"}], "workspace": {"members": "MEMBER"}}

    edited = eli("PATCH", path, json={"description": "", "sharing": {"upsert": upsert}}).json()

    assert made["creator"] == {"email": "eli.brandt@sandbox.example", "id": world.user("Eli Brandt").id}
    assert "description" not in made
    assert edited["description"] == ""
    assert edited["sharing"]["groups"] == [{"id": growth, "access": "MEMBER"}]
    assert eli.get(path) == edited


def test_a_collection_that_one_is_not_in_is_not_found(sandbox, eli):
    finance = sandbox.world.collection("Finance").id

    assert eli("GET", f"/collections/{finance}").status_code == 404
    assert finance not in {collection["id"] for collection in eli.everything("/collections")}


def test_only_its_managers_change_a_collection(sandbox, eli):
    path = f"/collections/{sandbox.world.collection('Company metrics').id}"

    assert eli("GET", path).status_code == 200
    assert eli("PATCH", path, json={"name": "Mine"}).status_code == 403


def test_a_collection_is_shared_with_nobody_by_the_word_none(sandbox, ada):
    growth = sandbox.world.group("Growth").id
    path = f"/collections/{sandbox.world.collection('Growth experiments').id}"
    upsert = {"groups": [{"id": growth, "access": "NONE"}]}

    edited = ada("PATCH", path, json={"sharing": {"upsert": upsert}}).json()

    assert edited["sharing"]["groups"] == []


def test_a_collection_shared_with_somebody_unknown_stays_as_it_is(sandbox, ada):
    path = f"/collections/{sandbox.world.collection('Archive').id}"
    upsert = {"users": [{"id": NOBODY, "access": "MEMBER"}], "workspace": {"members": "NONE"}}
    before = ada.get(path)

    reply = ada("PATCH", path, json={"name": "Gone", "sharing": {"upsert": upsert}})

    assert reply.status_code == 400
    assert ada.get(path) == before


def test_connections_never_show_their_secrets(ada):
    connections = ada.everything("/data-connections")

    assert len(connections) == 6
    assert "secret" not in str(connections)
    assert all(connection["connectionDetails"][connection["type"]] for connection in connections)


def test_an_editor_sees_the_names_of_connections_only(eli):
    listed = eli.get("/data-connections")["values"][0]

    assert set(listed) == {"id", "name", "type", "description"}


def test_a_connection_is_made_and_changed(ada):
    details = {"hostname": "h", "port": 5432, "database": "d", "username": "u", "password": "secret"}
    body = {"name": "New", "type": "postgres", "connectionDetails": {"postgres": details}, "includeMagic": False}
    made = ada("POST", "/data-connections", json=body).json()
    path = f"/data-connections/{made['id']}"

    schedule = {"cadence": "DAILY", "enabled": True, "daily": {"timezoneString": "UTC", "hour": 3, "minute": 0}}
    change = {"connectionDetails": {"postgres": {"port": 6432}}, "schemaRefreshSchedule": schedule}
    edited = ada("PATCH", path, json=change).json()
    cleared = ada("PATCH", path, json={"schemaRefreshSchedule": None}).json()

    assert made["connectionDetails"]["postgres"] == {"hostname": "h", "port": 5432, "database": "d", "username": "u"}
    assert edited["connectionDetails"]["postgres"]["port"] == 6432
    assert (edited["schemaRefreshSchedule"], "schemaRefreshSchedule" in cleared) == (schedule, False)
    assert ada.get(path) == cleared


def test_labels_of_a_schema_are_set_all_at_once(sandbox, ada):
    warehouse = sandbox.world.connection("Warehouse")
    updates = [
        {"type": "DATABASE", "name": "analytics", "status": "Production"},
        {"type": "SCHEMA", "name": "staging", "status": "Deprecated"},
        {"type": "TABLE", "name": "shop.stores", "status": None},
    ]

    reply = ada("PATCH", f"/data-connections/{warehouse.id}/schema", json={"updates": updates}).json()

    assert reply["updated"] == {
        "databases": [{"name": "analytics", "status": "Production"}],
        "schemas": [{"name": "analytics.staging", "status": "Deprecated"}],
        "tables": [{"name": "analytics.shop.stores", "status": None}],
    }


@pytest.mark.parametrize(
    ("connection", "update", "status", "reason"),
    [
        ("Warehouse", {"type": "TABLE", "name": "analytics.shop.gone", "status": None}, 404, "not_found"),
        ("Warehouse", {"type": "TABLE", "name": "analytics.shop.stores", "status": "Nonsense"}, 400, "invalid_status"),
        ("Warehouse", {"type": "TABLE", "name": "shop.orders", "status": None}, 400, "ambiguous_name"),
        ("Warehouse", {"type": "TABLE", "name": "orders", "status": None}, 400, "invalid_name_format"),
        ("App database", {"type": "DATABASE", "name": "app", "status": None}, 400, "database_not_supported"),
    ],
)
def test_one_label_that_cannot_be_set_stops_them_all(connection, update, status, reason, sandbox, ada, reference):
    found = sandbox.world.connection(connection)
    before = str(found.objects)
    good = {"type": "SCHEMA", "name": next(iter(found.objects["SCHEMA"])), "status": "Endorsed"}

    reply = ada("PATCH", f"/data-connections/{found.id}/schema", json={"updates": [good, update]})

    assert reply.status_code == status
    assert [detail["reason"] for detail in reply.json()["details"]] == [reason]
    assert str(found.objects) == before
    reference.check("UpdateDataConnectionSchema", reply)


def test_one_semantic_label_that_cannot_be_set_stops_them_all(sandbox, ada, reference):
    shop = sandbox.world.semantic_project("Shop")
    updates = [
        {"type": "DATASET", "name": "stores", "status": "Endorsed"},
        {"type": "VIEW", "name": "stores", "status": None},
    ]

    reply = ada("PATCH", f"/semantic-projects/{shop.id}", json={"updates": updates})

    assert reply.status_code == 404
    assert shop.objects["DATASET"]["stores"] is None
    reference.check("UpdateSemanticProject", reply)


def zipped(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name in names:
            opened.writestr(name, "name: x")
    return content.getvalue()


@pytest.mark.parametrize(("dry_run", "added"), [("true", False), ("false", True)])
def test_a_zip_is_taken_in(dry_run, added, sandbox, ada):
    shop = sandbox.world.semantic_project("Shop")
    files = {"upload": ("m.zip", zipped("models/refunds.yml", "notes.txt")), "dryRun": (None, dry_run)}

    reply = ada("POST", f"/semantic-models/{shop.id}/ingest", files=files)

    assert reply.status_code == 201
    assert reply.json()["contents"] == ["models/refunds.yml"]
    assert reply.json()["skipped"] == {"notes.txt": "not a YAML file"}
    assert ("refunds" in shop.objects["DATASET"]) == added


def test_a_quiet_ingestion_says_less(sandbox, ada):
    files = {"upload": ("m.zip", zipped("a.yaml")), "verbose": (None, "false")}

    reply = ada("POST", f"/semantic-projects/{sandbox.world.semantic_project('Shop').id}/ingest", files=files)

    assert set(reply.json()) == {"traceId", "contents"}


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"json": {"verbose": True}}, 415),
        ({"data": zipped("a.yml"), "headers": {"Content-Type": "application/zip"}}, 415),
        ({"data": b"", "headers": {"Content-Type": "multipart/form-data"}}, 415),
        ({"data": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"files": {"upload": ("m.zip", b"not a zip")}}, 400),
        ({"files": {"upload": ("m.zip", zipped("notes.txt"))}}, 400),
        ({"files": {"dryRun": (None, "true")}}, 400),
        ({"files": {"upload": ("m.zip", zipped("a.yml")), "debug": (None, "yes")}}, 400),
    ],
)
def test_an_upload_that_is_no_zip_of_models_is_refused(parts, status, sandbox, ada, reference):
    reply = ada("POST", f"/semantic-projects/{sandbox.world.semantic_project('Shop').id}/ingest", **parts)

    assert reply.status_code == status
    reference.check("IngestSemanticProject", reply)


def test_a_guide_is_drafted_changed_and_published(ada):
    def draft(contents):
        return ada("PUT", "/guides/draft", json={"files": [{"filePath": "new.md", "contents": contents}]}).json()

    first, second = draft("# One"), draft("# Two")
    published = ada("POST", "/guides/publish", json={"orgGuideFileIds": [first["files"][0]["id"]]}).json()

    assert first["files"] == second["files"] == published["publishedGuides"]
    assert "new.md" not in {guide["filePath"] for guide in ada.everything("/guides/draft/list")}


def test_dropping_a_draft_keeps_what_is_published(sandbox, ada):
    drafts = {guide["filePath"]: guide["id"] for guide in ada.everything("/guides/draft/list")}

    replies = [ada("DELETE", f"/guides/draft/{id_}").status_code for id_ in drafts.values()]

    assert set(drafts) == {"metrics/revenue.md", "metrics/churn.md"}
    assert replies == [204, 204]
    assert ada.everything("/guides/draft/list") == []
    assert ada("DELETE", f"/guides/draft/{drafts['metrics/churn.md']}").status_code == 404


def test_a_guide_kept_elsewhere_is_left_alone_unless_forced(ada):
    source = {"source": "github", "owner": "o", "repo": "r", "branch": "main", "commitHash": "1", "path": "g.md"}
    file = {"filePath": "g.md", "contents": "# Ours"}
    ada("PUT", "/guides/draft", json={"files": [file | {"externalSource": source}]})

    left = ada("PUT", "/guides/draft", json={"files": [file]}).json()
    newer = ada(
        "PUT", "/guides/draft", json={"files": [file | {"externalSource": source | {"commitHash": "2"}}]}
    ).json()
    listed = [guide["filePath"] for guide in ada.everything("/guides/draft/list", externalSource="github")]
    forced = ada("PUT", "/guides/draft", json={"files": [file], "forceWrite": True}).json()

    assert (left["files"], [warning["filePath"] for warning in left["warnings"]]) == ([], ["g.md"])
    assert [guide["filePath"] for guide in newer["files"]] == ["g.md"]
    assert listed == ["g.md"]
    assert [guide["filePath"] for guide in forced["files"]] == ["g.md"]
