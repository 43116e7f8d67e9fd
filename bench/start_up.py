"""Start-up of the command line, as whole processes in turn.

    python bench/start_up.py [--rounds 15] [--peer PATH]

A listing should cost at most 1.5 times `from pydantic import BaseModel`, and a call, which lists the projects of a
sandbox, at most 0.75 times the same by another client of Hex's API: `hex-api projects list`, of `hex-api[cli]` on
PyPI, in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys

from hex_blocks.sandbox import TOKENS, Sandbox

BASE = "from pydantic import BaseModel"
CALL = "hex-blocks call list_projects"
PEER = "hex-api projects list"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    BASE: [sys.executable, "-c", BASE],
    "import requests": [sys.executable, "-c", "import requests"],
    "hex-blocks tools": [sys.executable, "-m", "hex_blocks", "tools"],
    "hex-blocks show hex_run_project": [sys.executable, "-m", "hex_blocks", "show", "hex_run_project"],
    CALL: [sys.executable, "-m", "hex_blocks", "call", "list_projects"],
}


def cpu_ms(command: list[str], environment: dict[str, str]) -> float:
    """Return the CPU time of one run of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    """Measure the commands in turn and print the medians."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--peer", help="the program hex-api, to measure it beside ours")
    given = options.parse_args()
    commands = COMMANDS | ({PEER: [given.peer, "projects", "list"]} if given.peer else {})
    with Sandbox(limits=False) as sandbox:
        ours = {
            "HEX_API_BASE_URL": sandbox.base_url,
            "HEX_API_TOKEN": TOKENS.personal,
            "HEX_BLOCKS_ALLOWED_HOSTS": sandbox.origin,
        }
        theirs = {"HEX_API_BASE_URL": sandbox.base_url.removesuffix("/v1"), "HEX_API_KEY": TOKENS.personal}
        environments = {name: os.environ | (theirs if name == PEER else ours) for name in commands}
        for name, command in commands.items():
            cpu_ms(command, environments[name])
        rounds = [
            {name: cpu_ms(command, environments[name]) for name, command in commands.items()}
            for _ in range(given.rounds)
        ]
    print(f"median CPU time of {given.rounds} runs, and against `{BASE}` pair by pair")
    for name in commands:
        print(f"{name:36}{statistics.median(each[name] for each in rounds):7.1f} ms   {ratio(rounds, name, BASE):.2f}")
    if given.peer:
        print(f"`{CALL}` against `{PEER}`: {ratio(rounds, CALL, PEER):.2f}")


def ratio(rounds: list[dict[str, float]], name: str, other: str) -> float:
    """Return the median of the ratios of two commands, pair by pair."""
    return statistics.median(each[name] / each[other] for each in rounds)


if __name__ == "__main__":
    main()
