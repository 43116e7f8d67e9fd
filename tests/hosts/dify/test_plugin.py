"""The plugin under Dify's SDK, on the sandbox: calls as the canvas and agents make them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN

# Not imported here: the SDK patches the process it is imported into.
pytestmark = pytest.mark.skipif(find_spec("dify_plugin") is None, reason="run by make test-hosts")

ENDLESS = "endless simulation"
PNG = b"\x89PNG"
DATES = {"start_date": "2026-01-01", "end_date": "2026-01-31", "region": "EMEA"}


def test_the_token_is_checked_by_a_request(daemon, credentials, asked_of):
    before = asked_of()

    assert daemon.ask("", credentials()).result == {"result": True}
    assert asked_of() > before


@pytest.fixture
def asked_of(hex_world):
    return lambda: len(hex_world.requests)


@pytest.mark.parametrize(
    ("entered", "key"),
    [
        ({"token": "hxtp_no_such_token"}, "token_refused"),
        ({"token": TOKENS.expired}, "token_refused"),
        ({"token": " "}, "token_missing_in_builder"),
        ({"base_url": ""}, "base_url_missing"),
        ({"region": "moon"}, "region_unknown"),
        ({"base_url": "https://hex.evil.example"}, "host_not_allowed"),
    ],
)
def test_what_is_wrong_with_credentials_is_said(entered, key, daemon, credentials):
    came = daemon.ask("", credentials(**entered))

    assert came.result is None
    assert came.error.endswith(f"[{key}]")
    assert "hxtp_no_such_token" not in came.error


def test_a_wrong_region_is_among_the_reasons(daemon, credentials):
    assert "region" in daemon.ask("", credentials("hxtp_no_such_token")).error


def test_a_project_is_run_by_its_title_and_waited_for(ask):
    came = ask("hex_run_and_wait", projectId="revenue report", inputParams=json.dumps(DATES), timeout=240)

    assert came.error == ""
    assert came.document["projectId"] == REVENUE_REPORT
    assert came.document["status"] == "COMPLETED"
    assert came.variables == {name: value for name, value in came.document.items() if value is not None}
    # Progress first, and what came of it at the end.
    assert len(came.texts) > 1
    assert came.texts[-1].startswith(f"Run {came.document['runId']}: COMPLETED.")


@pytest.mark.parametrize(
    "named", [REVENUE_REPORT, f"https://app.hex.tech/acme/hex/{REVENUE_REPORT}/draft/logic", "  Revenue report "]
)
def test_a_project_is_named_as_people_name_it(named, ask):
    assert ask("hex_get_project", projectId=named).document["id"] == REVENUE_REPORT


@pytest.mark.parametrize(("named", "said"), [("re", "several projects fit"), ("no such thing", "no project fits")])
def test_a_title_that_does_not_tell_is_refused_with_what_does(named, said, ask):
    came = ask("hex_run_and_wait", projectId=named)

    assert said in came.error
    assert came.error.endswith("[bad_inputs]")


def test_a_run_that_fails_fails_the_block_with_its_page(ask, failing):
    came = ask("hex_run_and_wait", projectId=failing)

    assert came.error.endswith("[run_errored]")
    assert "/runs/" in came.error


def test_how_a_run_failed_can_be_looked_at(ask, failing):
    came = ask("hex_run_and_wait", projectId=failing, failOnRunError=False)

    assert came.error == ""
    assert {name: came.document[name] for name in ("projectId", "status")} == {
        "projectId": failing,
        "status": "ERRORED",
    }
    assert came.document["runUrl"].endswith(came.document["runId"])


def test_a_wait_that_is_cut_is_taken_up_again(ask):
    first = ask("hex_run_and_wait", projectId=ENDLESS, timeout=10)

    assert first.error == ""
    assert first.document["status"] in ("PENDING", "RUNNING")
    key = first.document["idempotencyKey"]
    assert key in first.document["hint"]

    second = ask("hex_run_and_wait", projectId=ENDLESS, timeout=10, idempotencyKey=key)

    assert second.document["runId"] == first.document["runId"]
    which = {name: first.document[name] for name in ("projectId", "runId")}
    assert ask("hex_get_run_status", **which).document["status"] == second.document["status"]
    ask("hex_cancel_run", **which)


def test_a_batch_that_is_cut_tells_how_far_it_is(ask):
    came = ask("hex_run_batch", projectId=ENDLESS, parameterSets="[{}]", timeout=600)

    assert came.error == ""
    assert came.document["status"] == "RUNNING"
    assert came.document["total"] == 1
    assert came.document["idempotencyKey"] in came.document["hint"]


def test_pictures_are_files(ask):
    came = ask("hex_get_run_results", projectId=REVENUE_REPORT, runId=KNOWN_RUN)

    assert [meta for meta, _ in came.files] == [
        {"mime_type": "image/png", "filename": f"chart-{number}.png"} for number in (1, 2)
    ]
    assert all(content.startswith(PNG) for _, content in came.files)
    assert [chart["image"] for chart in came.document["charts"]] == [
        {"mimeType": "image/png", "picture": number} for number in (1, 2)
    ]


@pytest.mark.parametrize(
    "nothing", [{}, {"inputParamsJson": None, "useCachedSqlResults": None}, {"inputParamsJson": ""}]
)
def test_null_blank_and_absent_mean_not_given(nothing, ask):
    started = ask("hex_run_notebook", projectId=REVENUE_REPORT, **nothing)
    assert started.document["status"] == "PENDING"

    seen = ask("hex_get_notebook_run_status", runId=started.document["runId"], projectId=None)

    assert seen.document["runId"] == started.document["runId"]


def test_a_watch_goes_on_where_it_stopped(ask, daemon):
    watched = {"projectIds": '["revenue report"]', "watchName": "mornings"}
    assert ask("hex_watch_runs", **watched).document["runs"] == []

    run = ask("hex_run_and_wait", projectId=REVENUE_REPORT).document["runId"]

    assert run in [each["runId"] for each in ask("hex_watch_runs", **watched).document["runs"]]
    assert ask("hex_watch_runs", **watched).document["runs"] == []
    assert set(daemon.storage) == {"watch/mornings"}


def test_a_cursor_that_is_given_goes_before_the_watch(ask, daemon):
    first = ask("hex_watch_runs", projectIds=REVENUE_REPORT, watchName="other")
    before = dict(daemon.storage)

    ask("hex_watch_runs", projectIds=REVENUE_REPORT, watchName="other", cursor=first.document["cursor"])

    assert daemon.storage == before


def test_two_workspaces_are_connected_side_by_side(ask):
    with ThreadPoolExecutor() as together:
        waiting = together.submit(ask, "hex_run_and_wait", projectId=REVENUE_REPORT)
        others = [
            together.submit(ask, "hex_list_projects", token, limit=5)
            for token in (TOKENS.personal, TOKENS.no_permission)
        ]

    assert waiting.result().document["status"] == "COMPLETED"
    assert [each.result().error.rpartition("[")[2] for each in others] == ["", "no_permission]"]


def test_a_list_is_read_to_its_end(ask):
    came = ask("hex_list_projects", fetchAll=True, limit=2, includeComponents=True)

    assert came.document["total"] == len(came.document["projects"]) > 5


@pytest.mark.parametrize("run_id", ["../../users", "x", f"{KNOWN_RUN}/../x", "\u2028", "x" * 5000])
def test_a_hostile_id_is_refused(run_id, ask):
    came = ask("hex_get_run_status", projectId=REVENUE_REPORT, runId=run_id)

    assert came.error.endswith("[bad_inputs]")


def test_the_token_is_in_nothing_that_is_said_or_stored(daemon, credentials, plugin):
    marked = "hxtp_marked_4711"
    assert daemon.ask("", credentials(marked)).error
    assert daemon.ask("hex_run_and_wait", credentials(marked), {"projectId": REVENUE_REPORT}).error

    said = "".join(daemon.heard) + json.dumps(daemon.storage) + (plugin / "stderr.txt").read_text()
    assert marked not in said
    assert TOKENS.personal not in said
