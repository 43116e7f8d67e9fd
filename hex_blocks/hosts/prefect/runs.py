"""The work of a task: its name, its storage in Prefect, and artifacts and events about its runs."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_image_artifact, create_link_artifact
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext, TaskRunContext
from prefect.events import emit_event
from prefect.logging import get_run_logger

from hex_blocks.hosts.engines.kept import NoStore, Store

if TYPE_CHECKING:
    from hex_blocks.client import Hex
    from hex_blocks.errors.classes import HexError
    from hex_blocks.hosts.engines.work import Work
    from hex_blocks.tools.progress import Progress

LABEL = "hex-blocks."
# What the hooks look for: the runs of a flow run, by their own IDs.
RUN_LABEL = "hex-run."
MOST_COUNTED = 10_000
MOST_CLIENTS = 1000


class HexRunError(RuntimeError):
    """A run failed, or was not started.

    Attributes:
        key: What happened, as in the list of errors.
        run_url: The run's page; empty where none was started.
        may_pass: Whether a retry may help.
    """

    def __init__(self, message: str, key: str = "", run_url: str = "", may_pass: bool = True) -> None:
        super().__init__(message)
        self.key = key
        self.run_url = run_url
        self.may_pass = may_pass

    @classmethod
    def of(cls, error: HexError) -> HexRunError:
        """Return an error of ours as Prefect's."""
        said = f"{error.key}: {error}"
        return cls(said, error.key, str(error.values.get("runUrl") or ""), error.kind != "input")


class FlowRunStore:
    """The storage for a task over the retries of its flow run, in labels of the flow run."""

    def __init__(self, flow_run_id: uuid.UUID, name: str) -> None:
        self._flow_run_id = flow_run_id
        self._name = name

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a stored document; None if there is none."""
        with get_client(sync_client=True) as client:
            kept = client.read_flow_run(self._flow_run_id).labels.get(self._label(name))
        return json.loads(kept) if isinstance(kept, str) else None

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document."""
        with get_client(sync_client=True) as client:
            client.update_flow_run_labels(self._flow_run_id, {self._label(name): json.dumps(document, default=str)})

    def _label(self, name: str) -> str:
        return LABEL + hashlib.sha256(f"{self._name} {name}".encode()).hexdigest()[:32]


class Indices:
    """Which of several tasks with the same inputs one is: the same in each attempt at a flow run."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, int, str]] = Counter()
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(self, flow_run_id: str, attempt: int, what: str, task_run_id: str | None) -> int:
        """Return the index; a task that is tried again keeps its own."""
        known = f"{task_run_id} {attempt} {what}"
        with self._lock:
            if task_run_id is not None and known in self._known:
                return self._known[known]
            if len(self._known) > MOST_COUNTED:
                self._known.clear()
                self._counted.clear()
            number = self._counted[flow_run_id, attempt, what]
            self._counted[flow_run_id, attempt, what] += 1
            self._known[known] = number
            return number


_indices = Indices()


def flow_run_id() -> uuid.UUID | None:
    """Return the flow run that is executed here; None outside of one."""
    flow, task = FlowRunContext.get(), TaskRunContext.get()
    found: uuid.UUID | None = None
    if flow and flow.flow_run:
        found = flow.flow_run.id
    elif task:
        found = task.task_run.flow_run_id
    return found


def work_of(hex: Hex, kind: str, inputs: Mapping[str, Any]) -> Work:
    """Return the work that a task or block does here: the same in retries of the task and of its flow run.

    It is called after the flow run, what is asked for, and which of those with the same inputs it is. Outside of a
    flow run it is called after the task run, or nobody does it again.
    """
    from hex_blocks.hosts.engines.work import Work, work_name

    flow, task = FlowRunContext.get(), TaskRunContext.get()
    run_id = flow_run_id()
    if run_id is None:
        alone = str(task.task_run.id) if task else str(uuid.uuid4())
        return Work(hex, work_name("prefect", alone, kind), NoStore())
    asked = json.dumps(inputs, sort_keys=True, default=str)
    what = f"{kind}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
    attempt = flow.flow_run.run_count if flow and flow.flow_run else 0
    number = _indices.of(str(run_id), attempt, what, str(task.task_run.id) if task else None)
    name = work_name("prefect", run_id, what, number)
    store: Store = FlowRunStore(run_id, name)
    return Work(hex, name, store)


def may_help(task: Any, task_run: Any, state: Any) -> bool:
    """Whether to try a task again: not where its inputs are wrong."""
    error = state.result(raise_on_failure=False)
    return error.may_pass if isinstance(error, HexRunError) else True


def reporter() -> Callable[[Progress], None]:
    """Return what logs how far a run is, where there is news."""
    logger = get_run_logger() if flow_run_id() or TaskRunContext.get() else None
    said = ""

    def report(progress: Progress) -> None:
        nonlocal said
        now = f"{progress.message} {progress.status or ''}".strip()
        if logger and now != said:
            said = now
            logger.info(now)

    return report


# By flow run, so that a hook in the same process need not know the credentials.
_clients: dict[uuid.UUID, Hex] = {}


def client_of(run_id: uuid.UUID) -> Hex | None:
    """Return the client with which this process has started runs of a flow run; None if it has started none."""
    return _clients.get(run_id)


def tell_started(hex: Hex, run: Mapping[str, Any]) -> None:
    """Tell of a run that is going on: its page as an artifact, an event, and a label for the hooks."""
    emit("started", run)
    run_id = flow_run_id()
    if run_id is None:
        return
    _clients[run_id] = hex
    while len(_clients) > MOST_CLIENTS:
        _clients.pop(next(iter(_clients)))
    if url := run.get("runUrl"):
        create_link_artifact(link=url, link_text="Open run in Hex", key=f"hex-{run['projectId']}".lower())
    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(run_id, {RUN_LABEL + run["runId"]: run["projectId"]})


def tell_charts(hex: Hex, run: Mapping[str, Any]) -> None:
    """Show a run's charts as artifacts."""
    results = hex.call("hex_get_run_results", {"projectId": run["projectId"], "runId": run["runId"]})
    for number, chart in enumerate(results.get("charts") or [], 1):
        if image := chart.get("image"):
            picture = f"data:{image['mimeType']};base64,{image['base64']}"
            key = f"hex-{run['runId']}-{number}".lower()
            create_image_artifact(image_url=picture, key=key, description=chart.get("label"))


def emit(what: str, run: Mapping[str, Any], **more: str) -> None:
    """Emit an event for automations: hex.run.started, .completed or .failed."""
    resource = {
        "prefect.resource.id": f"hex.run.{run['runId']}",
        "prefect.resource.name": f"Hex run {run['runId']}",
        "hex.project_id": str(run["projectId"]),
    }
    if url := run.get("runUrl"):
        resource["hex.run_url"] = str(url)
    emit_event(event=f"hex.run.{what}", resource=resource, payload=dict(more))
