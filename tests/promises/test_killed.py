"""kill -9 at any moment, and started again with the same key: every run is made exactly once.

A dozen kills each time the tests run; two hundred with make stress.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.driver import KILLS, Driver, killed_again_and_again

REVENUE = "Revenue report"
STEPS = ("Extract orders", "Transform orders", "Load orders")
DAYS = [f"20{year:02}-01-01" for year in range(5)]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.slow,
]


@pytest.fixture
def driver(tmp_path: Path, kind: str) -> Iterator[Driver]:
    made = Driver(tmp_path, kind)
    yield made
    made.close()


@pytest.mark.parametrize("moment", ["intended", "done", "answered"])
@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait"])
def test_a_start_that_is_killed_and_called_again_makes_one_run(tool: str, moment: str, driver: Driver) -> None:
    inputs = {"projectId": driver.sandbox.world.project(REVENUE).id, "idempotencyKey": "daily"}

    driver.let_die(tool, inputs, moment)
    before = driver.runs_of(REVENUE)
    result = driver.finish(tool, inputs)

    assert len(before) == (moment != "intended")
    assert list(driver.runs_of(REVENUE)) == [result["runId"]]


@pytest.mark.parametrize("moment", ["done", "answered"])
def test_the_run_of_a_start_that_was_killed_is_found_by_whoever_starts_another(moment: str, driver: Driver) -> None:
    project = driver.sandbox.world.project(REVENUE).id
    driver.let_die("hex_run_project", {"projectId": project, "idempotencyKey": "first"}, moment)
    [first] = driver.runs_of(REVENUE)

    other = {"projectId": project, "inputParams": {"region": "EMEA"}}
    second = driver.finish("hex_run_project", other)["runId"]

    found = driver.store.open().find(driver.sandbox.base_url, "first")
    assert found
    assert found.run_id == first
    assert set(driver.runs_of(REVENUE)) == {first, second}


def test_a_wait_that_is_killed_and_started_again_makes_one_run(driver: Driver) -> None:
    chance, number, ours = random.Random(1), 0, set()
    while driver.kills < KILLS / 3:
        number += 1
        inputs = {"projectId": driver.sandbox.world.project(REVENUE).id, "idempotencyKey": f"wait-{number}"}
        result = killed_again_and_again(driver, chance, "hex_run_and_wait", inputs, starts=1)
        assert result["status"] == "COMPLETED"
        ours.add(result["runId"])

        assert set(driver.runs_of(REVENUE)) == ours
    assert len(ours) == number


def test_a_pipeline_that_is_killed_and_started_again_makes_each_step_once(driver: Driver) -> None:
    chance, number, ours = random.Random(2), 0, set()
    ids = [driver.sandbox.world.project(title).id for title in STEPS]
    while driver.kills < KILLS / 3:
        number += 1
        inputs = {"steps": [{"projectId": project} for project in ids], "idempotencyKey": f"pipeline-{number}"}
        result = killed_again_and_again(driver, chance, "hex_run_pipeline", inputs, starts=3)
        assert result["succeeded"]
        ours |= {step["runId"] for step in result["steps"]}

        assert set(driver.runs_of(*STEPS)) == ours
    assert len(ours) == 3 * number


def test_a_batch_that_is_killed_and_started_again_makes_each_set_once(driver: Driver) -> None:
    chance, number, ours = random.Random(3), 0, set()
    while driver.kills < KILLS / 3:
        number += 1
        inputs = {
            "projectId": driver.sandbox.world.project(REVENUE).id,
            "parameterSets": [{"start_date": day} for day in DAYS],
            "parallel": 2,
            "idempotencyKey": f"batch-{number}",
        }
        result = killed_again_and_again(driver, chance, "hex_run_batch", inputs, starts=5)
        assert result["succeeded"]
        runs = driver.runs_of(REVENUE)
        ran = [runs[each["runId"]].inputs["start_date"] for each in result["sets"]]
        ours |= {each["runId"] for each in result["sets"]}

        assert ran == DAYS
        assert set(runs) == ours
    assert len(ours) == len(DAYS) * number
