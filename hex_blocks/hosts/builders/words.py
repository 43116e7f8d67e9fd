"""The sentences that a builder shows about a call: its result, its error, or that its wait has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hex_blocks.errors.classes import HexError
from hex_blocks.i18n.plurals import Plural
from hex_blocks.i18n.texts import join_sentences, sentence
from hex_blocks.tools.tool import Tool

MAX_NAME_LENGTH = 200


def failure_text(error: HexError, language: str | None = None) -> str:
    """Return an error as one text, for builders without other fields: message, hint, URL of the run, and key."""
    sentences = join_sentences(error.message(language), error.hint(language))
    if error.key == "token_refused":
        sentences = join_sentences(
            sentences, sentence("Check the region too: a token works only in its own.", language)
        )
    page = str(error.values.get("runUrl") or "")
    return " ".join(part for part in (sentences, page if page not in sentences else "", f"[{error.key}]") if part)


def still_running_text(error: HexError, language: str | None) -> str:
    """Return a text which says that the wait has ended while Hex keeps running, and how to continue."""
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
    sentences = sentence("The run keeps running in Hex: {runUrl}", language, runUrl=values.get("runUrl"))
    if key := values.get("idempotencyKey"):
        more = sentence(
            "Call again with the idempotencyKey {key} to keep waiting, or follow it with hex_get_run_status.",
            language,
            key=key,
        )
    else:
        more = sentence("Call again to keep waiting, or follow it with hex_get_run_status.", language)
    return join_sentences(sentences, more)


def sentence_of(tool: Tool, document: Mapping[str, Any], language: str | None) -> str:
    """Return a sentence about the result of a call, followed by its warnings."""
    warnings = [str(each["message"]) for each in document.get("warnings") or []]
    return join_sentences(_result_sentence(tool, document, language), *warnings)


def _result_sentence(tool: Tool, document: Mapping[str, Any], language: str | None) -> str:
    if isinstance(answer := document.get("text"), str) and answer.strip():
        return answer
    if "sets" in document or "steps" in document:
        return _batch_sentence(document, language)
    if document.get("runId"):
        state = document.get("status") or "-"
        sentences = sentence("Run {runId}: {status}.", language, runId=document["runId"], status=state)
        return join_sentences(sentences, str(document.get("runUrl") or ""))
    title = tool.title(language)
    if isinstance(total := document.get("total"), int):
        return sentence(
            Plural("{title}: {count} found.", "{title}: {count} found."), language, title=title, count=total
        )
    for name in ("title", "name", "url", "threadId", "id"):
        if isinstance(value := document.get(name), str) and value:
            return sentence("{title}: {name}", language, title=title, name=value[:MAX_NAME_LENGTH])
    return sentence("{title}: done.", language, title=title)


def _batch_sentence(document: Mapping[str, Any], language: str | None) -> str:
    parts = [each for each in document.get("sets") or document.get("steps") or [] if isinstance(each, Mapping)]
    done = sum(each.get("status") == "COMPLETED" for each in parts)
    completed = Plural("{done} of {count} run completed.", "{done} of {count} runs completed.")
    return sentence(completed, language, done=done, count=len(parts))
