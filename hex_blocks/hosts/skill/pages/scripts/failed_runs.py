"""Print as JSON the recently failed runs and the active runs of the most recently published projects.

    python3 failed_runs.py [--hours 24] [--projects 10]

It needs the command hex-blocks and nothing else. Options for hex-blocks, such as --sandbox, go after `--`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import Any

FAILED = ("ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL")
ACTIVE = ("PENDING", "RUNNING")
# The fields of a run that are printed.
TOLD = ("projectId", "runId", "status", "startTime", "endTime", "elapsedSeconds", "runTrigger", "runUrl")
# The number of runs that are read of each project, with one request.
NEWEST = 100


def call(tool: str, inputs: dict[str, Any], options: list[str]) -> dict[str, Any]:
    """Call a tool and return its outputs. If it fails, print its error and exit with its code."""
    command = ["hex-blocks", "call", tool, "--input", "-", "--quiet", *options]
    done = subprocess.run(command, input=json.dumps(inputs), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


def ended(run: dict[str, Any]) -> datetime:
    """Return when a run ended; the current time if it has not ended."""
    time = run["endTime"]
    return datetime.fromisoformat(time.replace("Z", "+00:00")) if time else datetime.now(timezone.utc)


def told(project: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a run that are printed."""
    return {"project": project["title"], **{name: run[name] for name in TOLD}}


def usual_seconds(runs: list[dict[str, Any]]) -> float | None:
    """Return the median duration of a project's completed runs in seconds; None if there is none."""
    took = [run["elapsedSeconds"] for run in runs if run["status"] == "COMPLETED" and run["elapsedSeconds"]]
    return median(took) if took else None


def main() -> None:
    """Read the runs of each project, and print the failed and the active ones."""
    given, options = sys.argv[1:], []
    if "--" in given:
        cut = given.index("--")
        given, options = given[:cut], given[cut + 1 :]
    parser = argparse.ArgumentParser(description="Print the runs that failed lately and those that are active.")
    parser.add_argument("--hours", type=float, default=24, help="how far to look back")
    parser.add_argument("--projects", type=int, default=10, help="how many projects to look at, at most 100")
    wanted = parser.parse_args(given)
    since = datetime.now(timezone.utc) - timedelta(hours=wanted.hours)

    newest = {"limit": 100, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}
    listed = [each for each in call("hex_list_projects", newest, options)["projects"] if each["lastPublishedAt"]]
    failed: list[dict[str, Any]] = []
    active: list[dict[str, Any]] = []
    many: list[str] = []
    for project in listed[: wanted.projects]:
        runs = call("hex_get_project_runs", {"projectId": project["id"], "limit": NEWEST}, options)["runs"]
        lately = [run for run in runs if ended(run) >= since]
        failed += [told(project, run) for run in lately if run["status"] in FAILED]
        usual = usual_seconds(runs)
        active += [{**told(project, run), "usualSeconds": usual} for run in runs if run["status"] in ACTIVE]
        if len(lately) == NEWEST:
            many.append(project["title"])
    print(
        json.dumps(
            {
                "failed": sorted(failed, key=lambda run: run["endTime"] or "", reverse=True),
                "active": active,
                "lookedAt": [each["title"] for each in listed[: wanted.projects]],
                "onlyTheNewestRunsOf": many,
                "notLookedAt": [each["title"] for each in listed[wanted.projects :]],
            },
            indent=2,
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
