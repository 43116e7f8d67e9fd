"""Airflow: runs of Hex as tasks, deferred while they go on.

>>> from hex_blocks.hosts.airflow import HexRunProjectOperator
>>> HexRunProjectOperator(task_id="report", project_id="…", input_params={"region": "EMEA"}, deferrable=True)
"""

from __future__ import annotations

from hex_blocks.hosts.engines.lazy import lazy_names

LEVEL = {
    "provider, connection form and test": "done: tests/hosts/airflow/test_provider.py",
    "operators, sensor, link, templates": "done: tests/hosts/airflow/test_operators.py",
    "deferral": "done: tests/hosts/airflow/test_deferral.py",
    "retries and cleared tasks": "done: tests/hosts/airflow/test_retries.py",
    "asset events and watcher": "done: tests/hosts/airflow/test_deferral.py",
    "turns in Hex's limits": "done: tests/hosts/airflow/test_turns.py",
    "lineage by OpenLineage": "done: tests/hosts/airflow/test_lineage.py",
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

# Airflow reads what a provider is before it can be imported itself.
__getattr__ = lazy_names(__name__, _HOMES)
