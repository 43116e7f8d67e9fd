"""What work on many runs can end with, as its handlers declare it."""

from __future__ import annotations

from hex_blocks.runs.starting import START_ERRORS
from hex_blocks.runs.waiting import CANCEL_ERRORS, WAIT_ERRORS, WAIT_USES

# What ends the whole work.
WORK_ERRORS = (
    "key_reused",
    "record_busy",
    "record_unusable",
    "start_interrupted",
    "work_interrupted",
    "work_interrupted_and_cancelled",
    "work_interrupted_between",
)
# What is reported of one of its runs.
JOB_ERRORS = (*(key for key in START_ERRORS if key != "key_reused"), *WAIT_ERRORS, *CANCEL_ERRORS)
WORK_USES = ("hex_run_project", "hex_cancel_run", *WAIT_USES)
