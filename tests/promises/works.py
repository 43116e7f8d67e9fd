"""The tools that start runs, each with inputs that make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MakeOne = Callable[..., dict[str, Any]]
WORKS = ("hex_run_project", "hex_run_and_wait", "hex_run_batch", "hex_run_pipeline")


def inputs_of(tool: str, project: str, key: str | None) -> dict[str, Any]:
    """Make inputs with which a tool makes one run."""
    own: dict[str, dict[str, Any]] = {
        "hex_run_batch": {"projectId": project, "parameterSets": [{}]},
        "hex_run_pipeline": {"steps": [{"projectId": project}]},
    }
    return own.get(tool, {"projectId": project}) | {"idempotencyKey": key}
