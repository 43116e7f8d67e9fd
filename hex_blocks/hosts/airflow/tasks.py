"""The work of a task instance: its name, and its storage in Airflow."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.hosts.engines.work import Work

MARK = "mark"


class TaskStore:
    """What Airflow keeps for a task of a DAG run over its tries: its task state store."""

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a stored document; None if there is none."""
        found: dict[str, Any] | None = self._accessor.get(f"hex {name}")
        return found

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document."""
        self._accessor.set(f"hex {name}", dict(document))


def work_of(hex: Hex, context: Mapping[str, Any]) -> Work:
    """Return the work that a task instance is, the same over its tries.

    A DAG run that was deleted may come again with the same ID, and two installations may have the same DAGs: so the
    work is called after a mark that Airflow keeps with the DAG run.
    """
    from hex_blocks.hosts.engines.work import Work, work_name

    instance = context["ti"]
    store = TaskStore(context["task_state_store"])
    known = store.get(MARK)
    if known is None:
        known = {"mark": str(uuid.uuid4())}
        store.put(MARK, known)
    name = work_name("airflow", known["mark"], instance.dag_id, instance.task_id, instance.map_index)
    # What max_tries grows by when a user clears a task is the number of tries made by then; no retry changes it.
    cleared = max(0, int(instance.max_tries) - int(instance.task.retries or 0))
    return Work(hex, name, store, cleared=cleared)


def airflow_error(error: Any) -> Exception:
    """Return an error of ours as Airflow's: one that a retry cannot change fails the task at once."""
    from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

    kind: type[Exception] = AirflowFailException if error.kind == "input" else AirflowException
    return kind(f"{error.key}: {error}")
