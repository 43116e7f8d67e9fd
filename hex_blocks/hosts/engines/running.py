"""Running an engine's work in a thread, so that the main thread can react at once when the task is ended."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from hex_blocks.errors.classes import HexError, NotFoundError

if TYPE_CHECKING:
    from hex_blocks.client import Hex

log = logging.getLogger(__name__)

# How long to wait for the thread at the end. Engines allow a task only some seconds, enough to cancel a run in Hex.
LAST_SECONDS = 10.0

Result = TypeVar("Result")


class Stoppable:
    """Runs work in a thread, so that the main thread can handle signals and exceptions meanwhile."""

    def __init__(self) -> None:
        self.stop = threading.Event()

    def run(self, work: Callable[[threading.Event], Result], *, on_stop: Callable[[], object] | None = None) -> Result:
        """Run `work` in a thread and return its result.

        Args:
            work: The work. It gets an event and ends early when that is set.
            on_stop: Called first if an exception in the main thread ends the wait, such as Airflow's for a timeout.
        """
        outcome: list[Result] = []
        failure: list[BaseException] = []

        def do() -> None:
            try:
                outcome.append(work(self.stop))
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                failure.append(error)

        thread = threading.Thread(
            target=contextvars.copy_context().run, args=(do,), name="hex-blocks task", daemon=True
        )
        thread.start()
        try:
            thread.join()
        except BaseException:
            if on_stop:
                on_stop()
            self.stop.set()
            thread.join(LAST_SECONDS)
            raise
        if failure:
            raise failure[0]
        return outcome[0]


def cancel_runs(hex: Hex, runs: Iterable[Sequence[str]]) -> bool:
    """Cancel runs, given by project ID and run ID. Return whether all of them are stopped."""
    stopped = True
    for project_id, run_id in runs:
        try:
            hex.call("hex_cancel_run", {"projectId": project_id, "runId": run_id})
        except HexError as error:
            if error.key != "run_ended_already" and not isinstance(error, NotFoundError):
                # Continue, so that the other runs are cancelled too.
                log.warning("run %s was not cancelled: %s", run_id, error)
                stopped = False
    return stopped
