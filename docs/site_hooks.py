"""What mkdocs does to each page beside its theme: cells of tables, languages, and search."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rich.cells import cell_len

# What browsers and search engines call a language that the theme calls otherwise.
HTML_LANGUAGES = {"zh": "zh-Hans", "zh-TW": "zh-Hant"}
JAPANESE = "ja"
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
_CELL = re.compile(r"<(t[hd])>(.*?)(?=</t[hd]>)", re.DOTALL)
# Cells of one word that is no longer are not broken: Chinese and Japanese would be, between any two characters.
SHORT = 12
_ALTERNATE = re.compile(r'(<a href="[^"]*?)index\.html(" hreflang=)')
_WORKER = re.compile(r"(assets/javascripts/workers/)(search\.\w+\.min\.js)")
# Han and both Kana, with the sign that makes a vowel long.
_JAPANESE_RUN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff々]+")
# Stands before the theme's search: Japanese has no blanks between words, so that what is sought is cut into pairs of
# characters, as the index holds them.
_JAPANESE_WORKER = """
const run = /[\\u3040-\\u30ff\\u4e00-\\u9fff々]{2,}/g;
const pairs = (words) => [...words].slice(1).map((last, at) => `+${[...words][at]}${last}`).join(" ");
const inPairs = (query) => query.replace(run, (words) => ` ${pairs(words)} `);
const cut = (data) => typeof data.data === "string" ? {...data, data: inPairs(data.data)} : data;
const listen = self.addEventListener.bind(self);
self.addEventListener = (kind, heard, ...rest) =>
  listen(kind, kind === "message" ? (event) => heard({data: cut(event.data)}) : heard, ...rest);
importScripts("%s");
"""


def on_config(config: Any) -> Any:
    """Cut words only in Chinese: the library for it would cut Japanese where no word ends."""
    from material.plugins.search import plugin

    if not config.theme["language"].startswith("zh"):
        plugin.jieba = None
    return config


def on_page_content(content: str, **_: Any) -> str:
    """Give every cell of a table its column's heading, which a phone shows beside it, and mark the short ones."""
    return _TABLE.sub(lambda found: _labelled(found[0]), content)


def _labelled(table: str) -> str:
    heads = [_words(head).replace('"', "&quot;") for head in _HEAD.findall(table)]

    def row_of(row: re.Match[str]) -> str:
        labels = iter(heads)

        def marked(cell: re.Match[str]) -> str:
            label = f' data-label="{next(labels, "")}"' if cell[1] == "td" else ""
            short = ' class="short"' if _is_short(_words(cell[2])) else ""
            return f"<{cell[1]}{label}{short}>{cell[2]}"

        return _CELL.sub(marked, row[0])

    return _ROW.sub(row_of, table)


def _is_short(said: str) -> bool:
    return bool(said) and " " not in said and cell_len(html.unescape(said)) <= SHORT


def _words(cell: str) -> str:
    return re.sub(r"<[^>]*>", "", cell)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Let the language switch keep the page, and name the language as browsers do."""
    return _ALTERNATE.sub(lambda found: f"{found[1]}{page.url}{found[2]}", _in_its_language(output, config))


def on_post_template(output: str, template_name: str, config: Any) -> str:
    """Name the language of the page for addresses that lead nowhere."""
    return _in_its_language(output, config) if template_name.endswith(".html") else output


def _in_its_language(output: str, config: Any) -> str:
    language = config.theme["language"]
    if language == JAPANESE:
        output = _WORKER.sub(r"\1japanese.js", output)
    return re.sub(r'<html lang="[^"]*"', f'<html lang="{HTML_LANGUAGES.get(language, language)}"', output, count=1)


def on_post_build(config: Any) -> None:
    """Let words with accents be found without them, and Japanese words inside others."""
    is_japanese = config.theme["language"] == JAPANESE
    site = Path(config.site_dir)
    file = site / "search" / "search_index.json"
    index = json.loads(file.read_text(encoding="utf-8"))
    for entry in index["docs"]:
        said = _said(f"{entry['title']} {entry['text']}")
        more = _pairs(said) if is_japanese else _without_accents(said)
        if more:
            entry["text"] += f"<p>{' '.join(dict.fromkeys(more))}</p>"
    file.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    if is_japanese:
        workers = site / "assets" / "javascripts" / "workers"
        theirs = next(workers.glob("search.*.min.js"))
        (workers / "japanese.js").write_text(_JAPANESE_WORKER % theirs.name, encoding="utf-8")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def _said(html: str) -> str:
    """Return the text of a page's part."""
    reader = _Text()
    reader.feed(html)
    return " ".join(reader.said)


def _without_accents(said: str) -> list[str]:
    """Return the words that have accents, without them."""
    words = re.findall(r"\w+", said)
    return [plain for word in words if not word.isascii() and (plain := unaccented(word)).isascii()]


def _pairs(said: str) -> list[str]:
    """Return every two characters that stand together in Japanese text."""
    return [run[at : at + 2] for run in _JAPANESE_RUN.findall(said) for at in range(len(run) - 1)]


def unaccented(word: str) -> str:
    """Return a word without its accents."""
    parts = unicodedata.normalize("NFKD", word.replace("ß", "ss"))
    return "".join(part for part in parts if not unicodedata.combining(part))
