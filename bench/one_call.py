"""One call through a tool beside the same GET through bare libraries, on one local server, in one run.

    python bench/one_call.py [--calls 1000] [--rounds 5]

Prints the median, per round and over all rounds, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import httpx
import requests

from hex_blocks import Connection, Hex
from hex_blocks.sandbox import TOKENS, Sandbox

PROJECT = "01234567-89ab-cdef-0123-456789abcdef"


def median_ms(call: Callable[[], object], calls: int) -> float:
    """Give the median time of one call, in milliseconds."""
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    """Measure the contenders in turn, so that the machine's moods meet all of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with Sandbox(limits=False) as sandbox:
        url = f"{sandbox.base_url}/projects/{PROJECT}/runs/{PROJECT}"
        headers = {"Authorization": f"Bearer {TOKENS.personal}"}
        # Limits so wide that nothing waits, but every request is counted as it would be.
        limits = {"all": ((10**9, 60),)}
        connection = Connection(TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), limits=limits)
        hex_ = Hex(connection=connection)
        inputs = {"projectId": PROJECT, "runId": PROJECT}
        plain = requests.Session()
        bare = requests.Session()
        bare.trust_env = False
        client = httpx.Client()
        contenders: dict[str, Callable[[], object]] = {
            "hex_blocks, through a tool": lambda: hex_.call("hex_get_run_status", inputs),
            "requests.Session": lambda: plain.get(url, headers=headers).json(),
            "requests.Session, trust_env=False": lambda: bare.get(url, headers=headers).json(),
            "httpx.Client": lambda: client.get(url, headers=headers).json(),
        }
        for call in contenders.values():
            call()
        rounds = [
            {name: median_ms(call, given.calls) for name, call in contenders.items()} for _ in range(given.rounds)
        ]
    print(f"p50 of {given.calls} calls, milliseconds, {given.rounds} rounds and their median")
    for name in contenders:
        each = [figures[name] for figures in rounds]
        print(f"{name:36}{statistics.median(each):7.3f}   {'  '.join(f'{figure:.3f}' for figure in each)}")


if __name__ == "__main__":
    main()
