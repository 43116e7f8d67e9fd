"""A cluster of Dagster whose parts are killed: runs are counted in the sandbox, and events in Dagster.

It takes minutes, so it is run by `make clusters` alone.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan
from tests.faulty import pass_on, silence
from tests.hosts.clusters import held_back, places_of, wait_until
from tests.hosts.dagster.cluster import Cluster, dagster_cluster
from tests.postgres import PostgresServer, make_database
from tests.starts import appear

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]
SOME_SECONDS = Plan(1, 15)


@pytest.fixture(scope="module")
def cluster(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    make_database(postgres.address(), "machines")
    with dagster_cluster(tmp_path_factory.mktemp("cluster"), postgres.address("machines")) as made:
        yield made


def test_a_run_that_is_killed_while_it_waits_is_tried_again_by_dagster(cluster: Cluster) -> None:
    cluster.mark(SOME_SECONDS)
    run = cluster.launch()
    cluster.until_started()
    time.sleep(2)
    cluster.kill_run(run)

    cluster.until_group_succeeds(run)
    assert cluster.state(run) == "FAILURE"
    assert len(cluster.runs()) == 1


def test_a_run_that_is_killed_while_it_starts_is_tried_again_by_dagster(cluster: Cluster) -> None:
    cluster.mark(SOME_SECONDS)
    cluster.proxy.play(held_back())
    run = cluster.launch()
    cluster.until_started()
    cluster.kill_run(run)

    cluster.until_group_succeeds(run)
    assert len(cluster.runs()) == 1


@pytest.mark.parametrize("moment", ["while it starts", "while it waits"])
@pytest.mark.parametrize("how", ["FROM_FAILURE", "ALL_STEPS"])
def test_a_machine_that_is_gone_and_its_run_executed_again_on_another(how: str, moment: str, cluster: Cluster) -> None:
    cluster.mark(SOME_SECONDS)
    if moment == "while it starts":
        cluster.proxy.play(held_back())
    run = cluster.launch()
    cluster.until_started()
    if moment == "while it waits":
        time.sleep(2)
    cluster.kill_daemon()
    cluster.machine += " more"
    cluster.daemon()
    cluster.terminate(run, "MARK_AS_CANCELED_IMMEDIATELY")

    cluster.until_ended(cluster.again(run, how))
    assert len(cluster.runs()) == 1


def test_a_run_that_failed_in_hex_is_made_anew_when_it_is_executed_again(cluster: Cluster) -> None:
    cluster.mark(Plan(1, 2, "ERRORED"))
    run = cluster.launch()
    cluster.until_ended(run, "FAILURE")
    cluster.project.plan = Plan(1, 2)

    cluster.until_ended(cluster.again(run, "FROM_FAILURE"))
    cluster.until_ended(cluster.again(run, "ALL_STEPS"))
    assert len(cluster.runs()) == 3


def test_a_run_that_a_user_terminates_is_cancelled_in_hex(cluster: Cluster) -> None:
    cluster.mark(Plan(1, None))
    run = cluster.launch()
    cluster.until_started()
    time.sleep(2)
    cluster.terminate(run)

    cluster.until_ended(run, "CANCELED")
    assert [each.state(time.time()).status for each in cluster.runs()] == ["KILLED"]


def test_a_sensor_whose_daemon_is_killed_tells_each_run_once(cluster: Cluster) -> None:
    """Killed at random moments, while Hex is asked, between ticks, and when it has told one of three."""
    cluster.mark(Plan(1, 2))
    chance = random.Random(7)
    for number in range(8):
        for _ in range(chance.randint(1, 3)):
            appear(cluster.hex, plan=Plan(0, chance.uniform(0, 8)))
        if number % 4 == 1:
            cluster.proxy.play(silence)
            cluster.until_asked()
        else:
            time.sleep(chance.uniform(5, 20))
        cluster.kill_daemon()
        cluster.proxy.play(pass_on)
        cluster.daemon(dies=number % 4 == 3)

    cluster.kill_daemon()
    cluster.daemon()
    ours = [run.id for run in cluster.runs()]
    wait_until(lambda: set(ours) <= set(cluster.told()), "all are told")
    time.sleep(15)
    assert {run: cluster.told().count(run) for run in ours} == dict.fromkeys(ours, 1)


def test_no_run_was_told_twice_by_whatever_was_killed(cluster: Cluster) -> None:
    assert [run for run, times in Counter(cluster.told()).items() if times > 1] == []


def test_dagster_keeps_and_shows_no_token(cluster: Cluster) -> None:
    said = cluster.everything()
    assert cluster.project.id in said
    assert "HEX_API_TOKEN" in said
    assert TOKENS.personal not in said
    assert places_of(cluster.project.id, cluster.home)
    assert places_of(TOKENS.personal, cluster.home) == []
