"""The work of a step: its name, its storage in Dagster, and its errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.errors.classes import HexError
    from hex_blocks.hosts.engines.work import Work

ROOT_RUN = "dagster/root_run_id"
RETRY_NUMBER = "dagster/retry_number"
# A run of Hex that Dagster made is named by a tag of the Dagster run, by which the sensor knows it.
MADE = "hex_run/"
# And one that is about to start one is named by a tag with the project, by which the sensor knows that it may have.
STARTS = "hex_start/"
KEPT = "hex_blocks/"
RUNS = "runs"


class RunTagsStore:
    """What Dagster keeps for a step over the runs of one group: tags of its first run."""

    def __init__(self, instance: dg.DagsterInstance, root_run_id: str, name: str) -> None:
        self._instance = instance
        self._root_run_id = root_run_id
        self._name = name

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a stored document; None if there is none."""
        run = self._instance.get_run_by_id(self._root_run_id)
        kept = run.tags.get(self._tag(name)) if run else None
        return json.loads(kept) if kept else None

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document."""
        self._instance.add_run_tags(self._root_run_id, {self._tag(name): json.dumps(document, default=str)})

    def _tag(self, name: str) -> str:
        return KEPT + hashlib.sha256(f"{self._name} {name}".encode()).hexdigest()[:32]


def work_of(hex: Hex, context: Any, project_id: str = "") -> Work:
    """Return the work that a step does for a project and partition: the same in retries and re-executions.

    Whoever executes again what had succeeded wants it done anew; an automatic retry does not.
    """
    from hex_blocks.hosts.engines.work import Work, work_name

    root = context.run.tags.get(ROOT_RUN) or context.run.root_run_id or context.run_id
    name = work_name("dagster", root, step_key_of(context), partition_of(context), project_id)
    store = RunTagsStore(context.instance, root, name)
    seen = (store.get(RUNS) or {}).get("ids", [])
    if context.run_id not in seen and (not seen or RETRY_NUMBER not in context.run.tags):
        seen = [*seen, context.run_id]
        store.put(RUNS, {"ids": seen})
    return Work(hex, name, store, cleared=max(0, len(seen) - 1))


def step_key_of(context: Any) -> str:
    """Return the step's key, which tells mapped steps apart."""
    op_context = getattr(context, "op_execution_context", context)
    return str(op_context.get_step_execution_context().step.key)


def partition_of(context: Any) -> str:
    """Return the step's partition, or the first and last of a range; empty for none."""
    if not context.has_partition_key and not getattr(context, "has_partition_key_range", False):
        return ""
    if context.has_partition_key:
        return str(context.partition_key)
    keys = context.partition_key_range
    return f"{keys.start}...{keys.end}"


def note_starting(context: Any, project_id: str) -> None:
    """Note that this run of Dagster is about to start a run of a project."""
    context.instance.add_run_tags(context.run_id, {STARTS + project_id: project_id})


def note_made(context: Any, run: Mapping[str, Any]) -> None:
    """Note that a run of Hex was made by this run of Dagster."""
    context.instance.add_run_tags(context.run_id, {MADE + run["runId"]: run["projectId"]})


def failure_of(error: HexError) -> dg.Failure:
    """Return an error of ours as Dagster's: one that a retry cannot change is not tried again."""
    metadata: dict[str, Any] = {"hex/error": error.key}
    if url := error.values.get("runUrl"):
        metadata["hex/run_url"] = dg.MetadataValue.url(url)
    if error.trace_id:
        metadata["hex/trace_id"] = error.trace_id
    return dg.Failure(description=f"{error.key}: {error}", metadata=metadata, allow_retries=error.kind != "input")
