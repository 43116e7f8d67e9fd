"""What to do next after an error, for the short commands: with their own names and options."""

from __future__ import annotations

from hex_blocks.cli.output import say
from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.plurals import Plural

SHORT = frozenset({"run", "follow", "cancel", "runs", "projects", "open", "login", "auth"})


def hint_of(error: HexError, command: str | None, language: str) -> str:
    """Return what to do next after an error of a command; empty if the message is enough."""
    own = _own_hint(error) if command in SHORT and error.values.get("outcome") != "unknown" else None
    return own or error.hint(language)


def _own_hint(error: HexError) -> str | None:
    values = error.values
    match error.key:
        case "token_missing":
            return say(
                "Log in with hex-blocks login, or set HEX_API_TOKEN. Create tokens in Hex under Settings → API keys."
            )
        case "run_project_unknown":
            return say("Give the project of the run, too: --project, or the run's address.")
        case "run_timeout":
            return say("Follow it with hex-blocks follow, or stop it with hex-blocks cancel: {runUrl}", **values)
        case "interrupted":
            return say("Call again with --key {idempotencyKey} to keep waiting, or follow it here: {runUrl}", **values)
        case "start_interrupted" | "start_unknown":
            return say(
                "Call again with --key {used}: a run that was started is found, and none is started twice.", **values
            )
        case "start_lost":
            return say("Start it again with --key {used}: should the run appear after all, it is found.", **values)
        case "start_pending":
            return say(
                Plural(
                    "Call again with --key {used} in {seconds} second.",
                    "Call again with --key {used} in {seconds} seconds.",
                    "seconds",
                ),
                **values,
            )
        case _:
            return None
