"""The table of error sentences: per key what happened, and what to do next. Keys never change."""

from __future__ import annotations

from hex_blocks.errors.run_sentences import RUN_SENTENCES
from hex_blocks.errors.sentence import BUSY, DOWN, INPUT, NOT_FOUND, TOKEN, Sentence
from hex_blocks.i18n.plurals import Plural

# The hint of an error after which it is unknown whether Hex carried out a write.
LOST_ANSWER = ("Hex may have done it all the same: look in Hex before you try again.",)
NO_TOOL = ("No tool is called {name}.", "Did you mean {names}?")
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
    "bad_inputs": Sentence(INPUT, "The inputs of {tool} are not valid.", ""),
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
    "base_url_missing": Sentence(
        INPUT, "The region is custom, and no base URL is given.", "Enter the address where you open Hex."
    ),
    "region_unknown": Sentence(
        INPUT, "There is no region {region}. Regions: {known}.", "Choose the one of your workspace."
    ),
    "bad_budget": Sentence(
        INPUT,
        "{variable} is not valid: {reason}.",
        "Set it to an address such as redis://localhost:6379, and install hex-blocks[redis]. With PostgreSQL that is "
        "postgresql://localhost/hex and hex-blocks[postgres].",
    ),
    "bad_record": Sentence(
        INPUT,
        "{variable} is not valid: {reason}.",
        "Set it to an address such as postgresql://user@host/database, and install hex-blocks[postgres].",
    ),
    "bad_proxy": Sentence(
        INPUT,
        "The proxy in {variable} cannot be used: {reason}.",
        "Set it to an address such as http://user:password@proxy.example.com:8080, or remove it.",
    ),
    "bad_certificates": Sentence(
        INPUT,
        "The certificates in {path}, which {variable} names, cannot be read: {reason}.",
        "Set it to a file of certificates in PEM form, or remove it.",
    ),
    "host_not_allowed": Sentence(
        INPUT,
        "The token is not sent to {host}: the host is neither under hex.tech nor allowed here.",
        "If you trust it, add it to HEX_BLOCKS_ALLOWED_HOSTS.",
    ),
    "unknown_tool": Sentence(INPUT, "No tool is called {name}. {guess}", "hex_find_tool lists the available tools."),
    "tool_not_offered": Sentence(INPUT, "{name} is not offered here.", "Call it through hex_call_tool."),
    "tool_broken": Sentence(
        DOWN, "{name} does not work here: its plugin is broken.", "Run hex-blocks check to see what is wrong."
    ),
    "tool_failed": Sentence(DOWN, "{name} failed unexpectedly.", "See the server's log."),
    "not_confirmed": Sentence(
        INPUT,
        "{name} was not carried out: the user did not confirm it.",
        "Do not call it again unless the user asks for it.",
    ),
    "not_entered": Sentence(
        INPUT,
        "{name} was not carried out: the user did not enter what it needs.",
        "Ask the user what is missing.",
    ),
    "only_reading": Sentence(
        INPUT,
        "{name} makes changes, and only reading is allowed here.",
        "Ask whoever runs these tools to allow changes.",
    ),
    # the token
    "token_missing": Sentence(
        TOKEN,
        "No Hex API token was given.",
        "Log in with hex-blocks login, set HEX_API_TOKEN, or give apiKey. "
        "Create tokens in Hex under Settings → API keys.",
    ),
    "no_such_profile": Sentence(
        TOKEN, "There is no profile {name}. Profiles: {known}.", "Make it with: hex-blocks login --profile {name}"
    ),
    "profile_without_token": Sentence(
        TOKEN, "The token of profile {name} is gone.", "Log in again: hex-blocks login --profile {name}"
    ),
    "keyring_unusable": Sentence(
        TOKEN,
        "The system's keyring does not give the token of profile {name}: {reason}",
        "Unlock or repair the keyring, or keep the token in HEX_API_TOKEN.",
    ),
    "bad_profile_name": Sentence(
        INPUT,
        "{name} cannot be the name of a profile.",
        "Give a name of at most 100 characters, without line breaks and without spaces around it.",
    ),
    "config_unusable": Sentence(INPUT, "{path} cannot be read: {reason}", "Correct the file, or remove it."),
    "token_missing_at_host": Sentence(
        TOKEN,
        "No Hex API token is set on the server that runs these tools.",
        "Whoever runs them sets HEX_API_TOKEN there; a token is never given in a call.",
    ),
    "token_missing_in_builder": Sentence(
        TOKEN,
        "The connection has no Hex API token.",
        "Enter it in the connection's settings. Create tokens in Hex under Settings → API keys.",
    ),
    "token_header_missing": Sentence(
        TOKEN,
        "The request has no Hex API token.",
        "Set the header {header} in the configuration of your client; a token is never given in a call.",
    ),
    "token_malformed": Sentence(
        TOKEN,
        "The Hex API token is not valid: {reason}.",
        "Copy it again from Hex, without quotes, spaces or line breaks.",
    ),
    "token_refused": Sentence(
        TOKEN,
        "Hex did not accept the token: it is mistyped, expired or revoked.",
        "Create a new token in Hex under Settings → API keys; an expired one cannot be renewed.",
    ),
    "no_permission": Sentence(
        TOKEN,
        "The token does not have permission: {reason}",
        "Ask for access to the project or for the token's scope; what is not shared with you looks the same "
        "as what does not exist.",
    ),
    "not_enabled": Sentence(
        TOKEN,
        "The token does not have permission: {reason}",
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
        "Not found in Hex: {reason}",
        "Check the ID, and that the token's user can open it in Hex.",
    ),
    "run_project_unknown": Sentence(
        NOT_FOUND,
        Plural(
            "The project of run {runId} is not known: it was not started from here, and the {searched} project "
            "looked at does not have it.",
            "The project of run {runId} is not known: it was not started from here, and none of the {searched} "
            "projects looked at has it.",
            "searched",
        ),
        "Give projectId too.",
    ),
    # later
    "rate_limited": Sentence(
        BUSY,
        "Hex's rate limit is reached.",
        Plural("Try again in {seconds} second.", "Try again in {seconds} seconds.", "seconds"),
    ),
    "budget_spent": Sentence(
        BUSY,
        "Hex's rate limit is reached, so the request was not sent.",
        Plural(
            "Try again in {seconds} second, or let the call wait longer.",
            "Try again in {seconds} seconds, or let the call wait longer.",
            "seconds",
        ),
    ),
    "no_free_kernel": Sentence(
        BUSY,
        "Hex has no free kernel: the limit of concurrent runs is reached, and no run was started.",
        Plural(
            "Try again in {seconds} second, or stop a run with hex_cancel_run.",
            "Try again in {seconds} seconds, or stop a run with hex_cancel_run.",
            "seconds",
        ),
    ),
    "thread_busy": Sentence(
        BUSY,
        "The thread is still working on an earlier question.",
        Plural(
            "Try again in {seconds} second, or ask in a new thread.",
            "Try again in {seconds} seconds, or ask in a new thread.",
            "seconds",
        ),
    ),
    # down
    "hex_failed": Sentence(
        DOWN,
        "Hex failed to answer (status {status}).",
        "Try again later. If it keeps failing, give the trace ID to Hex's support.",
    ),
    "hex_down": Sentence(DOWN, "Hex is not available at the moment (status {status}).", "Try again in a few minutes."),
    "not_hex": Sentence(
        DOWN,
        "The response from {host} is not from Hex's API: {reason}",
        "Check the base URL, and whether a proxy or login page is in between.",
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
        Plural(
            "{host} did not answer within {timeout} second.",
            "{host} did not answer within {timeout} seconds.",
            "timeout",
        ),
        "Try again. If this was a start, look first whether the run exists: hex_get_project_runs.",
    ),
    "call_stopped": Sentence(DOWN, "The call was stopped before {host} answered.", "Call again."),
    "connection_lost": Sentence(
        DOWN,
        "The connection to {host} broke before the answer was complete.",
        "Try again. If this was a start, look first whether the run exists: hex_get_project_runs.",
    ),
    "reply_too_large": Sentence(
        DOWN, "The answer of {host} is larger than {megabytes} MB and was not read.", "Ask for less."
    ),
    **RUN_SENTENCES,
}
