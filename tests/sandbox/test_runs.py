"""Runs, from start to end."""

from __future__ import annotations

import pytest

from hex_blocks.sandbox import TOKENS

REPORT = "01234567-89ab-cdef-0123-456789abcdef"
HOUR = 3600


@pytest.fixture
def start(sandbox, ada):
    """Start a run of a project and return its path."""

    def begin(title="Revenue report", caller=ada, **body):
        project = sandbox.world.project(title)
        reply = caller("POST", f"/projects/{project.id}/runs", json=body)
        assert reply.status_code == 201, reply.text
        return f"/projects/{project.id}/runs/{reply.json()['runId']}"

    return begin


def test_a_run_waits_works_and_completes(start, ada, clock):
    path = start()

    seen = []
    for _ in range(10):
        run = ada.get(path)
        seen.append((run["status"], run["startTime"] is None, run["endTime"] is None, run["elapsedTime"]))
        clock.advance(1)

    assert seen[:2] == [("PENDING", True, True, None)] * 2
    assert seen[2:8] == [("RUNNING", False, True, 1000 * second) for second in range(6)]
    assert seen[8:] == [("COMPLETED", False, False, 6000)] * 2


@pytest.mark.parametrize(
    ("title", "seconds", "status", "elapsed"),
    [
        ("Quick check", 8, "COMPLETED", 6000),
        ("Quarterly forecast", 600, "RUNNING", 598_000),
        ("Quarterly forecast", 602, "COMPLETED", 600_000),
        ("Broken import", 10, "ERRORED", 4000),
        ("Endless simulation", 100 * HOUR, "RUNNING", 359_998_000),
        ("Model training", 29, "PENDING", None),
        ("Model training", 30, "UNABLE_TO_ALLOCATE_KERNEL", None),
    ],
)
def test_a_run_ends_as_its_project_does(title, seconds, status, elapsed, start, ada, clock):
    path = start(title)

    clock.advance(seconds)

    run = ada.get(path)
    assert (run["status"], run["elapsedTime"]) == (status, elapsed)


@pytest.mark.parametrize(("seconds", "elapsed"), [(1, None), (4, 2000)])
def test_a_cancelled_run_is_killed_at_once(seconds, elapsed, start, ada, clock):
    path = start("Endless simulation")
    clock.advance(seconds)

    reply = ada("DELETE", path)

    clock.advance(HOUR)
    run = ada.get(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert (run["status"], run["elapsedTime"]) == ("KILLED", elapsed)
    assert ada("DELETE", path).status_code == 422


def test_the_status_url_of_a_new_run_leads_to_it(sandbox, ada):
    started = ada("POST", f"/projects/{REPORT}/runs").json()

    path = started["runStatusUrl"].removeprefix(sandbox.base_url)

    assert ada.get(path)["runId"] == started["runId"]
    assert "status" not in started


def test_the_run_url_shows_a_page(sandbox, ada):
    started = ada("POST", f"/projects/{REPORT}/runs").json()

    page = ada.session.get(started["runUrl"], timeout=10)

    assert page.status_code == 200
    assert "PENDING" in page.text


def test_a_dry_run_runs_nothing(sandbox, ada, clock):
    before = len(sandbox.world.runs(REPORT))

    reply = ada("POST", f"/projects/{REPORT}/runs", json={"dryRun": True})

    assert reply.status_code == 201
    assert len(sandbox.world.runs(REPORT)) == before
    assert ada("GET", f"/projects/{REPORT}/runs/{reply.json()['runId']}").status_code == 404


def test_a_dry_run_checks_the_inputs(ada):
    reply = ada("POST", f"/projects/{REPORT}/runs", json={"dryRun": True, "inputParams": {"nonsense": 1}})

    assert reply.status_code == 422


def test_inputs_that_do_not_fit_are_named(ada):
    inputs = {"region": "EU", "start_date": 2024, "regoin": "US", "end_date": "2024-01-31", "colour": None}

    reply = ada("POST", f"/projects/{REPORT}/runs", json={"inputParams": inputs})

    body = reply.json()
    assert reply.status_code == 422
    assert set(body) == {"message", "code", "issues", "traceId", "invalid", "notFound"}
    assert [issue["message"] for issue in body["issues"]] == [
        "inputParams.start_date must be a date",
        "inputParams.region must be one of US, EMEA, APAC",
        "inputParams.regoin is not a known key",
        "inputParams.colour is not a known key",
    ]
    assert body["notFound"] == ["regoin", "colour"]
    assert body["invalid"] == [
        {"dataType": "date", "inputCellType": "date", "paramName": "start_date", "paramValue": "2024"},
        {"dataType": "string", "inputCellType": "dropdown", "paramName": "region", "paramValue": '"EU"'},
    ]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("title", "Stores", 5),
        ("radius", 2.5, "2.5"),
        ("radius", 2, True),
        ("only_open", True, "true"),
        ("stores", ["Porto", "Faro"], ["Madrid"]),
        ("stores", [], "Porto"),
        ("day", "2025-06-01", "yesterday"),
        ("region", "APAC", None),
    ],
)
def test_each_sort_of_input_takes_its_own_values(name, good, bad, sandbox, ada):
    path = f"/projects/{sandbox.world.project('Store heat map').id}/runs"

    replies = [ada("POST", path, json={"inputParams": {name: value}}).status_code for value in (good, bad)]

    assert replies == [201, 422]


def test_an_input_that_is_not_on_the_app_is_ignored(sandbox, start):
    path = start("Churn explorer", inputParams={"threshold": 0.7, "sample_size": "as many as you like"})

    run = sandbox.world.runs(path.split("/")[2])[0]

    assert run.inputs == {"threshold": 0.7}


def test_a_run_that_renews_the_published_results_takes_the_default_inputs(sandbox, start):
    start(inputParams={"region": "APAC"}, updatePublishedResults=True)

    assert sandbox.world.runs(REPORT)[0].inputs == {}


@pytest.mark.parametrize("key", ["updatePublishedResults", "updateCache"])
def test_published_results_are_renewed_when_the_run_completes(key, start, ada, clock):
    before = ada.get(f"/projects/{REPORT}")["analytics"]["publishedResultsUpdatedAt"]
    path = start(**{key: True})

    clock.advance(7)
    during = ada.get(f"/projects/{REPORT}")["analytics"]["publishedResultsUpdatedAt"]
    clock.advance(1)
    after = ada.get(f"/projects/{REPORT}")["analytics"]["publishedResultsUpdatedAt"]

    assert before == during
    assert after == ada.get(path)["endTime"]


def test_notifications_come_back_once_for_each_recipient(sandbox, ada):
    world = sandbox.world
    wanted = {
        "type": "FAILURE",
        "includeSuccessScreenshot": True,
        "screenshotFormat": "pdf",
        "slackChannelIds": ["C0FINANCE", "C0NEW"],
        "userIds": [world.user("Eli Brandt").id],
        "groupIds": [world.group("Finance").id],
        "body": "Look",
    }

    started = ada("POST", f"/projects/{REPORT}/runs", json={"notifications": [wanted]}).json()

    echoed = started["notifications"]
    shared = {"type": "FAILURE", "includeSuccessScreenshot": True, "screenshotFormat": ["pdf"], "body": "Look"}
    assert [entry["recipientType"] for entry in echoed] == ["SLACK_CHANNEL", "SLACK_CHANNEL", "USER", "GROUP"]
    assert [entry["recipient"]["name"] for entry in echoed] == ["finance-private", "C0NEW", "Eli Brandt", "Finance"]
    assert all(entry.items() >= shared.items() for entry in echoed)
    assert ada.get(f"/projects/{REPORT}/runs/{started['runId']}")["notifications"] == echoed


def test_the_events_of_a_run_are_shown_to_those_who_ask(start, ada, clock):
    path = start()
    clock.advance(8)

    plain, expanded = ada("GET", path), ada("GET", path, headers={"enable-expanded-stats": "true"})

    assert "stateEvents" not in plain.json()
    values = [event["value"] for event in expanded.json()["stateEvents"]]
    assert values == ["PENDING", "RUNNING", "COMPLETED"]


def test_a_run_remembers_its_flags(ada):
    started = ada("POST", f"/projects/{REPORT}/runs", headers={"flag-config-override": "a=b"}).json()

    assert ada.get(f"/projects/{REPORT}/runs/{started['runId']}")["flagConfigOverride"] == "a=b"


def test_a_user_has_25_kernels(start, ada, eli, clock):
    paths = [start("Endless simulation") for _ in range(25)]
    path = paths[0].rsplit("/", 1)[0]

    refused = ada("POST", path)
    somebody_else = eli("POST", path)
    ada("DELETE", paths[7])
    again = ada("POST", path)

    assert refused.status_code == 503
    assert refused.json()["code"] == "SERVICE_UNAVAILABLE"
    assert refused.headers["x-trace-id"]
    assert somebody_else.status_code == 201
    assert again.status_code == 201


def test_a_refused_run_is_not_made(sandbox, start, ada):
    paths = [start("Endless simulation") for _ in range(25)]
    path = paths[0].rsplit("/", 1)[0]
    before = ada.get(path, limit=100)["runs"]

    ada("POST", path)

    assert [run["runId"] for run in ada.get(path, limit=100)["runs"]] == [run["runId"] for run in before]


def test_runs_that_end_free_their_kernels(start, clock):
    for _ in range(25):
        start("Quick check")

    clock.advance(8)

    assert start("Quick check")


def test_kernels_of_a_workspace_token_are_its_own(start, callers, ada):
    for _ in range(25):
        start("Endless simulation")

    assert start("Endless simulation", caller=callers(TOKENS.workspace))


def test_runs_are_listed_newest_first_with_links_to_more(sandbox, ada):
    path = f"/projects/{REPORT}/runs"
    everything = ada.get(path, limit=100)

    first = ada.get(path, limit=8)
    second = ada.get(first["nextPage"].removeprefix(sandbox.base_url))
    third = ada.get(second["nextPage"].removeprefix(sandbox.base_url))

    ids = [run["runId"] for page in (first, second, third) for run in page["runs"]]
    starts = [run["startTime"] for run in everything["runs"] if run["startTime"]]
    assert ids == [run["runId"] for run in everything["runs"]]
    assert starts == sorted(starts, reverse=True)
    assert (first["previousPage"], third["nextPage"]) == (None, None)
    back = ada.get(second["previousPage"].removeprefix(sandbox.base_url))
    assert [run["runId"] for run in back["runs"]] == ids[:8]


@pytest.mark.parametrize("status", ["ERRORED", "COMPLETED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL"])
def test_the_history_holds_runs_of_every_end(status, ada):
    runs = ada.get(f"/projects/{REPORT}/runs", statusFilter=status)["runs"]

    assert runs
    assert {run["status"] for run in runs} == {status}


@pytest.mark.parametrize("trigger", ["API", "SCHEDULED", "APP_REFRESH"])
def test_runs_are_filtered_by_trigger(trigger, ada):
    runs = ada.get(f"/projects/{REPORT}/runs", runTriggerFilter=trigger)["runs"]

    assert runs
    assert {run["runTrigger"] for run in runs} == {trigger}


def test_filters_go_on_with_the_next_page(sandbox, ada):
    page = ada.get(f"/projects/{REPORT}/runs", runTriggerFilter="API", limit=2)

    following = ada.get(page["nextPage"].removeprefix(sandbox.base_url))

    assert {run["runTrigger"] for run in following["runs"]} == {"API"}


def test_a_run_of_another_project_is_not_found(start, ada):
    run_id = start("Quick check").rsplit("/", 1)[1]

    assert ada("GET", f"/projects/{REPORT}/runs/{run_id}").status_code == 404
    assert ada("DELETE", f"/projects/{REPORT}/runs/{run_id}").status_code == 404


def test_a_run_has_charts_once_it_is_complete(sandbox, start, ada, clock):
    static_id = sandbox.world.cell("Revenue report", "Revenue chart").static_id
    path = f"{start()}/cells/{static_id}/image"

    during = ada("GET", path)
    clock.advance(8)
    after = ada("GET", path)

    assert (during.status_code, after.status_code) == (400, 200)
