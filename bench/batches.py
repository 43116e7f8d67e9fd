"""Batches under Hex's limits: how long they take beside the least that the limits allow, and what they ask of Hex.

    python bench/batches.py [--run-seconds 8]

On the sandbox with a driven clock, so that hours take seconds and every run of it gives the same figures.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from hex_blocks import Connection, Hex
from hex_blocks.api.limits.groups import HEX_LIMITS
from hex_blocks.clock import DrivenClock
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan

SIZES = (20, 50, 200, 600)


def least_seconds(sets: int, run_seconds: float) -> float:
    """Give the shortest time in which Hex's limits let so many runs be started, and the last one end."""
    begins, left = 0.0, sets - 1
    for amount, seconds in sorted(HEX_LIMITS["runs"], key=lambda limit: -limit[1]):
        windows, left = divmod(left, amount)
        begins += windows * seconds
    return begins + run_seconds


def main() -> None:
    """Run batches of several sizes and print a line for each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--run-seconds", type=float, default=8.0, help="how long each run takes, 60 at the most")
    given = options.parse_args()
    print("                makespan, s            requests       own time")
    print(" sets   least  needed  ratio   starts lists refused   ms a set")
    for sets in SIZES:
        clock = DrivenClock()
        with (
            tempfile.TemporaryDirectory() as folder,
            Sandbox(clock=clock) as sandbox,
            Connection(
                TOKENS.personal,
                sandbox.base_url,
                allowed_hosts=(sandbox.origin,),
                clock=clock,
            ) as connection,
        ):
            project = sandbox.world.project("Revenue report")
            project.plan = Plan(0, given.run_seconds)
            days = [{"start_date": f"{1000 + number}-01-01"} for number in range(sets)]
            began = time.perf_counter()
            hex_ = Hex(connection=connection, record=SqliteRecord(Path(folder)))
            result = hex_.call("hex_run_batch", {"projectId": project.id, "parameterSets": days})
            own = 1000 * (time.perf_counter() - began) / sets
            sent = Counter((request.operation_id, request.status) for request in sandbox.requests)
        least, needed = least_seconds(sets, given.run_seconds), float(result["elapsedSeconds"])
        refused = sum(count for (_, status), count in sent.items() if status >= 400)
        print(
            f"{result['completed']:5}{least:8.0f}{needed:8.0f}{needed / least:7.3f}"
            f"{sent['RunProject', 201]:9}{sent['GetProjectRuns', 200]:6}{refused:8}{own:11.2f}"
        )


if __name__ == "__main__":
    main()
