"""The errors of starts, waits, batches and pipelines, and the tools that they use, for the declarations of handlers."""

from __future__ import annotations

# The keys of errors that a start can raise.
START_ERRORS = (
    "bad_parameters",
    "interrupted_before",
    "key_busy",
    "key_reused",
    "no_free_kernel",
    "not_found",
    "not_published",
    "project_busy",
    "record_busy",
    "record_unusable",
    "start_interrupted",
    "start_lost",
    "start_pending",
    "start_uncertain",
    "start_unknown",
    "start_unrecorded",
)
# The tools whose requests a start also sends: to distinguish its run from others, and to check its parameters.
LIST_OF_RUNS, FILE_OF_PROJECT = "hex_get_project_runs", "hex_export_project"
# The keys of errors of a wait, and of a cancellation after a timeout.
WAIT_ERRORS = ("run_errored", "run_gone", "run_killed", "run_no_kernel", "run_timeout", "run_unfollowed")
CANCEL_ERRORS = ("run_cancelled_at_timeout", "run_not_cancelled")
# The tools whose requests a wait sends.
WAIT_USES = ("hex_get_run_status", LIST_OF_RUNS)
# The keys of errors that end the whole work.
WORK_ERRORS = (
    "key_reused",
    "record_busy",
    "record_unusable",
    "start_interrupted",
    "work_interrupted",
    "work_interrupted_and_cancelled",
    "work_interrupted_between",
)
# The keys of errors that are reported for one of its runs.
JOB_ERRORS = (*(key for key in START_ERRORS if key != "key_reused"), *WAIT_ERRORS, *CANCEL_ERRORS)
WORK_USES = ("hex_run_project", "hex_cancel_run", *WAIT_USES)
