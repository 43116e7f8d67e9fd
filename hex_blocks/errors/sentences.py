"""The sentences of all errors: what happened, and what to do next. Keys never change."""

from __future__ import annotations

from typing import NamedTuple

NO_TOOL = ("No tool is called {name}.", "Did you mean {names}?")
# Kinds of errors, by what helps: other inputs, another token, another name, waiting, later, looking at the run.
INPUT, TOKEN, NOT_FOUND, BUSY, DOWN, RUN = "input", "token", "not_found", "busy", "down", "run"


class Sentence(NamedTuple):
    """What a key says, and of which kind the error is."""

    kind: str
    message: str
    hint: str = ""


BY_STATUS = {
    400: "request_refused",
    401: "token_refused",
    403: "no_permission",
    404: "not_found",
    405: "not_hex",
    409: "request_refused",
    413: "request_refused",
    415: "request_refused",
    422: "request_refused",
    429: "rate_limited",
    500: "hex_failed",
    502: "hex_down",
    503: "hex_down",
    504: "hex_down",
}
SENTENCES = {
    # the call
    "bad_inputs": Sentence(INPUT, "The inputs of {tool} need a change.", ""),
    "request_refused": Sentence(INPUT, "Hex refused the request: {reason}", "Check the inputs."),
    "bad_parameters": Sentence(
        INPUT,
        "Hex refused the input parameters. {details}",
        "Use the variable names and types of the inputs in the published app.",
    ),
    "not_published": Sentence(
        INPUT,
        "The project is not published: {reason}",
        "Publish the project in Hex, then try again.",
    ),
    "run_ended_already": Sentence(
        INPUT, "The run cannot be cancelled: {reason}", "Only pending and running runs can be cancelled."
    ),
    "bad_base_url": Sentence(
        INPUT,
        "{url} is not a base URL that can be used: {reason}",
        "Give https://app.hex.tech, or the host where you open Hex.",
    ),
    "bad_budget": Sentence(
        INPUT,
        "{variable} cannot be used: {reason}.",
        "Give it an address such as redis://localhost:6379, and install hex-blocks[redis].",
    ),
    "host_not_allowed": Sentence(
        INPUT,
        "The token is not sent to {host}: it is neither under hex.tech nor allowed here.",
        "If you trust it, add it to HEX_BLOCKS_ALLOWED_HOSTS.",
    ),
    "unknown_tool": Sentence(INPUT, "No tool is called {name}. {guess}", "hex_find_tool names the tools there are."),
    "tool_not_offered": Sentence(
        INPUT, "{name} is not among the tools that are offered here.", "Call it by way of hex_call_tool."
    ),
    "tool_broken": Sentence(
        DOWN, "{name} does not work here: its plugin is broken.", "hex-blocks check says what is wrong with it."
    ),
    "tool_failed": Sentence(DOWN, "{name} failed in a way that it should not.", "The log of the server says more."),
    "only_reading": Sentence(
        INPUT,
        "{name} writes, and only reading is allowed here.",
        "Whoever runs these tools decides whether they may write.",
    ),
    # the token
    "token_missing": Sentence(
        TOKEN,
        "No Hex API token was given.",
        "Set HEX_API_TOKEN, or give apiKey. Tokens are made in Hex under Settings → API keys.",
    ),
    "token_missing_at_host": Sentence(
        TOKEN,
        "No Hex API token is set where these tools run.",
        "Whoever runs them sets HEX_API_TOKEN there; a token is never given in a call.",
    ),
    "token_header_missing": Sentence(
        TOKEN,
        "The request brought no Hex API token.",
        "Set the header {header} in the configuration of your client; a token is never given in a call.",
    ),
    "token_malformed": Sentence(
        TOKEN,
        "What is given as the Hex API token cannot be one: {reason}.",
        "Copy it again from Hex, without quotes, spaces or line breaks.",
    ),
    "token_refused": Sentence(
        TOKEN,
        "Hex did not accept the token: it is mistyped, expired or revoked.",
        "Make a new token in Hex under Settings → API keys; an expired one cannot be renewed.",
    ),
    "no_permission": Sentence(
        TOKEN,
        "Hex does not let this token do that: {reason}",
        "Ask for access to the project or for the token's scope; what is not shared with you looks the same "
        "as what does not exist.",
    ),
    "not_enabled": Sentence(
        TOKEN,
        "Hex does not let this token do that: {reason}",
        "It is not open to every workspace: ask an admin whether your plan includes it and whether it is switched on.",
    ),
    "export_refused": Sentence(
        TOKEN,
        "Hex does not let this token export the project, so its inputs cannot be read: {reason}",
        "Export is enabled per organization: ask Hex's support for it. Also check the project ID, and that the token's "
        "user can edit the project. Without it, look the inputs up in the project.",
    ),
    # not there
    "not_found": Sentence(
        NOT_FOUND,
        "Hex found nothing there: {reason}",
        "Check the id, and that the token's user can open it in Hex.",
    ),
    "run_project_unknown": Sentence(
        NOT_FOUND,
        "The project of run {runId} is not known: it was not started from here, and none of the {searched} "
        "projects looked at has it.",
        "Give projectId too.",
    ),
    # later
    "rate_limited": Sentence(
        BUSY,
        "Hex takes no more requests for now.",
        "Try again in {seconds} seconds.",
    ),
    "budget_spent": Sentence(
        BUSY,
        "Hex's request limit is used up for now, so the request was not sent.",
        "Try again in {seconds} seconds, or let the call wait longer.",
    ),
    "no_free_kernel": Sentence(
        BUSY,
        "Hex has no free kernel: the limit of concurrent runs is reached, and no run was started.",
        "Try again in {seconds} seconds, or stop a run with hex_cancel_run.",
    ),
    "thread_busy": Sentence(
        BUSY,
        "The thread is still at work on an earlier question.",
        "Try again in {seconds} seconds, or ask in a new thread.",
    ),
    # down
    "hex_failed": Sentence(
        DOWN,
        "Hex failed to answer (status {status}).",
        "Try again later; if it stays so, give the trace ID to Hex's support.",
    ),
    "hex_down": Sentence(DOWN, "Hex is not available at the moment (status {status}).", "Try again in a few minutes."),
    "not_hex": Sentence(
        DOWN,
        "What answered at {host} is not Hex's API: {reason}",
        "Check the base URL, and whether a proxy or login page stands in between.",
    ),
    "redirected": Sentence(
        DOWN,
        "{host} answered with a redirect, which is not followed: the token stays with its host.",
        "Check the base URL.",
    ),
    "no_network": Sentence(
        DOWN, "{host} cannot be reached: {reason}.", "Check the network, the proxy and the base URL."
    ),
    "bad_certificate": Sentence(
        DOWN,
        "The certificate of {host} cannot be trusted.",
        "If a proxy of your company inspects traffic, point REQUESTS_CA_BUNDLE to its certificate.",
    ),
    "timeout": Sentence(
        DOWN,
        "{host} did not answer within {timeout} seconds.",
        "Try again. If this was a start, look first whether the run exists: hex_get_project_runs.",
    ),
    "connection_lost": Sentence(
        DOWN,
        "The connection to {host} broke before the answer was complete.",
        "Try again. If this was a start, look first whether the run exists: hex_get_project_runs.",
    ),
    "reply_too_large": Sentence(
        DOWN, "The answer of {host} is larger than {megabytes} MB and was not read.", "Ask for less."
    ),
    # runs
    "run_errored": Sentence(
        RUN, "The run ended with an error in the project.", "Open {runUrl} to see which cell failed."
    ),
    "run_killed": Sentence(
        RUN,
        "The run was stopped before its end, by somebody or by a limit in Hex.",
        "Open {runUrl} to see how far it came.",
    ),
    "run_no_kernel": Sentence(
        RUN,
        "The run was taken in but never got a kernel, so nothing was computed.",
        "Start it again when fewer runs are going on.",
    ),
    "run_timeout": Sentence(
        RUN,
        "The run has not ended within {timeout} seconds. It goes on in Hex.",
        "Follow it with hex_get_run_status, or stop it with hex_cancel_run: {runUrl}",
    ),
    "run_cancelled_at_timeout": Sentence(
        RUN,
        "The run had not ended within {timeout} seconds and was cancelled.",
        "Give it more time, or look at what it was doing: {runUrl}",
    ),
    "run_not_cancelled": Sentence(
        RUN,
        "The run had not ended in time and could not be cancelled: {reason} It may still go on in Hex.",
        "Stop it with hex_cancel_run, or in Hex: {runUrl}",
    ),
    "run_unfollowed": Sentence(
        RUN,
        "The run was started and goes on in Hex, but could not be followed any longer: {reason}",
        "Ask for it with hex_get_run_status: {runUrl}",
    ),
    "run_gone": Sentence(
        RUN,
        "The run cannot be found in Hex any more, or no longer be seen by you: {reason}",
        "Look in Hex whether it is there. If it is gone, start again with a new idempotency key.",
    ),
    "key_reused": Sentence(
        INPUT,
        "The idempotency key {used} stands for another start, of another project or with other inputs.",
        "Use a new key for a new start.",
    ),
    "record_unusable": Sentence(
        INPUT,
        "The record of runs on this machine cannot be used, so an idempotency key cannot be kept: {reason}.",
        "Make its folder writable, or name another one in HEX_BLOCKS_DATA_DIR.",
    ),
    "outcome_missing": Sentence(
        INPUT,
        "The step needs {found}, and that earlier step has come to nothing of the kind.",
        "Let the pipeline stop at a failure, or call it again with retryFailed.",
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
        "Try again in {seconds} seconds.",
    ),
    "start_pending": Sentence(
        BUSY,
        "This start was sent before, and Hex may still carry it out.",
        "Call again with the idempotency key {used} in {seconds} seconds.",
    ),
    "key_busy": Sentence(
        BUSY,
        "Another call is starting a run with the idempotency key {used} at this moment.",
        "Try again in {seconds} seconds to get its run.",
    ),
    "work_interrupted": Sentence(
        RUN,
        "The work was stopped. Runs that go on in Hex: {runs}.",
        "Call it again with the idempotency key {used} to go on where it was.",
    ),
    "work_interrupted_between": Sentence(
        RUN,
        "The work was stopped. No run of it is going on.",
        "Call it again with the idempotency key {used} to go on where it was.",
    ),
    "work_interrupted_and_cancelled": Sentence(
        RUN,
        "The work was stopped, and its runs were cancelled: {runs}.",
        "Call it again with the idempotency key {used} to see how far it came.",
    ),
    "interrupted_and_cancelled": Sentence(RUN, "The wait was stopped, and the run was cancelled.", ""),
    "interrupted_before": Sentence(RUN, "The call was stopped before anything was started.", ""),
    "interrupted": Sentence(
        RUN,
        "The wait was stopped. The run goes on in Hex.",
        "Call again with the idempotency key {idempotencyKey} to go on waiting, or follow it here: {runUrl}",
    ),
    "cancel_interrupted": Sentence(
        RUN, "The call was stopped before this run was cancelled. It goes on in Hex.", "Follow it here: {runUrl}"
    ),
    "run_not_ended": Sentence(
        RUN, "The run has no results yet: it is {state}.", "Ask again when hex_get_run_status says COMPLETED."
    ),
    # answers of Hex's agent
    "agent_failed": Sentence(
        RUN, "Hex's agent could not answer ({type}): {reason}", "Ask again, or in other words: {url}"
    ),
    "answer_timeout": Sentence(
        RUN,
        "The agent has not answered within {timeout} seconds. It goes on in Hex.",
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
    "answer_interrupted": Sentence(
        RUN,
        "The wait was stopped. The agent goes on in Hex.",
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
    "answer_unfollowed": Sentence(
        RUN,
        "The question was asked and the agent goes on in Hex, but could not be followed any longer: {reason}",
        "Read the answer with hex_get_thread and the threadId {threadId}: {url}",
    ),
}
# One sentence per kind of fault in an input; `input` is always known.
FAULTS = {
    "missing": "{input} is required.",
    "unknown": "{input} is no input of this tool.",
    "unknown_guess": "{input} is no input of this tool; did you mean {guess}?",
    "not_string": "{input} must be text, not {found}.",
    "not_integer": "{input} must be a whole number, not {found}.",
    "not_number": "{input} must be a number, not {found}.",
    "not_boolean": "{input} must be true or false, not {found}.",
    "not_object": "{input} must be an object, not {found}.",
    "not_array": "{input} must be a list, not {found}.",
    "not_allowed": "{input} must be one of {allowed}, not {found}.",
    "too_small": "{input} must be at least {limit}, not {found}.",
    "too_large": "{input} must be at most {limit}, not {found}.",
    "too_short": "{input} must have at least {limit} entries or characters.",
    "too_long": "{input} must have at most {limit} entries or characters.",
    "not_uuid": "{input} must be an ID such as 5a8591dd-4039-49df-9202-96385ba3eff8, not {found}.",
    "address_of_other": "{input} is the address of {other}, which does not hold the ID that is due here.",
    "address_of_app": "{input} is the address of a published app, whose last part is not the project's ID; take the "
    "part after /hex/ in the address of its notebook, or find it by its title with hex_find_project.",
    "not_json": "{input} cannot be written as JSON: it is {found}.",
    "name_not_text": "{input} has a name that is not text: {found}.",
    "goes_inside": "{input} goes inside arguments.",
    "not_email": "{input} must be an e-mail address, not {found}.",
    "not_date_time": "{input} must be a date and time such as 2026-01-31T08:00:00Z, not {found}.",
    "not_uri": "{input} must be a web address, not {found}.",
    "bad_json": "{input} is not valid JSON: {problem} at line {line}, column {column}.",
    "json_not_object": "{input} must hold a JSON object, not {found}.",
    "json_too_deep": "{input} is nested too deeply.",
    "file_unreadable": "{input} cannot be read: {reason}.",
    "not_base64": "{input} is not base64.",
    "not_together": "Give only one of {input}.",
    "only_together": "Give all of {input}, or none.",
    "one_of": "Give {input}: one of them is required.",
    "taken": "{input} is {found}, which another one has already.",
    "too_many_sets": "{input} makes {found} sets; {limit} is the most.",
    "no_such_outcome": "{input} names {found}, which no earlier step gives; there are {known}.",
    "no_earlier_run": "{input} skips {found}, which a later step names; no earlier call with this key has run it.",
    "not_our_cursor": "{input} is no cursor that this tool gave.",
    "no_such_chart": "{input} names {found}, which is no chart of this project; there are {known}.",
    "more": "There are {count} more faults like these in the {input}.",
    "not_an_inputs_object": "Inputs must be an object of names and values, not {found}.",
}
