"""What a builder says of a call in words: one sentence for what came of it, or for what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import join_sentences, sentence
from hex_blocks.tools.tool import Tool

LONGEST_NAME = 200


def failure_text(error: HexError, language: str | None = None) -> str:
    """Say what went wrong, for builders that have text only: sentence, hint, run page, then the key."""
    said = join_sentences(error.message(language), error.hint(language))
    if error.key == "token_refused":
        said = join_sentences(said, sentence("Check the region too: a token works only in its own.", language))
    page = str(error.values.get("runUrl") or "")
    return " ".join(part for part in (said, page if page not in said else "", f"[{error.key}]") if part)


def going_on(error: HexError, language: str | None) -> str:
    """Say that the wait is over while the work goes on in Hex, and how to go on."""
    values = error.values
    if "threadId" in values:
        return sentence(
            "The agent is still working in Hex. Read its answer with hex_get_thread and the threadId {threadId}: {url}",
            language,
            threadId=values["threadId"],
            url=values.get("url"),
        )
    if error.key.startswith("work_"):
        return sentence(
            "The runs are not all done. Call again with the idempotencyKey {key}: nothing is started twice.",
            language,
            key=values.get("used"),
        )
    said = sentence("The run keeps running in Hex: {runUrl}", language, runUrl=values.get("runUrl"))
    if key := values.get("idempotencyKey"):
        more = sentence(
            "Call again with the idempotencyKey {key} to keep waiting, or follow it with hex_get_run_status.",
            language,
            key=key,
        )
    else:
        more = sentence("Call again to keep waiting, or follow it with hex_get_run_status.", language)
    return join_sentences(said, more)


def sentence_of(tool: Tool, document: Mapping[str, Any], language: str | None) -> str:
    """Say in a sentence what came of a call; what a caller should know beside it follows."""
    warnings = [str(each["message"]) for each in document.get("warnings") or []]
    return join_sentences(_said(tool, document, language), *warnings)


def _said(tool: Tool, document: Mapping[str, Any], language: str | None) -> str:
    if isinstance(answer := document.get("text"), str) and answer.strip():
        return answer
    if "sets" in document or "steps" in document:
        return _work_said(document, language)
    if document.get("runId"):
        state = document.get("status") or "-"
        said = sentence("Run {runId}: {status}.", language, runId=document["runId"], status=state)
        return join_sentences(said, str(document.get("runUrl") or ""))
    title = tool.title(language)
    if isinstance(total := document.get("total"), int):
        return sentence(
            Plural("{title}: {count} found.", "{title}: {count} found."), language, title=title, count=total
        )
    for name in ("title", "name", "url", "threadId", "id"):
        if isinstance(value := document.get(name), str) and value:
            return sentence("{title}: {name}", language, title=title, name=value[:LONGEST_NAME])
    return sentence("{title}: done.", language, title=title)


def _work_said(document: Mapping[str, Any], language: str | None) -> str:
    parts = [each for each in document.get("sets") or document.get("steps") or [] if isinstance(each, Mapping)]
    done = sum(each.get("status") == "COMPLETED" for each in parts)
    completed = Plural("{done} of {count} run completed.", "{done} of {count} runs completed.")
    return sentence(completed, language, done=done, count=len(parts))
