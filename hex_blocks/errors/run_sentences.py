"""The error sentences of runs, of batches and pipelines, and of the answers of Hex's agent."""

from __future__ import annotations

from hex_blocks.errors.sentence import BUSY, DOWN, INPUT, RUN, Sentence
from hex_blocks.i18n.plurals import Plural

RUN_SENTENCES = {
    "run_errored": Sentence(
        RUN, "The run ended with an error in the project.", "Open {runUrl} to see which cell failed."
    ),
    "run_killed": Sentence(
        RUN,
        "The run was cancelled, by someone or by a limit in Hex.",
        "Open {runUrl} to see how far it got.",
    ),
    "run_no_kernel": Sentence(
        RUN,
        "The run was accepted but never got a kernel, so nothing was computed.",
        "Start it again when fewer runs are active.",
    ),
    "run_timeout": Sentence(
        RUN,
        Plural(
            "The run has not ended within {timeout} second. It keeps running in Hex.",
            "The run has not ended within {timeout} seconds. It keeps running in Hex.",
            "timeout",
        ),
        "Follow it with hex_get_run_status, or stop it with hex_cancel_run: {runUrl}",
    ),
    "run_cancelled_at_timeout": Sentence(
        RUN,
        Plural(
            "The run had not ended within {timeout} second and was cancelled.",
            "The run had not ended within {timeout} seconds and was cancelled.",
            "timeout",
        ),
        "Increase the timeout, or see what it was doing: {runUrl}",
    ),
    "run_not_cancelled": Sentence(
        RUN,
        "The run had not ended in time and could not be cancelled: {reason} It may still be running in Hex.",
        "Stop it with hex_cancel_run, or in Hex: {runUrl}",
    ),
    "run_unfollowed": Sentence(
        RUN,
        "The run was started and keeps running in Hex, but it could no longer be followed: {reason}",
        "Check it with hex_get_run_status: {runUrl}",
    ),
    "run_gone": Sentence(
        RUN,
        "The run no longer exists in Hex, or you can no longer see it: {reason}",
        "Check in Hex whether it exists. If not, start again with a new idempotency key.",
    ),
    "key_reused": Sentence(
        INPUT,
        "The idempotency key {used} was used for another start, with another project or other inputs.",
        "Use a new key for a new start.",
    ),
    "record_unusable": Sentence(
        INPUT,
        "The record of runs cannot be used, so an idempotency key cannot be kept: {reason}.",
        "Make its folder writable, or set HEX_BLOCKS_DATA_DIR to another one. Where HEX_BLOCKS_RECORD names a "
        "PostgreSQL server, check the address and the server.",
    ),
    "record_busy": Sentence(
        BUSY,
        "The record of runs is not available at the moment, so nothing was sent: {reason}.",
        Plural("Try again in {seconds} second.", "Try again in {seconds} seconds.", "seconds"),
    ),
    "outcome_missing": Sentence(
        INPUT,
        "The step needs {found}, which the earlier step did not produce.",
        "Let the pipeline stop at failures, or call it again with retryFailed.",
    ),
    "start_lost": Sentence(
        DOWN,
        "Hex's answer to the start did not come through: {reason} No new run appeared in Hex.",
        "Start it again with the idempotency key {used}: should the run appear after all, it is found.",
    ),
    "start_unknown": Sentence(
        DOWN,
        "Hex's answer to the start did not come through: {reason} Whether a run was started could not be looked up.",
        "Call again with the idempotency key {used}: a run that was started is found, and none is started twice.",
    ),
    "start_unrecorded": Sentence(
        RUN,
        "Hex's answer to the start did not come through: {reason} Whether a run was started cannot be looked up, since "
        "the start could not be written to the record of runs.",
        "Look in Hex whether project {projectId} runs before you start it again: hex_get_project_runs.",
    ),
    "start_uncertain": Sentence(
        RUN,
        "Whether the run was started cannot be told: Hex's answer was lost, and runs of project {projectId} appeared "
        "since that could be it or another's ({runs}).",
        "Look at them in Hex, and start again with a new idempotency key only if none of them is yours.",
    ),
    "start_interrupted": Sentence(
        RUN,
        "The start was stopped before Hex answered, so a run may have been started.",
        "Call again with the idempotency key {used}: a run that was started is found, and none is started twice.",
    ),
    "project_busy": Sentence(
        BUSY,
        "Another start of this project was sent from here, and it is not known yet what became of it.",
        Plural("Try again in {seconds} second.", "Try again in {seconds} seconds.", "seconds"),
    ),
    "start_pending": Sentence(
        BUSY,
        "This start was sent before, and Hex may still carry it out.",
        Plural(
            "Call again with the idempotency key {used} in {seconds} second.",
            "Call again with the idempotency key {used} in {seconds} seconds.",
            "seconds",
        ),
    ),
    "key_busy": Sentence(
        BUSY,
        "Another call is starting a run with the idempotency key {used} at this moment.",
        Plural(
            "Try again in {seconds} second to get its run.", "Try again in {seconds} seconds to get its run.", "seconds"
        ),
    ),
    "work_interrupted": Sentence(
        RUN,
        "The work was stopped. Runs that keep running in Hex: {runs}.",
        "Call it again with the idempotency key {used} to resume.",
    ),
    "work_interrupted_between": Sentence(
        RUN,
        "The work was stopped. None of its runs is active.",
        "Call it again with the idempotency key {used} to resume.",
    ),
    "work_interrupted_and_cancelled": Sentence(
        RUN,
        "The work was stopped, and its runs were cancelled: {runs}.",
        "Call it again with the idempotency key {used} to see how far it got.",
    ),
    "work_failed": Sentence(
        RUN,
        Plural("{failed} of {total} run failed: {names}.", "{failed} of {total} runs failed: {names}.", "total"),
        "Open their pages in Hex to see why. A retry runs those that failed again, and no others.",
    ),
    "interrupted_and_cancelled": Sentence(RUN, "The wait was stopped, and the run was cancelled.", ""),
    "interrupted_before": Sentence(RUN, "The call was stopped before anything was started.", ""),
    "interrupted": Sentence(
        RUN,
        "The wait was stopped. The run keeps running in Hex.",
        "Call again with the idempotency key {idempotencyKey} to keep waiting, or follow it here: {runUrl}",
    ),
    "following_interrupted": Sentence(
        RUN, "The wait was stopped. The run keeps running in Hex.", "Follow it here: {runUrl}"
    ),
    "cancel_interrupted": Sentence(
        RUN, "The call was stopped before this run was cancelled. It keeps running in Hex.", "Follow it here: {runUrl}"
    ),
    "run_not_ended": Sentence(
        RUN, "The run has no results yet: it is {state}.", "Try again when hex_get_run_status returns COMPLETED."
    ),
    # answers of Hex's agent
    "agent_failed": Sentence(
        RUN, "Hex's agent could not answer ({type}): {reason}", "Ask again or rephrase the question: {url}"
    ),
    "answer_timeout": Sentence(
        RUN,
        Plural(
            "The agent has not answered within {timeout} second. It keeps working in Hex.",
            "The agent has not answered within {timeout} seconds. It keeps working in Hex.",
            "timeout",
        ),
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
    "answer_interrupted": Sentence(
        RUN,
        "The wait was stopped. The agent keeps working in Hex.",
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
    "answer_unfollowed": Sentence(
        RUN,
        "The question was asked and the agent keeps working in Hex, but could no longer be followed: {reason}",
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
}
