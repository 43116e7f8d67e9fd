"""Engine's work in a thread of its own, so that whoever ends the task is heard at once."""

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

# Engines wait a few seconds for a task that they end; a cancellation has to be through by then.
LAST_SECONDS = 10.0

Result = TypeVar("Result")


class Stoppable:
    """Work in a thread of its own, so that the main one can hear signals and hold no lock meanwhile."""

    def __init__(self) -> None:
        self.stop = threading.Event()

    def run(self, work: Callable[[threading.Event], Result], *, on_stop: Callable[[], object] | None = None) -> Result:
        """Do the work and return what comes of it.

        Args:
            work: Ends early when the event is set that it is given.
            on_stop: Done first where an exception ends the wait, such as Airflow's for a time that is over.
        """
        outcome: list[Result] = []
        failure: list[BaseException] = []

        def do() -> None:
            try:
                outcome.append(work(self.stop))
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
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
    """Cancel runs, given by project and run ID, that have not ended; tell whether none of them may go on."""
    stopped = True
    for project_id, run_id in runs:
        try:
            hex.call("hex_cancel_run", {"projectId": project_id, "runId": run_id})
        except HexError as error:
            if error.key != "run_ended_already" and not isinstance(error, NotFoundError):
                # The others are to be cancelled all the same.
                log.warning("run %s was not cancelled: %s", run_id, error)
                stopped = False
    return stopped
