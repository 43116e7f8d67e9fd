"""The polling sensor: runs of others, each once."""

import uuid
from typing import Any

import dagster as dg
import pytest

from hex_blocks.hosts.dagster import HexWorkspace, build_hex_asset_specs, build_hex_polling_sensor, hex_assets
from hex_blocks.hosts.dagster.sensor import CLOCKS_DIFFER
from hex_blocks.hosts.engines.work import Work
from hex_blocks.sandbox.model import Plan


@pytest.fixture
def assets(project: str) -> dg.AssetsDefinition:
    specs = build_hex_asset_specs(projects=[{"id": project, "title": "Quick check"}])

    @hex_assets(specs=specs, name="projects")
    def projects(context: dg.AssetExecutionContext, hex: HexWorkspace):
        yield from hex.run_and_poll(context)

    return projects


def tick(sensor: dg.SensorDefinition, instance: Any, cursor: str | None = None) -> tuple[list[str], str]:
    """Let the sensor look; give the IDs of the runs it tells of, and its cursor."""
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        told = sensor.evaluate_tick(context)
    return [each.metadata["hex/run_id"].text for each in told.asset_events], told.cursor


def test_a_run_of_somebody_else_is_told_once(assets, instance, workspace, project):
    sensor = build_hex_polling_sensor(workspace, assets=[assets])
    hex = workspace.process_config_and_initialize().client()
    hex.call("hex_run_and_wait", {"projectId": project})

    first, cursor = tick(sensor, instance)
    run = hex.call("hex_run_and_wait", {"projectId": project})
    second, cursor = tick(sensor, instance, cursor)
    third, _ = tick(sensor, instance, cursor)

    assert (first, second, third) == ([], [run["runId"]], [])


def test_a_run_that_was_told_before_the_daemon_died_is_not_told_again(assets, instance, workspace, project):
    sensor = build_hex_polling_sensor(workspace, assets=[assets])
    _, cursor = tick(sensor, instance)
    hex = workspace.process_config_and_initialize().client()
    runs = [hex.call("hex_run_and_wait", {"projectId": project})["runId"] for _ in range(3)]

    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        for event in sensor.evaluate_tick(context).asset_events[:2]:
            instance.report_runless_asset_event(event)
    again, _ = tick(sensor, instance, cursor)

    assert again == runs[2:]


def test_a_run_that_dagster_may_have_started_waits_to_be_told(assets, instance, workspace, project, monkeypatch):
    sensor = build_hex_polling_sensor(workspace, assets=[assets])
    _, cursor = tick(sensor, instance)
    hex = workspace.process_config_and_initialize().client()

    def killed(work: Work, *given: Any, **more: Any) -> Any:
        hex.call("hex_run_and_wait", {"projectId": project})
        raise RuntimeError("killed before it hears of the run")

    with monkeypatch.context() as patched:
        patched.setattr(Work, "start", killed)
        dg.materialize([assets], resources={"hex": workspace}, instance=instance, raise_on_error=False)
    first, cursor = tick(sensor, instance, cursor)
    monkeypatch.setattr("hex_blocks.hosts.dagster.sensor.MAY_BE_TRIED_AGAIN", -CLOCKS_DIFFER)
    later, _ = tick(sensor, instance, cursor)

    assert (len(first), len(later)) == (0, 1)


def test_more_projects_than_one_look_allows_take_turns(instance, workspace, sandbox, project, monkeypatch):
    from hex_blocks.hosts.dagster import sensor as module

    monkeypatch.setattr(module, "AT_ONCE", 4)
    hex = workspace.process_config_and_initialize()
    looks = -(-len(hex.projects(with_tables=False)) // 4)
    sensor = build_hex_polling_sensor(workspace)
    cursor: str | None = None
    for _ in range(looks):
        _, cursor = tick(sensor, instance, cursor)
    run = hex.client().call("hex_run_and_wait", {"projectId": project})

    told = []
    for _ in range(looks):
        new, cursor = tick(sensor, instance, cursor)
        told += new

    assert looks > 1
    assert told == [run["runId"]]


def test_more_projects_than_a_sensor_can_watch_are_refused(instance, workspace):
    projects = [{"id": str(uuid.UUID(int=number)), "title": f"Project {number}"} for number in range(201)]
    sensor = build_hex_polling_sensor(workspace, specs=build_hex_asset_specs(projects=projects))

    with pytest.raises(Exception, match="201 projects are more than the 200"):
        tick(sensor, instance)


def test_runs_that_dagster_made_and_failed_ones_are_not_told(assets, instance, workspace, sandbox, project):
    sensor = build_hex_polling_sensor(workspace, assets=[assets])
    _, cursor = tick(sensor, instance)

    dg.materialize([assets], resources={"hex": workspace}, instance=instance)
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    hex = workspace.process_config_and_initialize().client()
    run = hex.call("hex_run_project", {"projectId": project})
    while hex.call("hex_get_run_status", {"projectId": project, "runId": run["runId"]})["status"] != "ERRORED":
        hex.connection.clock.wait(5)
    told, _ = tick(sensor, instance, cursor)

    assert told == []


def test_without_specs_every_published_project_is_watched(instance, workspace, project):
    sensor = build_hex_polling_sensor(workspace, minimum_interval_seconds=45, name="ours")

    _, cursor = tick(sensor, instance)
    run = workspace.process_config_and_initialize().client().call("hex_run_and_wait", {"projectId": project})

    assert tick(sensor, instance, cursor)[0] == [run["runId"]]
    assert (sensor.name, sensor.minimum_interval_seconds) == ("ours", 45)
