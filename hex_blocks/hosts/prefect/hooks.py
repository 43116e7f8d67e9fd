"""Hooks of flows: cancel the runs in Hex that a flow run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import get_client
from prefect.logging import get_logger

from hex_blocks.hosts.engines.running import cancel_runs
from hex_blocks.hosts.prefect.blocks import HexCredentials
from hex_blocks.hosts.prefect.runs import RUN_LABEL, client_of

if TYPE_CHECKING:
    from hex_blocks.client import Hex

log = get_logger("hex_blocks")

Hook = Callable[[Any, Any, Any], None]


def cancel_hex_runs(credentials: HexCredentials | str) -> Hook:
    """Return a hook that cancels all runs that a flow run has started, for `on_cancellation` and `on_crashed`.

    >>> @flow(on_cancellation=[cancel_hex_runs("hex")])

    Args:
        credentials: The credentials, or the name of the block that holds them.
    """

    def hook(flow: Any, flow_run: Any, state: Any) -> None:
        known = HexCredentials.load(credentials) if isinstance(credentials, str) else credentials
        cancel_runs_of(flow_run.id, known.get_client())

    hook.__name__ = "cancel_hex_runs"
    return hook


def cancel_if_asked(flow: Any, flow_run: Any, state: Any) -> None:
    """Cancel the runs of a flow run where its parameter cancel_on_interrupt asks for that."""
    if not flow_run.parameters.get("cancel_on_interrupt"):
        return
    hex = client_of(flow_run.id)
    given = flow_run.parameters.get("credentials")
    if hex is None and isinstance(given, Mapping) and "$ref" in given:
        # The process of the flow run is gone: this one only knows where its credentials are kept.
        hex = HexCredentials.load_from_ref(given["$ref"]).get_client()
    if hex is None:
        log.warning("runs of flow run %s were not cancelled: its credentials are no block that was saved", flow_run.id)
        return
    cancel_runs_of(flow_run.id, hex)


def cancel_runs_of(flow_run_id: Any, hex: Hex) -> None:
    """Cancel the runs that a flow run has started and that have not ended."""
    with get_client(sync_client=True) as client:
        labels = client.read_flow_run(flow_run_id).labels
    runs = [(project, name[len(RUN_LABEL) :]) for name, project in labels.items() if name.startswith(RUN_LABEL)]
    if runs and not cancel_runs(hex, runs):
        log.warning("not all runs of flow run %s were cancelled", flow_run_id)
