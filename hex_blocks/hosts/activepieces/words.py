"""The English texts of the piece and their translations."""

from __future__ import annotations

from hex_blocks.hosts.javascript.titles import name_of_value, sentence_case, title_case
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, languages, text

# The language codes of Activepieces' editor, by our codes.
LANGUAGES = {
    "en": "en",
    "de": "de",
    "es": "es",
    "fr": "fr",
    "ja": "ja",
    "nl": "nl",
    "pt_BR": "pt",
    "zh_Hans": "zh",
    "zh_Hant": "zh-TW",
}
# Activepieces finds a translation by at most this many characters of the English text.
_LONGEST_KEY = 512


class Words:
    """Collects the English texts that a piece shows, which are the keys of its translations."""

    def __init__(self) -> None:
        self._source: dict[str, str] = {}

    def label(self, english: str) -> str:
        """Return a title in the style of Activepieces: in title case and without articles."""
        return self._shown(title_case(sentence_case(english)), english)

    def text(self, english: str) -> str:
        """Return a sentence unchanged."""
        return self._shown(english, english)

    def value(self, value: str) -> str:
        """Return the label of a value of Hex's API, which is not translated."""
        return name_of_value(value)

    def _shown(self, shown: str, english: str) -> str:
        self._source[shown] = english
        return shown

    def translations(self) -> dict[str, dict[str, str]]:
        """Return the translations of each language, by file name."""
        made = {"translation": {shown[:_LONGEST_KEY]: shown for shown in self._source}}
        for language in languages():
            if language in LANGUAGES and language != SOURCE_LANGUAGE:
                texts = {shown[:_LONGEST_KEY]: text(english, language) for shown, english in self._source.items()}
                made[LANGUAGES[language]] = texts
        return made
