"""Airflow: the import of a DAG file beside that of another provider, and the requests of tasks that wait.

    PYTHONPATH=. $(python tests/hosts/run_suites.py --environment airflow)/bin/python bench/airflow_dags.py [--rounds 5]

Imports are whole processes in turn, in seconds of processor time. Waiting tasks are triggers in one event loop, as a
triggerer has them, on the sandbox with Hex's limits and a fast clock; their runs go on for all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run

DAG = "from airflow.sdk import DAG\n{imported}\nwith DAG('bench', schedule=None):\n    {task}\n"
FILES = {
    "a DAG without tasks": ("", "pass"),
    "hex_blocks": (
        "from hex_blocks.hosts.airflow import HexRunProjectOperator",
        "HexRunProjectOperator(task_id='a', project_id='x', deferrable=True)",
    ),
    "dbt Cloud's provider": (
        "from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator",
        "DbtCloudRunJobOperator(task_id='a', job_id=1, deferrable=True)",
    ),
}
WAITING = (50, 500)
SPEED, MINUTES = 3, 3


def cpu_seconds(code: str) -> float:
    """Run code in a process of its own, and return the processor time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(rounds: int) -> None:
    """Measure the import of each DAG file."""
    codes = {name: DAG.format(imported=imported, task=task) for name, (imported, task) in FILES.items()}
    times: dict[str, list[float]] = {name: [] for name in codes}
    # The first is for the files of compiled code.
    for number in range(rounds + 1):
        for name, code in codes.items():
            taken = cpu_seconds(code)
            if number:
                times[name].append(taken)
    print(f"import of a DAG file, seconds of processor time, median and range of {rounds}")
    for name, taken_all in times.items():
        print(f"{name:24}{statistics.median(taken_all):6.2f}   {min(taken_all):.2f}-{max(taken_all):.2f}")


async def wait_for(runs: list[Run], clock: FastClock) -> None:
    """Wait for runs as a triggerer does, for some minutes."""
    from hex_blocks.hosts.airflow import HexRunTrigger

    async def follow(run: Run) -> None:
        until = clock.time() + 24 * 3600
        trigger = HexRunTrigger(hex_conn_id="hex_default", project_id=run.project_id, run_id=run.id, until=until)
        await anext(trigger.run())

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*map(follow, runs)), MINUTES * 60 / SPEED)


def requests_of(count: int) -> tuple[float, int]:
    """Return the requests a minute while so many tasks wait, and how many of them Hex refused."""
    from hex_blocks.api import connection
    from hex_blocks.hosts.engines.clients import forget_clients

    clock = FastClock(SPEED)
    vars(connection)["SystemClock"] = lambda: clock
    with Sandbox(clock=clock) as sandbox:
        os.environ["HEX_BLOCKS_ALLOWED_HOSTS"] = sandbox.origin
        made = {"conn_type": "hex", "password": TOKENS.personal, "host": sandbox.origin}
        os.environ["AIRFLOW_CONN_HEX_DEFAULT"] = json.dumps(made)
        forget_clients()
        world, project = sandbox.world, sandbox.world.project("Quick check").id
        ada, now = world.user("Ada Okafor").id, clock.time()
        runs = [
            Run(id=world.new_id(), project_id=project, caller=ada, version=1, created_at=now, plan=Plan(0, None))
            for _ in range(count)
        ]
        asyncio.run(wait_for([world.add(run) for run in runs], clock))
        return len(sandbox.requests) / MINUTES, sum(each.status == 429 for each in sandbox.requests)


def main() -> None:
    """Measure both and print them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "HEX_BLOCKS_DATA_DIR": home}
        imports(given.rounds)
        print("requests a minute while tasks wait, looked at every 10 seconds")
        for count in WAITING:
            a_minute, refused = requests_of(count)
            print(f"{count:5} tasks{a_minute:9.1f}   refused: {refused}")


if __name__ == "__main__":
    main()
