"""Prefect: runs of Hex as tasks and flows.

>>> from hex_blocks.hosts.prefect import HexCredentials, run_project_and_wait
>>> run_project_and_wait(HexCredentials.load("hex"), project_id="…", input_params={"region": "EMEA"})
"""

from __future__ import annotations

from hex_blocks.hosts.engines.lazy import lazy_names

LEVEL = {
    "blocks": "done: tests/hosts/prefect/test_blocks.py",
    "tasks, flow, artifacts, events": "done: tests/hosts/prefect/test_tasks.py",
    "retries, cancellation": "done: tests/hosts/prefect/test_retries.py",
}

_HOMES = {
    "HexCredentials": "blocks",
    "HexProject": "blocks",
    "HexProjectRun": "blocks",
    "HexRunError": "runs",
    "cancel_hex_runs": "hooks",
    "run_batch": "tasks",
    "run_pipeline": "tasks",
    "run_project": "tasks",
    "run_project_and_wait": "tasks",
    "trigger_project_run_and_wait_for_completion": "flows",
}
__all__ = sorted(_HOMES)

__getattr__ = lazy_names(__name__, _HOMES)


def __dir__() -> list[str]:
    # Prefect finds blocks by the names of a module.
    return __all__
