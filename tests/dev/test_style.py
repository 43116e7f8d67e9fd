"""Phrases that are not to come back."""

from __future__ import annotations

import pytest

from hex_blocks.cli.strings import our_source
from hex_blocks.dev.catalogues import every_text
from hex_blocks.dev.style import mannered
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("english", "phrase", "better"),
    [
        ("Entries per page; 25 unless said otherwise.", "unless said otherwise", "Default: …"),
        ("colour is no input of this tool.", "is no input", "is not an input, is not a list …"),
        ("Hand this back with the next call.", "Hand this back", "Pass as `cursor` next time"),
        ("It goes on in Hex.", "goes on in Hex", "keeps running in Hex"),
        ("Title; null where there is none.", "where there is none", "if there is none, if Hex does not say"),
        ("A step can use what came of the last.", "what came of", "the result of …"),
        ("All keys stand under Errors.", "stand under", "is in, is listed under, is kept in …"),
        ("Call again to wait on.", "to wait on", "keep waiting"),
        (
            "Hex draws 20 charts a minute at most.",
            "at most.",
            "at most 20 charts a minute, not: 20 charts a minute at most",
        ),
        ("Callers bring their token.", "bring their", "send …"),
        ("A retry follows the run that is going on.", "going on", "continues, is running, keeps waiting"),
        ("The query runs anew.", "anew", "again"),
        ("All else is sent as text.", "All else", "everything else"),
        ("It only takes note of what is there.", "takes note of", "records …"),
        ("Only where the last one has ended badly.", "ended badly", "completes, fails"),
        ("Its engine is not to be had as a package.", "not to be had", "is not available"),
        ("Runs that ended before the first look.", "first look", "the first check, check with …"),
        ("Who runs the server can allow it.", "Who runs", "Whoever runs …"),
        ("A cancelled job leaves its run going.", "leaves its run going", "its run keeps running in Hex"),
        ("It would break the locks without a word.", "without a word", "silently"),
        ("Waiting is no refusal.", "is no refusal", "does not count as a refusal"),
        ("Only who runs it can allow a host.", "Only who", "Only the person who …"),
        ("All are tested, but for two.", "but for two", "except …"),
        ("It says of each target what it shows.", "of each target", "for each target"),
    ],
)
def test_a_mannered_phrase_is_named_with_its_place_and_a_better_one(english: str, phrase: str, better: str) -> None:
    [found] = mannered([(english, "tool_specs/hex_cat.json inputs.cat")])

    assert str(found) == f'tool_specs/hex_cat.json inputs.cat: "{phrase}"; write "{better}"'


def test_plain_english_is_let_be() -> None:
    assert list(mannered([("Default: 25. It keeps running in Hex.", "somewhere")])) == []


def test_no_text_of_ours_is_mannered() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert [str(each) for each in mannered([*every_text(our_source()), (readme, "README.md")])] == []
