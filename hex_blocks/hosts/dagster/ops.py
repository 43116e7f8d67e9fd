"""The op that runs one project as a step of a job."""

from typing import Any

import dagster as dg

from hex_blocks.hosts.dagster.results import run_metadata
from hex_blocks.hosts.dagster.workspace import HexWorkspace


class HexRunConfig(dg.Config):
    """The configuration of the op."""

    project_id: str
    input_params: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it


@dg.op(description="Run the published version of a Hex project and wait for it.", tags={"kind": "hex"})
def hex_run_op(context: dg.OpExecutionContext, config: HexRunConfig, hex: HexWorkspace) -> dict[str, Any]:
    """Run a project and return the finished run."""
    run = hex.run(context, config.project_id, config.input_params or None)
    context.add_output_metadata(run_metadata(run))
    return run
