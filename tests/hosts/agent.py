"""A scripted agent: five jobs, each with the calls that a model would make, for any host.

A job is a generator: it yields a call, receives its result, and returns the answer to the user.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

REVENUE_REPORT = "01234567-89ab-cdef-0123-456789abcdef"
DATES = {"start_date": "2026-01-01", "end_date": "2026-01-31"}


class RequestedCall(NamedTuple):
    """A call that the agent requests."""

    tool: str
    arguments: Any


class CallResult(NamedTuple):
    """The result of a call: the tool's outputs or its error, and the number of pictures."""

    document: dict[str, Any]
    pictures: int = 0
    is_error: bool = False


Job = Generator[RequestedCall, CallResult, dict[str, Any]]


def run_a_report() -> Job:
    """Run a report for EMEA and show its chart."""
    found = yield RequestedCall("hex_find_project", {"query": "revenue report"})
    project = found.document["matches"][0]["id"]
    run = yield RequestedCall("hex_run_and_wait", {"projectId": project, "inputParams": {**DATES, "region": "EMEA"}})
    results = yield RequestedCall("hex_get_run_results", {"projectId": project, "runId": run.document["runId"]})
    return {"status": run.document["status"], "charts": len(results.document["charts"]), "shown": results.pictures}


def failed_this_week() -> Job:
    """Report which runs failed this week."""
    arguments = {"limit": 100, "sortBy": "LAST_PUBLISHED_AT", "sortDirection": "DESC"}
    listed = yield RequestedCall("hex_call_tool", {"name": "hex_list_projects", "arguments": arguments})
    projects = [each for each in listed.document["result"]["projects"] if each["lastPublishedAt"]]
    failed = []
    for project in projects[:8]:
        asked = {"projectId": project["id"], "statusFilter": "ERRORED", "limit": 5}
        runs = yield RequestedCall("hex_get_project_runs", asked)
        failed += [(project["title"], run["runId"]) for run in runs.document["runs"]]
    return {"looked_at": len(projects[:8]), "failed": failed}


def cancel_what_hangs() -> Job:
    """Start a run that hangs, find it, and cancel it."""
    found = yield RequestedCall("hex_find_project", {"query": "endless simulation"})
    project = found.document["matches"][0]["id"]
    yield RequestedCall("hex_run_project", {"projectId": project})
    ended = []
    for status in ("PENDING", "RUNNING"):
        runs = yield RequestedCall("hex_get_project_runs", {"projectId": project, "statusFilter": status})
        for run in runs.document["runs"]:
            which = {"projectId": project, "runId": run["runId"]}
            yield RequestedCall("hex_cancel_run", which)
            after = yield RequestedCall("hex_get_run_status", which)
            ended.append(after.document["status"])
    return {"ended": ended}


def compare_regions() -> Job:
    """Compare three regions."""
    arguments = {"projectId": REVENUE_REPORT, "combine": {"region": ["US", "EMEA", "APAC"]}}
    batch = yield RequestedCall("hex_run_batch", arguments)
    sets = batch.document["sets"]
    return {"regions": {each["inputParams"]["region"]: each["status"] for each in sets}}


def who_owns_it() -> Job:
    """Report who owns the revenue project."""
    found = yield RequestedCall("hex_find_project", {"query": "revenue report"})
    return {"owner": found.document["matches"][0]["ownerEmail"]}


JOBS: dict[str, Callable[[], Job]] = {
    job.__name__: job for job in (run_a_report, failed_this_week, cancel_what_hangs, compare_regions, who_owns_it)
}


def check(name: str, told: dict[str, Any]) -> None:
    """Fail if the agent's answer does not match the sandbox."""
    match name:
        case "run_a_report":
            assert told == {"status": "COMPLETED", "charts": 2, "shown": 2}
        case "failed_this_week":
            assert told["looked_at"] == 8
            assert told["failed"]
        case "cancel_what_hangs":
            assert told["ended"]
            assert set(told["ended"]) == {"KILLED"}
        case "compare_regions":
            assert told["regions"] == dict.fromkeys(("US", "EMEA", "APAC"), "COMPLETED")
        case "who_owns_it":
            assert told["owner"].startswith("ada.okafor@")
        case _:
            raise AssertionError(name)


def do(job: Job, call: Callable[[str, dict[str, Any]], CallResult]) -> dict[str, Any]:
    """Run a job with a function that makes its calls, and return the answer."""
    wanted = next(job)
    while True:
        try:
            wanted = job.send(call(wanted.tool, wanted.arguments))
        except StopIteration as done:
            told: dict[str, Any] = done.value
            return told
