"""Makes calls in processes of their own, kills them, and makes them again: on one machine, or on several."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Run
from tests.conftest import REPOSITORY
from tests.promises.stores import STORES

KILLS = int(os.environ.get("KILLS", "12"))
SPEED = 50.0


class Driver:
    """Makes calls in processes of their own and kills them."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.store = STORES[kind](folder / "data")
        self.kills = 0
        # Whether a call that ends because the store is away is made again.
        self.calls_again = False
        # Called when the sandbox has done a request and not yet answered it.
        self.on_request: Callable[[str], None] = lambda line: None
        self.sandbox = Sandbox(clock=FastClock(SPEED), limits=False, log=lambda line: self.on_request(line)).start()
        self._before = {run.id for run in self.sandbox.world.all(Run)}
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )

    def close(self) -> None:
        self._nursery.communicate()
        self.sandbox.stop()

    def begin(self, tool: str, inputs: dict[str, Any], dies: str = "") -> tuple[int, Path]:
        """Begin a call; give the number of its process and the file that will hold what came of it."""
        out = self.folder / f"{time.monotonic_ns()}.json"
        call = {
            "tool": tool,
            "inputs": json.dumps(inputs),
            "url": self.sandbox.base_url,
            "token": TOKENS.personal,
            "speed": str(SPEED),
            "store": self.kind,
            "data": str(self.folder / "data"),
            "dies": dies,
            "out": str(out),
        }
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(json.dumps(call) + "\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline()), out

    def let_die(self, tool: str, inputs: dict[str, Any], moment: str) -> None:
        """Make a call whose process is killed when its start was intended, when Hex has done it, or answered."""
        if moment == "done":
            self.kill_at_request(tool, inputs, 1, "POST")
            return
        process, out = self.begin(tool, inputs, dies=moment)
        while is_alive(process):
            time.sleep(0.01)
        assert not out.exists()

    def kill_after(self, tool: str, inputs: dict[str, Any], seconds: float) -> None:
        """Kill a call some time after it began."""
        process, _ = self.begin(tool, inputs)
        time.sleep(seconds)
        self._kill(process)

    def kill_at_request(self, tool: str, inputs: dict[str, Any], number: int, method: str) -> None:
        """Kill a call when the sandbox has done its so-manieth request of a method, before the answer is sent."""
        reached, seen = threading.Event(), 0

        def count(line: str) -> None:
            nonlocal seen
            seen += line.startswith(method)
            if seen == number and not reached.is_set():
                self._kill(process)
                reached.set()

        lock = threading.Lock()
        with lock:
            # The first request must not come before the number of its process is known.
            self.on_request = lambda line: self._after(lock, count, line)
            process, out = self.begin(tool, inputs)
        while not reached.wait(0.01) and not out.exists():
            continue
        self.on_request = lambda line: None

    @staticmethod
    def _after(lock: threading.Lock, count: Callable[[str], None], line: str) -> None:
        with lock:
            count(line)

    def _kill(self, process: int) -> None:
        self.kills += 1
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            # It was quicker.
            self.kills -= 1

    def finish(self, tool: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Make a call and let it live."""
        _, out = self.begin(tool, inputs)
        while not out.exists():
            time.sleep(0.01)
        outcome: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        if self.calls_again and "'record_busy'" in repr(outcome.get("error")):
            return self.finish(tool, inputs)
        assert "result" in outcome, outcome["error"]
        return outcome["result"]  # type: ignore[no-any-return]

    def runs_of(self, *titles: str) -> dict[str, Run]:
        """Give the runs of some projects that were started since the sandbox began."""
        projects = [self.sandbox.world.project(title).id for title in titles]
        runs = [run for project in projects for run in self.sandbox.world.runs(project)]
        return {run.id: run for run in runs if run.id not in self._before}


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def killed_again_and_again(
    driver: Driver, chance: random.Random, tool: str, inputs: dict[str, Any], *, starts: int
) -> dict[str, Any]:
    """Kill a call one to three times, at random moments or just when a start was done, and let it end then."""
    for _ in range(chance.randint(1, 3)):
        at = chance.random()
        if at < 0.4:
            driver.kill_at_request(tool, inputs, chance.randint(1, starts), "POST")
        elif at < 0.5:
            driver.kill_at_request(tool, inputs, chance.randint(1, 2 * starts), "GET")
        else:
            driver.kill_after(tool, inputs, chance.uniform(0, 0.2 * (1 + starts)))
    return driver.finish(tool, inputs)
