"""A flow that runs a project and waits for it, ready to be deployed."""

from __future__ import annotations

from typing import Any

from prefect import flow

from hex_blocks.hosts.prefect.blocks import DAY, INTERVAL, HexCredentials
from hex_blocks.hosts.prefect.hooks import cancel_if_asked
from hex_blocks.hosts.prefect.tasks import run_project_and_wait


@flow(name="Run Hex project and wait for completion", on_cancellation=[cancel_if_asked], on_crashed=[cancel_if_asked])
def trigger_project_run_and_wait_for_completion(
    credentials: HexCredentials,
    project_id: str,
    input_params: dict[str, Any] | None = None,
    timeout: float = DAY,
    check_interval: float = INTERVAL,
    cancel_on_timeout: bool = True,
    cancel_on_interrupt: bool = False,
) -> dict[str, Any]:
    """Run a project and return the finished run.

    Args:
        credentials: The token of the workspace.
        project_id: The project; the part of its URL after /hex/.
        input_params: Values for the inputs of the published app, by variable name.
        timeout: Seconds that the run may take.
        check_interval: Seconds between looks at it, at least 5.
        cancel_on_timeout: Whether to cancel a run that takes longer.
        cancel_on_interrupt: Whether to cancel the run when the flow run is cancelled or crashes.

    Raises:
        HexRunError: It failed, or was not started.
    """
    done: dict[str, Any] = run_project_and_wait(
        credentials,
        project_id,
        input_params,
        timeout=timeout,
        check_interval=check_interval,
        cancel_on_timeout=cancel_on_timeout,
        cancel_on_interrupt=cancel_on_interrupt,
    )
    return done
