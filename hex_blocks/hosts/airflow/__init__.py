"""Airflow: runs of Hex as tasks, deferred while they go on.

>>> from hex_blocks.hosts.airflow import HexRunProjectOperator
>>> HexRunProjectOperator(task_id="report", project_id="…", input_params={"region": "EMEA"}, deferrable=True)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

LEVEL = {
    "provider, connection form and test": "done: tests/hosts/airflow/test_provider.py",
    "operators, sensor, link, templates": "done: tests/hosts/airflow/test_operators.py",
    "deferral": "done: tests/hosts/airflow/test_deferral.py",
    "retries and cleared tasks": "done: tests/hosts/airflow/test_retries.py",
    "asset events and watcher": "done: tests/hosts/airflow/test_deferral.py",
}

_HOMES = {
    "HexHook": "hook",
    "HexRunBatchOperator": "batches",
    "HexRunLink": "link",
    "HexRunPipelineOperator": "batches",
    "HexRunProjectOperator": "operators",
    "HexRunSensor": "sensor",
    "HexRunTrigger": "trigger",
    "HexRunsTrigger": "trigger",
    "HexRunsFinishedTrigger": "watching",
    "HexToolOperator": "operators",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    # Airflow reads what a provider is before it can be imported itself.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
