"""The component: the projects of a workspace as assets, by a few lines of YAML."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from dagster.components import DefsStateConfig, DefsStateConfigArgs, ResolvedDefsStateConfig
from dagster.components.resolved.base import resolve_fields
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver

from hex_blocks.hosts.dagster.assets import build_hex_asset_specs, hex_assets
from hex_blocks.hosts.dagster.sensor import build_hex_polling_sensor
from hex_blocks.hosts.dagster.translator import DagsterHexTranslator, HexProjectProps
from hex_blocks.hosts.dagster.workspace import HexWorkspace

ENV = re.compile(r"\{\{\s*env\.(\w+)\s*\}\}")


class HexWorkspaceModel(dg.Model):
    """A workspace, in YAML."""

    api_key: str
    base_url: str | None = None
    timeout: float = 86_400.0
    poll_interval: float = 10.0


@dataclass
class HexProjectSelector(dg.Resolvable):
    """Which projects are assets: by title, by ID, or both together."""

    by_name: list[str] | None = None
    by_id: list[str] | None = None


def _workspace(context: dg.ResolutionContext, model: HexWorkspaceModel) -> HexWorkspace:
    given = resolve_fields(model, HexWorkspaceModel, context)
    if named := ENV.fullmatch(model.api_key.strip()):
        # Definitions show what a resource is configured with, so the token stays in its variable.
        given = {**given, "api_key": dg.EnvVar(named[1])}
    return HexWorkspace(**given)


class HexWorkspaceScaffolder(dg.Scaffolder[Any]):
    """Writes the first YAML."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write the component's YAML, with what has to be filled in."""
        attributes = {
            "workspace": {"api_key": "{{ env.HEX_API_TOKEN }}"},
            "project_selector": {"by_name": ["Title of a project"]},
        }
        dg.scaffold_component(request, attributes)


@dg.scaffold_with(HexWorkspaceScaffolder)
@dataclass
class HexWorkspaceComponent(dg.StateBackedComponent, dg.Resolvable):
    """The projects of a Hex workspace as assets, each with a step and a check of its own.

    Hex is asked for them when the component's state is refreshed, and not while definitions load.

    Attributes:
        workspace: The API token and base URL.
        project_selector: Which projects are assets. Default: all that have been published.
        translation: How their assets differ from the default, with `props` and `spec` in templates.
        polling_sensor: Whether a sensor tells of runs that were started elsewhere.
        include_charts: Whether to show the runs' charts with the results.
        defs_state: Where the state is kept.
    """

    workspace: Annotated[HexWorkspace, dg.Resolver(_workspace, model_field_type=HexWorkspaceModel)]
    project_selector: HexProjectSelector | None = None
    translation: (
        Annotated[
            TranslationFn[HexProjectProps], TranslationFnResolver[HexProjectProps](lambda props: {"props": props})
        ]
        | None
    ) = None
    polling_sensor: bool = False
    include_charts: bool = False
    defs_state: ResolvedDefsStateConfig = field(default_factory=DefsStateConfigArgs.local_filesystem)

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """How the state is kept."""
        host = self.workspace.base_url if isinstance(self.workspace.base_url, str) else "default"
        return DefsStateConfig.from_args(self.defs_state, default_key=f"HexWorkspaceComponent[{host}]")

    def get_asset_spec(self, props: HexProjectProps) -> dg.AssetSpec:
        """Return the asset that a project is; override it to say it otherwise."""
        spec = DagsterHexTranslator().get_asset_spec(props)
        return self.translation(spec, props) if self.translation else spec

    def execute(
        self, context: dg.AssetExecutionContext, hex: HexWorkspace
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        """Materialize the selected assets; override it to do it otherwise."""
        yield from hex.run_and_poll(context, include_charts=self.include_charts)

    def write_state_to_path(self, state_path: Path) -> None:
        """Ask Hex for the projects, and write them down."""
        chosen = self.project_selector or HexProjectSelector()
        with self.workspace.process_config_and_initialize_cm() as hex:
            projects = hex.projects(by_id=chosen.by_id, by_name=chosen.by_name)
        state_path.write_text(json.dumps([each.document() for each in projects], indent=1, ensure_ascii=False))

    def build_defs_from_state(self, context: dg.ComponentLoadContext, state_path: Path | None) -> dg.Definitions:
        """Make the assets from what was written down."""
        if state_path is None:
            return dg.Definitions()
        translator = _OfComponent(self)
        specs = build_hex_asset_specs(projects=json.loads(state_path.read_text()), translator=translator)
        sensors = [build_hex_polling_sensor(self.workspace, specs=specs)] if self.polling_sensor else []
        return dg.Definitions(assets=[self._step_of(spec) for spec in specs], sensors=sensors)

    def _step_of(self, spec: dg.AssetSpec) -> dg.AssetsDefinition:
        @hex_assets(specs=[spec], name=spec.key.to_python_identifier())
        def step(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
            with self.workspace.process_config_and_initialize_cm() as hex:
                yield from self.execute(context, hex)

        return step


class _OfComponent(DagsterHexTranslator):
    def __init__(self, component: HexWorkspaceComponent) -> None:
        self._component = component

    def get_asset_spec(self, props: HexProjectProps) -> dg.AssetSpec:
        return self._component.get_asset_spec(props)
