"""Print the runs that failed lately, of the projects that were published last, as JSON.

    python3 failed_runs.py [--hours 24] [--projects 10]

It needs the command hex-blocks and nothing else. Options for hex-blocks, such as --sandbox, go after `--`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

FAILED = ("ERRORED", "KILLED", "UNABLE_TO_ALLOCATE_KERNEL")


def call(tool: str, inputs: dict[str, Any], options: list[str]) -> dict[str, Any]:
    """Call a tool and return its outputs; end with the command's own words and code where it fails."""
    command = ["hex-blocks", "call", tool, "--input", "-", "--quiet", *options]
    done = subprocess.run(command, input=json.dumps(inputs), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


def told(project: dict[str, Any], run: dict[str, Any], ended: str) -> dict[str, str]:
    """Return what is printed of a run."""
    return {"project": project["title"], "ended": ended, "status": run["status"], "runUrl": run["runUrl"]}


def main() -> None:
    """Look at each project and print what failed."""
    given, options = sys.argv[1:], []
    if "--" in given:
        cut = given.index("--")
        given, options = given[:cut], given[cut + 1 :]
    parser = argparse.ArgumentParser(description="Print the runs that failed lately.")
    parser.add_argument("--hours", type=float, default=24, help="how far to look back")
    parser.add_argument("--projects", type=int, default=10, help="how many projects to look at, at most 100")
    wanted = parser.parse_args(given)
    since = datetime.now(UTC) - timedelta(hours=wanted.hours)

    newest = {"limit": 100, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}
    listed = [each for each in call("hex_list_projects", newest, options)["projects"] if each["lastPublishedAt"]]
    failed = []
    for project in listed[: wanted.projects]:
        for status in FAILED:
            asked = {"projectId": project["id"], "statusFilter": status, "limit": 25}
            for run in call("hex_get_project_runs", asked, options)["runs"]:
                ended = run["endTime"] or run["startTime"]
                if ended and datetime.fromisoformat(ended.replace("Z", "+00:00")) >= since:
                    failed.append(
                        {"project": project["title"], "ended": ended, "status": status, "runUrl": run["runUrl"]}
                    )
    print(
        json.dumps(
            {
                "failed": sorted(failed, key=lambda run: run["ended"], reverse=True),
                "lookedAt": [each["title"] for each in listed[: wanted.projects]],
                "notLookedAt": [each["title"] for each in listed[wanted.projects :]],
            },
            indent=2,
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
