"""The error classes, one per remedy. Each error has a key, values, a sentence and a hint.

A key names what happened and never changes. The sentence and the hint are for people and are translated. Hex's status
and trace ID are attributes, not parts of the sentence. SENTENCES is the list of all keys, and BY_STATUS gives the key
of an HTTP status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import LOST_ANSWER, NO_TOOL, SENTENCES
from hex_blocks.i18n.texts import Phrase, join_sentences, sentence

_TOKENS = re.compile(r"(hxt[a-z]_)[^\s/\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes:
        input: The path of the input, such as `filters.limit` or `runs[2].projectId`.
        key: A key of FAULTS.
        values: The values of its sentence.
    """

    input: str
    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def message(self, language: str | None = None) -> str:
        """Return what is wrong with the input, as a sentence."""
        return sentence(FAULTS[self.key], language, input=self.input, **self.values)


class HexError(Exception):
    """The base class of all errors of a call.

    Attributes:
        kind: The remedy: `input`, `token`, `not_found`, `busy`, `down` or `run`.
        key: What happened; a key of SENTENCES.
        status: The HTTP status of Hex's reply, if there was one.
        trace_id: Hex's ID of the failed request, for its support.
        values: The values of the sentence (`seconds`, `host`, `runUrl` …), ready for JSON and without secrets.
        faults: All faults of the inputs, for an input error.
        partial: The outputs so far of a call that was cut short; None if there are none.
        by_hex: Whether Hex itself sent the refusal. A gateway's can come after Hex received the request.
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
        # Values can be text from Hex, and errors are shown in terminals and to models.
        self.values: dict[str, Any] = {
            name: printable(value) if type(value) is str else value for name, value in values.items()
        }

    def message(self, language: str | None = None) -> str:
        """Return what happened, in a language, or as a Phrase, which can be translated later, if none is given."""
        return self._message(language) if language else Phrase(self._message)

    def _message(self, language: str | None) -> str:
        # A sentence can end with a value that is empty.
        first = sentence(SENTENCES[self.key].message, language, status=self.status, **self.values).rstrip()
        return join_sentences(first, *(fault.message(language) for fault in self.faults))

    def hint(self, language: str | None = None) -> str:
        """Return what to do next; empty if the message is enough."""
        if self.values.get("outcome") == "unknown":
            return sentence(LOST_ANSWER[0], language)
        return sentence(SENTENCES[self.key].hint, language, status=self.status, **self.values)

    def __str__(self) -> str:
        return " ".join(part for part in (self.message(), self.hint()) if part)

    def document(self, language: str | None = None) -> dict[str, Any]:
        """Return the error as one JSON document."""
        document: dict[str, Any] = {
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
        return {name: value for name, value in document.items() if value is not None}


class InputError(HexError):
    """The inputs or the configuration are wrong. Remedy: change them."""

    kind = "input"


class TokenError(HexError):
    """The token is missing, is refused, or lacks a permission. Remedy: change the token."""

    kind = "token"


class NotFoundError(HexError):
    """An object that the call names does not exist, or is not visible with this token."""

    kind = "not_found"


class BusyError(HexError):
    """Nothing was done, because of a limit. Remedy: wait `values["seconds"]`, then repeat the call."""

    kind = "busy"


class HexDownError(HexError):
    """There was no usable reply, because of the network, the certificate, or Hex itself."""

    kind = "down"


class RunError(HexError):
    """A run did not complete. `values` holds projectId, runId, runUrl and runStatus, as far as they are known."""

    kind = "run"


KINDS: dict[str, type[HexError]] = {
    each.kind: each for each in (InputError, TokenError, NotFoundError, BusyError, HexDownError, RunError)
}


class SpecError(Exception):
    """A tool spec, block file or plugin is wrong. The message names the file, the key and the correction."""


class UnknownToolError(KeyError):
    """No tool has this ID.

    Attributes:
        name: The name that was given.
        nearest: IDs of tools with similar names.
    """

    def __init__(self, name: str, nearest: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.nearest = nearest

    def message(self, language: str | None = None) -> str:
        """Return what is wrong as a sentence, with similar names."""
        sentences = [sentence(NO_TOOL[0], language, name=repr(without_tokens(self.name)))]
        if self.nearest:
            sentences.append(sentence(NO_TOOL[1], language, names=", ".join(self.nearest)))
        return join_sentences(*sentences)

    def __str__(self) -> str:
        return self.message()


def printable(text: str) -> str:
    """Return text with spaces instead of control characters, which could change the state of a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def without_tokens(text: str) -> str:
    """Return text with anything that looks like a Hex token shortened, because people paste tokens into any field."""
    return _TOKENS.sub(r"\1…", text)


def hex_error(key: str, **details: Any) -> HexError:
    """Return the error of a key, of the class that its kind has.

    Args:
        key: A key of SENTENCES.
        details: Arguments of HexError: `status`, `trace_id`, `faults`, and the values of the sentence.
    """
    return KINDS[SENTENCES[key].kind](key, **details)
