"""A nursery of processes to be killed: they run one tool each against a sandbox elsewhere.

Loads everything once and forks, since a process that starts anew is killed mostly while it loads. Speaks JSON in
lines: a call comes in, the number of the process that makes it goes out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from hex_blocks import Connection, Hex, HexError, Registry
from hex_blocks.clock import FastClock
from hex_blocks.run import handler_of
from hex_blocks.runs.record.store import Record
from tests.promises.stores import STORES, Around

# As many as the sandbox takes: what is tested here is not the limits.
LIMITS = {"all": ((10**6, 60),), "runs": ((10**6, 60),)}


class Dying(Around):
    """A record whose process is killed just after a start was written down, or just before its run is."""

    def __init__(self, record: Record, moment: str) -> None:
        super().__init__(record)
        self.moment = moment

    def intend(self, *given: Any, **options: Any) -> None:
        self.record.intend(*given, **options)
        if self.moment == "intended":
            os.kill(os.getpid(), signal.SIGKILL)

    def started(self, *given: Any, **options: Any) -> bool:
        if self.moment == "answered":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.record.started(*given, **options)


def make_call(registry: Registry, call: dict[str, str]) -> None:
    """Run a tool and write what came of it beside the other files of its call, whole or not at all."""
    origin = call["url"].removesuffix("/api/v1")
    connection = Connection(
        call["token"],
        call["url"],
        allowed_hosts=(origin,),
        clock=FastClock(float(call["speed"])),
        limits=LIMITS,
    )
    outcome: dict[str, Any]
    try:
        record = Dying(STORES[call["store"]](Path(call["data"])).open(), call["dies"])
        hex_ = Hex(connection=connection, tools=registry, record=record)
        outcome = {"result": hex_.call(call["tool"], json.loads(call["inputs"]))}
    except HexError as error:
        outcome = {"error": error.document()}
    except Exception:  # noqa: BLE001
        # Whoever waits for the outcome is to hear of it.
        outcome = {"error": traceback.format_exc()}
    made = Path(call["out"] + ".part")
    made.write_text(json.dumps(outcome), encoding="utf-8")
    made.replace(call["out"])


def main() -> None:
    registry = Registry.load(plugins=False)
    for tool in ("hex_run_project", "hex_run_and_wait", "hex_run_pipeline", "hex_run_batch"):
        _ = registry[tool].check, registry[tool].select_outputs, handler_of(registry[tool])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        call = json.loads(line)
        child = os.fork()
        if child == 0:
            os.close(0)
            make_call(registry, call)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
