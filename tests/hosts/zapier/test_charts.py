"""A run's charts: named at once, and fetched as files when a later step uses them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hex_blocks.sandbox import Sandbox
from tests.hosts.driven import REPORT
from tests.hosts.zapier.conftest import Failed, Keeper, Zapier

RUN = {"projectId": REPORT, "runId": REPORT}


def hydrated(zapier: Zapier, marked: str) -> str:
    """Fetch a file as Zapier does: from what the app has put in its place."""
    asked = json.loads(marked.removeprefix("hydrate|||").removesuffix("|||hydrate"))
    assert asked["type"] == "file"
    return str(zapier.run(asked["method"], asked["bundle"]))


def test_charts_are_files_of_their_names(zapier: Zapier, sandbox: Sandbox, keeper: Keeper) -> None:
    [results] = zapier.search("get_run_results", {**RUN, "width": 600, "height": 400})

    asked = [each.path for each in sandbox.requests]
    files = [results[f"chart_{number}"] for number, _ in enumerate(results["charts"], 1)]
    places = [hydrated(zapier, each) for each in files]

    assert not [path for path in asked if "image" in path]
    assert results["charts"]
    assert all(set(each) == {"staticId", "label"} for each in results["charts"])
    assert "base64" not in json.dumps(results)
    assert len(keeper.files) >= len(places) == len(results["charts"])
    name, kind, content = keeper.files[-1]
    assert name.endswith(".png")
    assert kind == "image/png"
    assert content.startswith(b"\x89PNG")


@pytest.mark.parametrize("given", [["Revenue chart"], "revenue CHART", ["Revenue chart", None, ""]])
def test_charts_are_chosen_by_their_label(given: Any, zapier: Zapier) -> None:
    [results] = zapier.search("get_run_results", {**RUN, "charts": given})

    assert [each["label"] for each in results["charts"]] == ["Revenue chart"]
    assert "chart_2" not in results


def test_a_chart_that_is_not_there_is_told_with_those_that_are(zapier: Zapier) -> None:
    with pytest.raises(Failed, match="Revenue chart") as caught:
        zapier.search("get_run_results", {**RUN, "charts": ["No such chart"]})

    assert caught.value.said["code"] == "bad_inputs"


@pytest.mark.parametrize("given", [False, "false", "no"])
def test_no_charts_where_none_are_wanted(given: Any, zapier: Zapier) -> None:
    [results] = zapier.search("get_run_results", {**RUN, "includeCharts": given, "includeSqlOutputs": True})

    assert results["charts"] == []
    assert "chart_1" not in results
    assert results["sqlOutputs"]


def test_half_a_size_is_told_before_a_file_is_wanted(zapier: Zapier) -> None:
    with pytest.raises(Failed, match="width, height"):
        zapier.search("get_run_results", {**RUN, "width": "600"})


def test_a_run_that_has_not_ended_has_no_results(zapier: Zapier, sandbox: Sandbox) -> None:
    project = sandbox.world.project("Endless simulation").id
    run = zapier.create("run_project", {"projectId": project})

    with pytest.raises(Failed) as caught:
        zapier.search("get_run_results", {"projectId": project, "runId": run["runId"]})

    assert caught.value.said["code"] == "run_not_ended"
    assert run["runUrl"] in caught.value.said["message"]
