"""Following many runs: requests and delays of the watcher, beside a poller for each run, under Hex's limits.

    python bench/following.py [--interval 5]

On the sandbox with a driven clock, so that an hour takes seconds and every run of it gives the same figures. The
runs end one after the other over five minutes. Delays are from the end of a run until it is noticed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, replace

from hex_blocks import Connection, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.run import execute
from hex_blocks.runs.watcher import watcher_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run
from hex_blocks.tools.tool_call import ToolCall

# So many runs, in so many projects.
SCENES = ((1, 1), (50, 1), (500, 1), (50, 5), (50, 50), (500, 50))
FIRST_END, LAST_END = 60.0, 360.0


@dataclass
class Outcome:
    """What following cost. seconds: of this machine's own time."""

    requests: int
    minutes: float
    delays: list[float]
    seconds: float


def follow(runs: int, projects: int, interval: float) -> Outcome:
    """Follow runs to their ends with the watcher."""
    clock = DrivenClock()
    with (
        Sandbox(clock=clock) as sandbox,
        Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), clock=clock) as connection,
    ):
        ids = add_projects(sandbox, projects)
        started = [add_run(sandbox, ids[number % projects], number / runs) for number in range(runs)]
        watcher = watcher_of(connection)
        tools = Registry.load()
        call = ToolCall(tools["hex_run_and_wait"], tools, connection, execute)
        left = [watcher.follow({"projectId": run.project_id, "runId": run.id}, interval) for run in started]
        ends = {run.id: run.created_at + (run.plan.running or 0.0) for run in started}
        delays = []
        began = time.perf_counter()
        while left:
            for each in watcher.wait(call, left, float("inf")):
                delays.append(clock.time() - ends[each.run_id])
                watcher.leave(each)
                left.remove(each)
        return Outcome(len(sandbox.requests), clock.monotonic() / 60, delays, time.perf_counter() - began)


def add_projects(sandbox: Sandbox, count: int) -> list[str]:
    """Add published projects without any runs."""
    template = sandbox.world.project("Quick check")
    return [sandbox.world.add(replace(template, id=sandbox.world.new_id())).id for _ in range(count)]


def add_run(sandbox: Sandbox, project_id: str, part: float) -> Run:
    """Add a run that ends in its turn; part: from 0, the first one, to 1."""
    return sandbox.world.add(
        Run(
            id=sandbox.world.new_id(),
            project_id=project_id,
            caller="bench",
            version=1,
            created_at=sandbox.clock.time(),
            plan=Plan(0, FIRST_END + (LAST_END - FIRST_END) * part),
        )
    )


def main() -> None:
    """Measure every scene and print a line for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--interval", type=float, default=5.0, help="seconds between two looks at a run")
    given = options.parse_args()
    print(f"a poller for each run, every {given.interval:g} s, beside one watcher for all")
    print("                requests a minute                  delay, s     own time")
    print(" runs projects  pollers  watcher  share         median    most  ms a look")
    for runs, projects in SCENES:
        outcome = follow(runs, projects, given.interval)
        a_minute, pollers = outcome.requests / outcome.minutes, runs * 60 / given.interval
        print(
            f"{runs:5}{projects:9}{pollers:9.0f}{a_minute:9.1f}{a_minute / pollers:7.3f}"
            f"{statistics.median(outcome.delays):15.1f}{max(outcome.delays):8.1f}"
            f"{1000 * outcome.seconds / outcome.requests:11.2f}"
        )


if __name__ == "__main__":
    main()
