"""Play the tasks and print how each went.

    python -m eval                                   the scripted caller
    python -m eval --model NAME [--base-url URL]     a model; its key is read from OPENAI_API_KEY

Ends with 1 where a task failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import requests

from eval.model import ModelCaller
from eval.playing import Caller, Outcome, play, tasks
from eval.scripted import ScriptedCaller

OPENAI = "https://api.openai.com/v1"


def main() -> int:
    """Play the tasks asked for."""
    parser = argparse.ArgumentParser(description="Play the tasks on the sandbox and judge what comes of them.")
    parser.add_argument("--model", help="name of the model; without one the scripted caller plays")
    parser.add_argument(
        "--base-url", default=os.environ.get("OPENAI_BASE_URL") or OPENAI, help="any compatible endpoint"
    )
    parser.add_argument("--tasks", help="ids of tasks, by comma; all without it")
    parser.add_argument("--out", type=Path, help="a file for the outcomes as JSON")
    given = parser.parse_args()
    if unknown := [name for name in _names(given.tasks) if name not in tasks()]:
        parser.error(f"no such task: {', '.join(unknown)}")
    caller: Caller = ScriptedCaller()
    if given.model:
        caller = ModelCaller(given.model, given.base_url, os.environ.get("OPENAI_API_KEY", ""))
    outcomes = []
    for outcome in _played(_names(given.tasks), caller):
        outcomes.append(outcome)
        state = "passed" if outcome.passed else "FAILED"
        print(f"{state}  {outcome.task:28} {outcome.calls:3} calls, {outcome.failed_calls} failed", flush=True)
        for fault in outcome.faults:
            print(f"        {fault}")
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"{passed} of {len(outcomes)} tasks, {sum(outcome.calls for outcome in outcomes)} calls")
    if given.out:
        given.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=2, ensure_ascii=False) + "\n")
    return 0 if passed == len(outcomes) else 1


def _names(wanted: str | None) -> list[str]:
    return [name.strip() for name in wanted.split(",")] if wanted else list(tasks())


def _played(names: list[str], caller: Caller) -> Iterator[Outcome]:
    for name in names:
        try:
            yield play(tasks()[name], caller)
        except requests.RequestException as error:
            yield Outcome(name, (f"the endpoint failed: {error}",), 0, 0, "")


if __name__ == "__main__":
    sys.exit(main())
