"""Start-up of the command line, as whole processes in turn.

    python bench/start_up.py [--rounds 15]

A listing should cost at most 1.5 times `from pydantic import BaseModel`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "from pydantic import BaseModel": [sys.executable, "-c", "from pydantic import BaseModel"],
    "hex-blocks tools": [sys.executable, "-m", "hex_blocks", "tools"],
    "hex-blocks show hex_run_project": [sys.executable, "-m", "hex_blocks", "show", "hex_run_project"],
    "import requests": [sys.executable, "-c", "import requests"],
}


def wall_ms(command: list[str]) -> float:
    """Give the wall time of one run of a command, in milliseconds."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure the commands in turn and print the medians."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    given = options.parse_args()
    for command in COMMANDS.values():
        wall_ms(command)
    rounds = [{name: wall_ms(command) for name, command in COMMANDS.items()} for _ in range(given.rounds)]
    base = "from pydantic import BaseModel"
    print(f"median wall time of {given.rounds} runs, and against `{base}` pair by pair")
    for name in COMMANDS:
        times = [figures[name] for figures in rounds]
        ratio = statistics.median(figures[name] / figures[base] for figures in rounds)
        print(f"{name:36}{statistics.median(times):7.1f} ms   {ratio:.2f}")


if __name__ == "__main__":
    main()
