"""Run a project once for each row of a CSV file. The columns have the names of the project's inputs.

    python3 run_rows.py PROJECT FILE.csv --key JOB

Cells for inputs that are numbers or checkboxes are sent as numbers or booleans, all others as text. The key names the
job: if the script is called again with the same key, it continues the job and runs no row twice. It needs only the
command hex-blocks. Options for hex-blocks, such as --sandbox, go after `--`.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def call(tool: str, inputs: dict[str, Any], options: list[str]) -> tuple[int, str]:
    """Call a tool and return the command's exit code and output."""
    command = ["hex-blocks", "call", tool, "--input", "-", *options]
    done = subprocess.run(command, input=json.dumps(inputs), stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def value(text: str, type_: str) -> Any:
    """Return the value of a cell in the type of the input."""
    if type_ in ("number", "integer", "boolean", "array", "object"):
        return json.loads(text.lower() if type_ == "boolean" else text)
    return text


def main() -> None:
    """Run the rows and print the result of each."""
    given, options = sys.argv[1:], []
    if "--" in given:
        cut = given.index("--")
        given, options = given[:cut], given[cut + 1 :]
    parser = argparse.ArgumentParser(description="Run a project once for each row of a CSV file.")
    parser.add_argument("project", help="the project's ID or address")
    parser.add_argument("file", type=Path, help="the CSV file; its first line names the inputs")
    parser.add_argument("--key", required=True, help="a name for this job")
    wanted = parser.parse_args(given)

    code, printed = call("hex_get_project_inputs", {"projectId": wanted.project}, [*options, "--quiet"])
    if code:
        sys.exit(code)
    types = {each["name"]: each["type"] for each in json.loads(printed)["inputs"]}
    with wanted.file.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if unknown := {name for row in rows for name in row} - set(types):
        sys.exit(f"Not inputs of the project: {', '.join(sorted(map(str, unknown)))}. It has: {', '.join(types)}.")
    sets = [{name: value(text, types[name]) for name, text in row.items() if text} for row in rows]
    batch = {"projectId": wanted.project, "parameterSets": sets, "idempotencyKey": wanted.key}
    code, printed = call("hex_run_batch", batch, options)
    print(printed, end="")
    sys.exit(code)


if __name__ == "__main__":
    main()
