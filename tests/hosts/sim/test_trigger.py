"""The trigger: each run that has ended starts the workflow once, none is missed, and the first look is silent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from tests.faulty import Faulty, pass_on, reply, reset
from tests.hosts.sim.calls import REPORT
from tests.hosts.sim.conftest import Sim

POLLS = 100


class Watch:
    """A deployed workflow with the trigger."""

    def __init__(self, sim: Sim, sandbox: Sandbox, name: str, **config: Any) -> None:
        self.sim, self.id = sim, name
        connection = {"triggerApiKey": TOKENS.workspace, "triggerRegion": "custom", "triggerBaseUrl": sandbox.base_url}
        sim.ask("webhook", id=name, config={**connection, "triggerProjectIds": REPORT, **config})

    def poll(self) -> Any:
        return self.sim.ask("poll", id=self.id)

    def told(self) -> list[str]:
        done = self.poll()
        assert done["outcome"] == "success", done
        return [run["runId"] for run in done["told"]]


def begin(sandbox: Sandbox, pending: float, running: float, end: str = "COMPLETED") -> str:
    world = sandbox.world
    plan = Plan(pending, running, end)
    ada = world.user("Ada Okafor").id
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=sandbox.clock.time(), plan=plan)
    return world.add(run).id


@pytest.fixture
def watch(sim: Sim, sandbox: Sandbox, request: pytest.FixtureRequest) -> Watch:
    return Watch(sim, sandbox, request.node.name)


def test_the_first_look_is_silent_and_the_next_tells_what_has_ended(watch, sandbox):
    assert watch.told() == []
    ended = begin(sandbox, 0.1, 1)
    sandbox.clock.wait(5)

    done = watch.poll()

    assert [run["runId"] for run in done["told"]] == [ended]
    assert done["told"][0]["status"] == "COMPLETED"
    assert done["told"][0]["projectId"] == REPORT
    assert {"runUrl", "endTime", "timestamp"} <= set(done["told"][0])
    assert watch.told() == []


@pytest.mark.timeout(300)
def test_in_a_hundred_looks_every_end_is_told_once_and_in_order(watch, sandbox):
    chance = random.Random("sim")
    watch.told()
    begun, told = [], []
    for _ in range(POLLS):
        begun += [
            begin(sandbox, chance.uniform(0.1, 3), chance.uniform(0.1, 12)) for _ in range(chance.choice((0, 0, 1, 3)))
        ]
        sandbox.clock.wait(chance.uniform(0, 4))
        told += watch.told()
    sandbox.clock.wait(60)
    told += watch.told()

    assert len(begun) > 50
    assert sorted(told) == sorted(begun)


def test_only_wanted_ends_of_wanted_projects_are_told(sim, sandbox):
    watch = Watch(sim, sandbox, "wanted", triggerStatuses=["ERRORED"])
    watch.told()
    begin(sandbox, 0.1, 1)
    failed = begin(sandbox, 0.1, 1, "ERRORED")
    sandbox.clock.wait(5)

    assert watch.told() == [failed]


def test_a_run_that_could_not_start_the_workflow_is_tried_again_and_the_others_are_not(watch, sandbox, sim):
    watch.told()
    runs = [begin(sandbox, 0.1, 1) for _ in range(3)]
    sandbox.clock.wait(5)
    sim.ask("refuse", count=1)

    first = watch.poll()
    second = watch.poll()

    assert (first["outcome"], first["failed"]) == ("failure", 1)
    assert (second["outcome"], second["failed"]) == ("success", 0)
    assert (len(first["told"]), len(second["told"])) == (2, 1)
    assert {run["runId"] for run in (*first["told"], *second["told"])} == set(runs)


def test_a_look_that_fails_loses_nothing(sim, sandbox):
    with Faulty(pass_on, upstream=sandbox.origin) as between:
        sim.ask("allow", hosts=f"{between.origin} {sandbox.origin}")
        watch = Watch(sim, sandbox, "unsteady", triggerBaseUrl=between.base_url)
        watch.told()
        ended = begin(sandbox, 0.1, 1)
        sandbox.clock.wait(5)
        place = sim.ask("config", id="unsteady")["hexPlace"]
        between.acts = [reply(503), reply(503), reset, reply(503), reply(503), reply(503)]
        failed = watch.poll()
        kept = sim.ask("config", id="unsteady")["hexPlace"]
        between.acts = [pass_on]

        assert failed["outcome"] == "failure"
        assert failed["told"] == []
        assert "hxt" not in str(failed["logged"])
        assert kept == place
        assert watch.told() == [ended]


def test_a_restart_misses_and_repeats_nothing(watch, sandbox, repository):
    watch.told()
    before = begin(sandbox, 0.1, 1)
    sandbox.clock.wait(5)
    assert watch.told() == [before]
    config = watch.sim.ask("config", id=watch.id)
    after = begin(sandbox, 0.1, 1)
    sandbox.clock.wait(5)

    restarted = Sim(repository)
    try:
        restarted.ask("allow", hosts=sandbox.origin)
        again = Watch(restarted, sandbox, watch.id, **config)
        assert again.told() == [after]
    finally:
        restarted.stop()


def test_what_is_told_but_not_kept_is_not_told_again(watch, sandbox, sim):
    watch.told()
    place = sim.ask("config", id=watch.id)
    ended = begin(sandbox, 0.1, 1)
    sandbox.clock.wait(5)
    assert watch.told() == [ended]

    again = Watch(sim, sandbox, watch.id, **place)

    assert again.told() == []


def test_the_token_may_be_a_variable_of_the_workspace(sim, sandbox):
    sim.ask("variable", name="HEX_TOKEN", value=TOKENS.workspace)
    watch = Watch(sim, sandbox, "variable", triggerApiKey="{{HEX_TOKEN}}")

    assert watch.told() == []
    assert sim.ask("config", id="variable")["triggerApiKey"] == "{{HEX_TOKEN}}"


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"triggerApiKey": ""}, "token_missing_in_builder"),
        ({"triggerApiKey": "hxtw_nobody"}, "token_refused"),
        ({"triggerProjectIds": ""}, "bad_inputs"),
        ({"triggerProjectIds": None}, "bad_inputs"),
        ({"triggerProjectIds": "../../users"}, "bad_inputs"),
        ({"triggerStatuses": ["GONE"]}, "bad_inputs"),
        ({"triggerBaseUrl": "https://evil.example"}, "host_not_allowed"),
        ({"triggerRegion": "mars", "triggerBaseUrl": ""}, "region_unknown"),
    ],
)
def test_what_is_wrong_in_the_form_is_told_in_the_log(config, key, sim, sandbox):
    done = Watch(sim, sandbox, f"wrong {key} {config}", **config).poll()

    assert done["outcome"] == "failure"
    assert f"[{key}]" in done["logged"][0], done
    assert done["failed"] == 1
    assert "hxtw_" not in str(done["logged"])
