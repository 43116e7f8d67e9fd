"""Errors: every key has its sentence, every sentence its values, and every error its document."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from hex_blocks.errors.classes import (
    KINDS,
    BusyError,
    Fault,
    HexDownError,
    InputError,
    NotFoundError,
    RunError,
    TokenError,
    UnknownToolError,
    hex_error,
    without_tokens,
)
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentence import BUSY
from hex_blocks.errors.sentences import BY_STATUS, SENTENCES
from hex_blocks.errors.warnings import WARNINGS
from hex_blocks.i18n.plurals import Plural

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "hex_blocks"
SOURCES = sorted(file for file in PACKAGE.rglob("*.py") if "sandbox" not in file.parts)
SPECS = {file.stem: json.loads(file.read_bytes()) for file in sorted((REPOSITORY / "tool_specs").glob("hex_*.json"))}
# What an error has without being told.
KNOWN = {"status"}
OF_A_RUN = {"projectId", "runId", "runUrl", "runStatus"}
# What the adapter knows of a refusal, by the key that it becomes.
OF_A_REFUSAL = {"rate_limited": {"seconds"}, "no_free_kernel": {"seconds"}, "not_hex": {"host", "reason"}}
# Where a key stands among the arguments of what makes an error, a fault or a warning.
MAKERS = {"hex_error": 0, "run_error": 1, "Fault": 1, "_refuse": 0, "warn": 0}


@dataclass(frozen=True)
class Made:
    """A place in the source where an error, a fault or a warning is made."""

    place: str
    maker: str
    keys: tuple[str, ...]
    values: frozenset[str]
    whole: bool

    def __str__(self) -> str:
        return f"{self.place}-{'-'.join(self.keys)}"


def made_in(file: Path) -> Iterator[Made]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and (maker := name_of(node.func)) in MAKERS:
            position = MAKERS[maker]
            keys = constants(node.args[position]) if len(node.args) > position else ()
            if keys:
                names = [keyword.arg for keyword in node.keywords]
                dictionary = node.args[2] if maker == "Fault" and len(node.args) > 2 else None
                given = {name for name in names if name} | set(constant_keys(dictionary))
                whole = None not in names and (dictionary is None or isinstance(dictionary, ast.Dict))
                place = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                yield Made(place, maker, keys, frozenset(given), whole)


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def constants(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return (node.value,) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ()


def constant_keys(node: ast.expr | None) -> list[str]:
    keys = node.keys if isinstance(node, ast.Dict) else []
    return [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def places_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def places_of(made: Made, key: str) -> set[str]:
    if made.maker == "warn":
        return places_in(WARNINGS[key])
    if made.maker in ("Fault", "_refuse"):
        # What was found is told by _refuse itself.
        return places_in(FAULTS[key]) - {"input"} - ({"found"} if made.maker == "_refuse" else set())
    needed = places_in(SENTENCES[key].message) | places_in(SENTENCES[key].hint)
    return needed - KNOWN - (OF_A_RUN if made.maker == "run_error" else set())


def table_of(made: Made) -> Any:
    return {"warn": WARNINGS, "Fault": FAULTS, "refuse": FAULTS}.get(made.maker, SENTENCES)


# The command line warns with words, not with keys.
MADE = [made for file in SOURCES if "cli" not in file.parts for made in made_in(file)]


@pytest.mark.parametrize("made", MADE, ids=str)
def test_every_key_that_is_used_has_its_words_and_all_their_values(made: Made) -> None:
    assert [key for key in made.keys if key not in table_of(made)] == []

    missing = [places_of(made, key) - made.values for key in made.keys if made.whole]

    assert [names for names in missing if names] == []


@pytest.fixture(scope="module")
def said_somewhere() -> Counter[str]:
    """Count every text in the source and every key of an error in the specs."""
    in_code = (
        node.value
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    in_specs = (key for spec in SPECS.values() for key in spec.get("request", {}).get("errors", {}).values())
    return Counter([*in_code, *in_specs])


@pytest.mark.parametrize("key", [*SENTENCES, *FAULTS, *WARNINGS])
def test_no_words_are_kept_for_a_key_that_nobody_uses(said_somewhere: Counter[str], key: str) -> None:
    assert said_somewhere[key] > 1


@pytest.mark.parametrize("key", [*SENTENCES, *FAULTS, *WARNINGS])
def test_what_speaks_of_a_number_counts_it_in_both_forms(key: str) -> None:
    said = SENTENCES[key][1:] if key in SENTENCES else (FAULTS[key] if key in FAULTS else WARNINGS[key],)

    for form in said:
        if isinstance(form, Plural):
            assert form.by in places_in(form)
            assert places_in(form.one) == places_in(form)
            assert form.one != form
        else:
            assert not re.search(r"\{[a-z]+\} (seconds|hours|entries|runs|projects|errors|characters)\b", form)


@pytest.mark.parametrize("key", SENTENCES)
def test_every_sentence_is_whole(key: str) -> None:
    kind, message, hint = SENTENCES[key]
    error = KINDS[kind]

    assert error in (InputError, TokenError, NotFoundError, BusyError, HexDownError, RunError)
    assert message[0].isupper() or message.startswith("{")
    assert message.rstrip()[-1] in ".}"
    assert hint == "" or hint.rstrip()[-1] in ".}"
    assert "" not in places_in(message) | places_in(hint)


@pytest.mark.parametrize("key", [key for key, sentence in SENTENCES.items() if sentence.kind == BUSY])
def test_whoever_is_told_to_wait_is_told_how_long(key: str) -> None:
    assert "seconds" in places_in(SENTENCES[key].message) | places_in(SENTENCES[key].hint)


@pytest.mark.parametrize("key", SENTENCES)
def test_every_error_gives_its_document(key: str) -> None:
    names = (places_in(SENTENCES[key].message) | places_in(SENTENCES[key].hint)) - KNOWN
    values: dict[str, Any] = {name: 7 if name == "seconds" else f"<{name}>" for name in names}

    error = hex_error(key, status=418, trace_id="t-1", **values)

    document = error.document()
    assert type(error) is KINDS[SENTENCES[key].kind]
    assert json.loads(json.dumps(document)) == document
    assert document["error"] == key
    assert document["kind"] == error.kind
    assert (document["status"], document["trace_id"]) == (418, "t-1")
    assert document.get("retry_after") == values.get("seconds")
    assert document.get("values", {}) == values
    assert document["message"] == error.message()
    assert document.get("hint", "") == error.hint()
    assert str(error) == f"{error.message()} {error.hint()}".strip()
    assert all(str(value) in str(error) for value in values.values())


def test_a_document_leaves_out_what_is_not_known() -> None:
    assert hex_error("token_missing").document() == {
        "error": "token_missing",
        "kind": "token",
        "message": "No Hex API token was given.",
        "hint": SENTENCES["token_missing"].hint,
    }


def test_the_faults_of_inputs_are_told_one_by_one() -> None:
    faults = (Fault("limit", "too_large", {"limit": 100, "found": "500"}), Fault("projectId", "missing"))

    error = hex_error("bad_inputs", tool="hex_list_projects", faults=faults)

    assert error.message() == (
        "The inputs of hex_list_projects are not valid. limit must be at most 100, not 500. projectId is required."
    )
    assert error.document()["faults"] == [
        {"input": "limit", "fault": "too_large", "message": "limit must be at most 100, not 500."},
        {"input": "projectId", "fault": "missing", "message": "projectId is required."},
    ]


@pytest.mark.parametrize("value", ["{seconds}", "{0}", "{", "}", "{{x}}", "{reason.__class__}", "%s", "\\"])
def test_braces_in_what_hex_says_are_only_text(value: str) -> None:
    error = hex_error("request_refused", reason=value)

    assert error.message() == f"Hex refused the request: {value}"


@pytest.mark.parametrize("key", BY_STATUS.values())
def test_every_key_of_the_table_has_a_sentence(key: str) -> None:
    assert key in SENTENCES


@pytest.mark.parametrize(
    ("tool_id", "status", "key"),
    [
        (tool_id, status, key)
        for tool_id, spec in SPECS.items()
        for status, key in spec.get("request", {}).get("errors", {}).items()
    ],
)
def test_what_a_spec_means_by_a_status_can_be_said(tool_id: str, status: str, key: str) -> None:
    needed = places_in(SENTENCES[key].message) | places_in(SENTENCES[key].hint)

    assert needed - KNOWN <= OF_A_REFUSAL.get(key, {"reason"})


def test_all_errors_are_of_one_family() -> None:
    kinds = {kind.kind for kind in (InputError, TokenError, NotFoundError, BusyError, HexDownError, RunError)}

    assert kinds == {"input", "token", "not_found", "busy", "down", "run"}
    assert {sentence.kind for sentence in SENTENCES.values()} == kinds


def test_an_unknown_tool_names_its_neighbours() -> None:
    error = UnknownToolError("hex_run_projct", ["hex_run_project"])

    assert str(error) == "No tool is called 'hex_run_projct'. Did you mean hex_run_project?"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("hxtp_abcdef0123", "hxtp_…"),
        ("the token hxtw_abc-DEF.9 here", "the token hxtw_… here"),
        ("HXTP_ABC", "HXTP_…"),
        ('{"apiKey": "hxtp_abc"}', '{"apiKey": "hxtp_…"}'),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_what_looks_like_a_token_is_not_repeated(said: str, shown: str) -> None:
    assert without_tokens(said) == shown


@pytest.mark.parametrize("key", ["hex_down", "hex_failed"])
def test_an_answer_that_leaves_open_what_was_done_asks_to_look_first(key: str) -> None:
    known, unknown = hex_error(key, status=503), hex_error(key, status=503, outcome="unknown")

    assert "look in Hex before you try again" in unknown.hint()
    assert "look in Hex" not in known.hint()
