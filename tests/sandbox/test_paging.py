"""Lists read by cursor are whole, and hold nothing twice, even while they change."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hex_blocks.sandbox.model import Group, User


@pytest.fixture
def crowd(sandbox):
    """Add users until there are a thousand."""
    world = sandbox.world
    for number in range(1000 - len(world.all(User))):
        name = f"Person {number % 300}"
        world.add(User(id=world.new_id(), name=name, email=f"{number}@sandbox.example", role="MEMBER"))
    return world


@pytest.mark.parametrize("query", [{}, {"sortDirection": "DESC"}, {"sortBy": "EMAIL"}])
@pytest.mark.parametrize("limit", [7 * 30, 500])
def test_a_thousand_users_are_read_whole_and_in_order(query, limit, crowd, ada):
    users = ada.everything("/users", limit=limit, **query)

    key = "email" if "sortBy" in query else "name"
    names = [user[key].casefold() for user in users]
    assert {user["id"] for user in users} == {user.id for user in crowd.all(User)}
    assert len(users) == 1000
    assert names == sorted(names, reverse="sortDirection" in query)


def test_a_list_that_changes_while_it_is_read_stays_whole(crowd, ada):
    first = ada.get("/users", limit=400)
    seen = [user["id"] for user in first["values"]]

    crowd.add(User(id=crowd.new_id(), name="Aaron First", email="aaron@sandbox.example", role="MEMBER"))
    crowd.remove(crowd.get(User, seen[-1]))
    crowd.remove(crowd.get(User, seen[10]))
    cursor = first["pagination"]["after"]
    while cursor:
        page = ada.get("/users", limit=400, after=cursor)
        seen += [user["id"] for user in page["values"]]
        cursor = page["pagination"]["after"]

    assert len(seen) == len(set(seen)) == 1000


def test_pages_lead_back_as_they_lead_on(crowd, ada):
    pages = [ada.get("/users", limit=300)]
    while pages[-1]["pagination"]["after"]:
        pages.append(ada.get("/users", limit=300, after=pages[-1]["pagination"]["after"]))

    for earlier, later in pairwise(pages):
        back = ada.get("/users", limit=300, before=later["pagination"]["before"])
        assert back["values"] == earlier["values"]
    assert pages[0]["pagination"]["before"] is None


@pytest.mark.parametrize(
    ("path", "key", "query"),
    [
        ("/projects", "values", {"includeArchived": "true", "includeTrashed": "true"}),
        ("/projects", "values", {"sortBy": "LAST_PUBLISHED_AT", "sortDirection": "ASC"}),
        ("/groups", "values", {"sortBy": "NAME", "sortDirection": "DESC"}),
        ("/collections", "values", {}),
        ("/data-connections", "values", {"sortBy": "NAME"}),
        ("/cells", "values", {"projectId": "01234567-89ab-cdef-0123-456789abcdef"}),
        ("/projects/01234567-89ab-cdef-0123-456789abcdef/queriedTables", "values", {}),
        ("/threads", "threads", {}),
        ("/context/topics", "topics", {}),
        ("/guides/draft/list", "values", {}),
    ],
)
def test_every_list_is_the_same_in_small_pages(path, key, query, ada):
    whole = ada.get(path, limit=100, **query)[key]

    assert ada.everything(path, key, limit=1, **query) == whole
    assert len(whole) > 1


def test_things_made_at_the_same_moment_keep_their_order(sandbox, ada):
    for number in range(30):
        ada("POST", "/groups", json={"name": f"Group {number}"})

    groups = ada.everything("/groups", limit=4)

    assert [group["name"] for group in groups[-30:]] == [f"Group {number}" for number in range(30)]
    assert len(groups) == len(sandbox.world.all(Group))


def test_a_cursor_of_another_list_or_order_is_refused(ada):
    cursor = ada.get("/users", limit=1)["pagination"]["after"]

    assert ada("GET", "/users", params={"after": cursor, "sortBy": "EMAIL"}).status_code == 400
    assert ada("GET", "/groups", params={"after": cursor}).status_code == 400


def test_messages_begin_with_the_latest_page(sandbox, ada):
    path = f"/threads/{sandbox.world.thread('Are there duplicate orders?').id}/messages"
    whole = ada.get(path)["content"]

    latest = ada.get(path, limit=4)
    earlier = ada.get(path, limit=4, before=latest["pagination"]["before"])

    assert [message["text"].split(":")[0] for message in whole] == ["user", "assistant"] * 3
    assert latest["content"] == whole[2:]
    assert earlier["content"] == whole[:2]
    assert latest["pagination"]["after"] is None
    assert ada.get(path, limit=4, after=earlier["pagination"]["after"])["content"] == whole[2:]
