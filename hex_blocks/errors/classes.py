"""Every error a caller can meet: named by remedy, with a key, values and a sentence.

A key says what happened and never changes; the sentence and its hint are for people and are translated.
What Hex said (its status and trace ID) stands apart from the sentence. SENTENCES is the one list of keys;
BY_STATUS is the one table from an HTTP status to a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import LOST_ANSWER, NO_TOOL, SENTENCES
from hex_blocks.i18n.texts import Phrase, one_after_the_other, sentence

_TOKENS = re.compile(r"(hxt[a-z]_)[^\s/\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one input: where (`filters.limit`, `runs[2].projectId`), what, and values."""

    input: str
    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def message(self, language: str | None = None) -> str:
        """Return what is wrong with the input, as a sentence."""
        return sentence(FAULTS[self.key], language, input=self.input, **self.values)


class HexError(Exception):
    """The base of all errors here. `kind` names the remedy, `key` the case.

    status: the HTTP status Hex answered with, if it answered.
    trace_id: Hex's own name for the failed request, for its support.
    values: what the sentence speaks of (`seconds`, `host`, `runUrl` …), JSON-ready and free of secrets.
    faults: every fault found in the inputs, for input errors.
    partial: what the tool would have given, as far as it had come; None where it had come to nothing.
    by_hex: whether a refusal is Hex's own, in its words; a gateway's may come after Hex took the request.
    """

    kind: ClassVar[str] = "hex"
    partial: dict[str, Any] | None = None
    by_hex: bool = True

    def __init__(
        self,
        key: str,
        *,
        status: int | None = None,
        trace_id: str | None = None,
        faults: tuple[Fault, ...] = (),
        **values: Any,
    ) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.trace_id = trace_id and printable(trace_id)
        self.faults = faults
        # Much of this is Hex's, and errors reach terminals and models.
        self.values: dict[str, Any] = {
            name: printable(value) if type(value) is str else value for name, value in values.items()
        }

    def message(self, language: str | None = None) -> str:
        """Say what happened. Without a language it is a phrase, which another error can tell in its own language."""
        return self._message(language) if language else Phrase(self._message)

    def _message(self, language: str | None) -> str:
        said = sentence(SENTENCES[self.key].message, language, status=self.status, **self.values)
        return one_after_the_other(said, *(fault.message(language) for fault in self.faults))

    def hint(self, language: str | None = None) -> str:
        """Say what to do next; empty where the message says it all."""
        if self.values.get("outcome") == "unknown":
            return sentence(LOST_ANSWER[0], language)
        return sentence(SENTENCES[self.key].hint, language, status=self.status, **self.values)

    def __str__(self) -> str:
        return " ".join(part for part in (self.message(), self.hint()) if part)

    def document(self, language: str | None = None) -> dict[str, Any]:
        """Return the error as one JSON document."""
        told: dict[str, Any] = {
            "error": self.key,
            "kind": self.kind,
            "status": self.status,
            "retry_after": self.values.get("seconds"),
            "trace_id": self.trace_id,
            "message": self.message(language),
            "hint": self.hint(language) or None,
            "faults": [
                {"input": fault.input, "fault": fault.key, "message": fault.message(language)} for fault in self.faults
            ]
            or None,
            "values": self.values or None,
        }
        return {name: value for name, value in told.items() if value is not None}


class InputError(HexError):
    """Something in the call is wrong: change the inputs."""

    kind = "input"


class TokenError(HexError):
    """The token is missing, refused or lacks a right: change the token."""

    kind = "token"


class NotFoundError(HexError):
    """What the call names does not exist, or is not visible with this token."""

    kind = "not_found"


class BusyError(HexError):
    """Hex refused for now, and did nothing: wait `values["seconds"]`, then repeat."""

    kind = "busy"


class HexDownError(HexError):
    """No usable answer came: the network, the certificate, or Hex itself."""

    kind = "down"


class RunError(HexError):
    """A run was started and did not end well; `values` holds projectId, runId, runUrl and runStatus."""

    kind = "run"


KINDS: dict[str, type[HexError]] = {
    each.kind: each for each in (InputError, TokenError, NotFoundError, BusyError, HexDownError, RunError)
}


class SpecError(Exception):
    """A tool spec, block file or plugin is wrong. The message names file, key and what would be right."""


class UnknownToolError(KeyError):
    """No tool has that id. `nearest` holds ids that look like it."""

    def __init__(self, name: str, nearest: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.nearest = nearest

    def message(self, language: str | None = None) -> str:
        """Return what is wrong as a sentence, with the names that may have been meant."""
        said = [sentence(NO_TOOL[0], language, name=repr(without_tokens(self.name)))]
        if self.nearest:
            said.append(sentence(NO_TOOL[1], language, names=", ".join(self.nearest)))
        return " ".join(said)

    def __str__(self) -> str:
        return self.message()


def printable(said: str) -> str:
    """Take out what steers a terminal instead of being shown."""
    return said if said.isprintable() else "".join(each if each.isprintable() else " " for each in said)


def without_tokens(said: str) -> str:
    """Take out what looks like one of Hex's tokens: people put them into the wrong field."""
    return _TOKENS.sub(r"\1…", said)


def hex_error(key: str, **details: Any) -> HexError:
    """Make the error that `key` names, of its class."""
    return KINDS[SENTENCES[key].kind](key, **details)
