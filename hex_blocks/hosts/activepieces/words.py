"""The words of the piece, and what they are in Activepieces' languages."""

from __future__ import annotations

from hex_blocks.hosts.javascript.titles import name_of_value, sentence_case, title_case
from hex_blocks.i18n.texts import SOURCE_LANGUAGE, languages, text

# The languages of Activepieces' own editor, by ours.
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
# Activepieces looks texts up by so many characters of the English one.
_LONGEST_KEY = 512


class Words:
    """The English that a piece shows; each text is known by it in other languages."""

    def __init__(self) -> None:
        self._source: dict[str, str] = {}

    def label(self, english: str) -> str:
        """Return a title as Activepieces writes it: in title case and without articles."""
        return self._shown(title_case(sentence_case(english)), english)

    def text(self, english: str) -> str:
        """Return a sentence as it is."""
        return self._shown(english, english)

    def value(self, value: str) -> str:
        """Return what one of Hex's values is called; it is not translated."""
        return name_of_value(value)

    def _shown(self, shown: str, english: str) -> str:
        self._source[shown] = english
        return shown

    def translations(self) -> dict[str, dict[str, str]]:
        """Return the texts of each language, by the name of its file."""
        made = {"translation": {shown[:_LONGEST_KEY]: shown for shown in self._source}}
        for language in languages():
            if language in LANGUAGES and language != SOURCE_LANGUAGE:
                said = {shown[:_LONGEST_KEY]: text(english, language) for shown, english in self._source.items()}
                made[LANGUAGES[language]] = said
        return made
