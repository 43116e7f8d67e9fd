"""Assets from projects: their specs, materializations, partitions and checks."""

from typing import Any

import dagster as dg
import pytest

from hex_blocks.hosts.dagster import (
    DagsterHexTranslator,
    HexProjectProps,
    HexWorkspace,
    build_hex_asset_specs,
    hex_assets,
)
from hex_blocks.hosts.dagster.results import MOST_PICTURES, run_metadata
from hex_blocks.hosts.dagster.translator import PROJECT_ID
from hex_blocks.sandbox.model import Plan
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT


@pytest.fixture
def specs(project: str) -> list[dg.AssetSpec]:
    made: list[dg.AssetSpec] = build_hex_asset_specs(projects=[{"id": project, "title": "Quick check"}])
    return made


def step(specs: list[dg.AssetSpec], **options: Any) -> dg.AssetsDefinition:
    charts = options.pop("include_charts", False)

    @hex_assets(specs=specs, name="projects", **options)
    def projects(context: dg.AssetExecutionContext, hex: HexWorkspace):
        yield from hex.run_and_poll(context, include_charts=charts)

    return projects


def test_projects_are_assets_that_depend_on_the_tables_they_read(workspace):
    specs = {spec.key.to_user_string(): spec for spec in build_hex_asset_specs(workspace)}

    report = specs["hex/revenue_report"]
    assert report.metadata[PROJECT_ID] == REVENUE_REPORT
    assert report.kinds == {"hex", "notebook"}
    assert report.owners == ["ada.okafor@sandbox.example"]
    assert "analytics/shop/orders" in [each.asset_key.to_user_string() for each in report.deps]


def test_projects_are_chosen_by_id_and_title(workspace, project):
    specs = build_hex_asset_specs(workspace, by_id=[REVENUE_REPORT], by_name=["quick check"], with_tables=False)

    assert {spec.metadata[PROJECT_ID] for spec in specs} == {REVENUE_REPORT, project}
    with pytest.raises(ValueError, match="no such title"):
        build_hex_asset_specs(workspace, by_name=["No such title"])


def test_specs_need_not_ask_hex(sandbox):
    specs = build_hex_asset_specs(projects=[{"id": "a-1", "title": "One / two"}, {"id": "b-1", "title": "One two"}])

    assert [spec.key.to_user_string() for spec in specs] == ["hex/one_two_a-1", "hex/one_two_b-1"]
    assert sandbox.requests == []


def test_a_translator_says_it_otherwise():
    class Ours(DagsterHexTranslator):
        def get_asset_spec(self, props: HexProjectProps) -> dg.AssetSpec:
            return super().get_asset_spec(props).replace_attributes(group_name="reports")

    (spec,) = build_hex_asset_specs(projects=[{"id": "a", "title": "A"}], translator=Ours())

    assert spec.group_name == "reports"


def test_a_project_is_materialized_with_its_run(specs, instance, workspace, started):
    done = dg.materialize([step(specs)], resources={"hex": workspace}, instance=instance)

    (event,) = done.asset_materializations_for_node("projects")
    (check,) = done.get_asset_check_evaluations()
    assert event.asset_key == dg.AssetKey(["hex", "quick_check"])
    assert event.metadata["hex/run_url"].url.endswith(event.metadata["hex/run_id"].text)
    assert event.metadata["hex/elapsed_seconds"].value > 0
    assert (check.check_name, check.passed) == ("hex_run_completed", True)
    assert started() == 1


def test_a_run_that_fails_fails_its_check_and_leaves_the_others(instance, workspace, sandbox, project, started):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")
    specs = build_hex_asset_specs(
        projects=[{"id": project, "title": "Quick check"}, {"id": REVENUE_REPORT, "title": "Revenue report"}]
    )

    done = dg.materialize([step(specs)], resources={"hex": workspace}, instance=instance, raise_on_error=False)

    checks = {each.asset_key.path[-1]: each.passed for each in done.get_asset_check_evaluations()}
    assert not done.success
    assert checks == {"quick_check": False, "revenue_report": True}
    assert [each.asset_key.path[-1] for each in done.asset_materializations_for_node("projects")] == ["revenue_report"]


def test_only_what_is_selected_is_run(instance, workspace, project, started):
    specs = build_hex_asset_specs(
        projects=[{"id": project, "title": "Quick check"}, {"id": REVENUE_REPORT, "title": "Revenue report"}]
    )

    done = dg.materialize(
        [step(specs)], selection=["hex/revenue_report"], resources={"hex": workspace}, instance=instance
    )

    assert done.success
    assert started() == 0


def test_a_partition_is_an_input(specs, instance, workspace, sandbox, project):
    assets = step(specs, partitions_def=dg.DailyPartitionsDefinition("2026-03-01"), partition_input="day")

    done = dg.materialize([assets], partition_key="2026-03-02", resources={"hex": workspace}, instance=instance)

    assert done.success
    assert [each.json["inputParams"] for each in sandbox.requests if each.method == "POST"] == [{"day": "2026-03-02"}]


def test_partitions_of_several_dimensions_are_inputs(specs, instance, workspace, sandbox):
    days = dg.DailyPartitionsDefinition("2026-03-01")
    regions = dg.StaticPartitionsDefinition(["EMEA", "US"])
    assets = step(specs, partitions_def=dg.MultiPartitionsDefinition({"day": days, "region": regions}))

    key = dg.MultiPartitionKey({"day": "2026-03-02", "region": "EMEA"})
    done = dg.materialize([assets], partition_key=key, resources={"hex": workspace}, instance=instance)

    assert done.success
    (asked,) = [each.json["inputParams"] for each in sandbox.requests if each.method == "POST"]
    assert asked == {"day": "2026-03-02", "region": "EMEA"}


def test_charts_are_shown_with_the_result(instance, workspace, started):
    specs = build_hex_asset_specs(projects=[{"id": REVENUE_REPORT, "title": "Revenue report"}])

    done = dg.materialize([step(specs, include_charts=True)], resources={"hex": workspace}, instance=instance)

    (event,) = done.asset_materializations_for_node("projects")
    assert event.metadata["hex/chart_1"].md_str.startswith("![")
    assert "](data:image/png;base64,iVBOR" in event.metadata["hex/chart_1"].md_str


def test_pictures_that_are_too_large_are_left_to_hex():
    chart = {"label": "a](x", "image": {"mimeType": "image/png", "base64": "A" * (MOST_PICTURES // 2 - 100)}}

    metadata = run_metadata({"runId": "r"}, [chart, chart, chart])

    assert [name for name in metadata if "chart" in name] == ["hex/chart_1", "hex/chart_2"]
    assert metadata["hex/chart_1"].value.startswith("![ax](")


def test_definitions_show_no_token(workspace, specs):
    from dagster._core.remote_representation.external_data import RepositorySnap

    from hex_blocks.sandbox import TOKENS

    defs = dg.Definitions(assets=[step(specs)], resources={"hex": workspace})

    assert TOKENS.personal not in dg.serialize_value(RepositorySnap.from_def(defs.get_repository_def()))


def test_an_asset_of_ones_own_runs_a_project(instance, workspace, project, started):
    @dg.asset
    def own(context: dg.AssetExecutionContext, hex: HexWorkspace) -> dg.MaterializeResult:
        run = hex.run(context, project, {"region": "EMEA"})
        return dg.MaterializeResult(metadata={"run": run["runUrl"]})

    assert dg.materialize([own], resources={"hex": workspace}, instance=instance).success
    assert started() == 1
