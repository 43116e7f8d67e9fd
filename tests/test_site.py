"""The site, in a browser: its links, its language switch, phones, search, and life without scripts.

Built by `make site`, which runs these tests; where it is not built, or there is no Chromium, they are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from hex_blocks.dev.doc_pages import all_languages
from tests.conftest import REPOSITORY

SITE = REPOSITORY / "site"
LANGUAGES = all_languages(REPOSITORY)
# In the other languages, the pages with the widest tables and the longest words.
LONGEST = ("/index.html", "/errors.html", "/tools/runs.html", "/tools/connections.html", "/limits-and-retries.html")
LOOKED_AT = [language for language in ("en", "de", "ja") if language in LANGUAGES]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = 390

pytestmark = [
    pytest.mark.skipif(not (SITE / "index.html").is_file(), reason="the site is not built: make site"),
    pytest.mark.slow,
]
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

# Opens pages in a frame as wide as a phone, does something in each, and sends home what it found.
HARNESS = """<!doctype html><iframe id="frame" width="%(width)d" height="844" %(kept)s></iframe><script>
const frame = document.getElementById("frame");
const open_ = (path) => new Promise((done) => { frame.onload = () => done(frame.contentWindow); frame.src = path; });
const pause = (time) => new Promise((done) => setTimeout(done, time));
(async () => {
  const found = [];
  for (const path of %(paths)s) {
    const page = await open_(path);
    try { found.push(await (%(work)s)(page, path)); } catch (error) { found.push(String(error)); }
  }
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""


# Types words into the search field, and gives the first page that is found.
SEARCH = """async (page) => {
      for (let wait = 0; wait < 100; wait++) {
        const field = page.document.querySelector("input[name=query]");
        if (field && !field.value) {
          field.focus();
          field.value = %s;
          field.dispatchEvent(new page.KeyboardEvent("keyup", {bubbles: true}));
          field.dispatchEvent(new page.Event("input", {bubbles: true}));
        }
        const found = page.document.querySelector("a.md-search-result__link, [data-md-component=search-result] a");
        if (found) return found.getAttribute("href");
        await pause(100);
      }
      return "nothing";
    }"""
TOO_WIDE = "page.document.documentElement.scrollWidth - page.document.documentElement.clientWidth"


class Page(HTMLParser):
    """What a page links to, and what it can be linked by."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.alternates: dict[str, str] = {}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        link = given.get("href") or given.get("src")
        if link and tag in ("a", "img", "script", "link"):
            self.links.append(link)
        if tag == "a" and "hreflang" in given:
            self.alternates[given["hreflang"]] = link or ""


@pytest.fixture(scope="module")
def files() -> dict[Path, Page]:
    """Every page of the site."""
    return {file: Page(file) for file in sorted(SITE.rglob("*.html"))}


@pytest.fixture(scope="module")
def home() -> Iterator[tuple[str, dict[str, str], Queue[Any]]]:
    """A server of the site: its address, pages of ours that it shows too, and what those send home."""
    harnesses: dict[str, str] = {}
    found: Queue[Any] = Queue()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if (page := harnesses.get(self.path)) is None:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def do_POST(self) -> None:
            found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", harnesses, found
        server.shutdown()


def chromium(*arguments: str) -> list[str]:
    return [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *arguments]


@pytest.fixture
def look(home: tuple[str, dict[str, str], Queue[Any]], tmp_path: Path) -> Any:
    """Open pages in a browser and do something in each: look(paths, "async (page) => …") gives what came of each."""
    address, harnesses, found = home

    def run(paths: list[str], work: str, *, width: int = PHONE, scripts: bool = True) -> list[Any]:
        # A frame that may not run scripts can still be looked into.
        kept = "" if scripts else 'sandbox="allow-same-origin"'
        values = {"width": width, "paths": json.dumps(paths), "work": work, "kept": kept}
        harnesses["/harness.html"] = HARNESS % values
        command = chromium("--remote-debugging-port=0", f"--user-data-dir={tmp_path}", f"{address}/harness.html")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                return found.get(timeout=90)  # type: ignore[no-any-return]
            except Empty:
                return []
            finally:
                browser.kill()

    return run


def pages_of(language: str) -> list[str]:
    return [f"/{file.relative_to(SITE).as_posix()}" for file in sorted((SITE / language).rglob("*.html"))]


def test_every_language_has_every_page() -> None:
    pages = {language: {path.split("/", 2)[2] for path in pages_of(language)} for language in LANGUAGES}

    assert all(pages[language] == pages["en"] for language in LANGUAGES)
    assert len(pages["en"]) > 20


def test_every_link_of_every_page_leads_somewhere(files: dict[Path, Page]) -> None:
    broken = []
    for file, page in files.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            path, anchor = urldefrag(unquote(link))
            target = (file.parent / path.split("?")[0]).resolve() if path not in ("", ".") else file
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (anchor and target in files and anchor not in files[target].names):
                broken.append(f"{file.relative_to(SITE)}: {link}")

    # The page for addresses that lead nowhere may be shown at any depth, so its links begin at the root.
    assert [link for link in broken if not re.match(r"\w+/404\.html", link)] == []


def test_nothing_is_fetched_from_elsewhere(files: dict[Path, Page]) -> None:
    fetched = re.compile(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="(https?://[^"]+)"')

    found = {link for file in files for link in fetched.findall(file.read_text(encoding="utf-8"))}

    assert found == set()
    assert not [file for file in SITE.rglob("*.svg") if "url(http" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_its_language_and_leads_to_the_others(language: str, files: dict[Path, Page]) -> None:
    file = SITE / language / "tools" / "runs.html"

    assert re.search(r'<html lang="([^"]+)"', file.read_text(encoding="utf-8"))[1].startswith(language[:2])  # type: ignore[index]
    assert set(files[file].alternates) == {each.replace("_", "-") for each in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_search_of_its_own(language: str) -> None:
    index = json.loads((SITE / language / "search" / "search_index.json").read_text(encoding="utf-8"))

    assert index["config"]["lang"][0] == {"pt_BR": "pt", "zh_Hans": "zh", "zh_Hant": "zh", "ja": "en"}.get(
        language, language
    )
    assert [entry for entry in index["docs"] if "hex_run_and_wait" in entry["text"]]


def test_every_page_of_tools_has_its_pictures() -> None:
    drawn = {file.name for file in (SITE / "de" / "pictures").glob("*.svg")}

    assert {
        "demo-light.svg",
        "demo-dark.svg",
        "refused-dark.svg",
        "hex_run_project.svg",
        "hex_run_notebook.svg",
    } <= drawn
    assert "hxtp_" not in (SITE / "de" / "pictures" / "refused-light.svg").read_text(encoding="utf-8")


@in_a_browser
@pytest.mark.parametrize("language", LOOKED_AT)
def test_no_page_scrolls_sideways_on_a_phone(language: str, look: Any) -> None:
    paths = [path for path in pages_of(language) if language == "en" or path.endswith(LONGEST)]

    widths = look(paths, f"async (page) => (await pause(100), {TOO_WIDE})")

    assert dict(zip(paths, widths, strict=True)) == dict.fromkeys(paths, 0)


@in_a_browser
def test_the_language_switch_leads_to_the_language(look: Any) -> None:
    others = [language for language in LANGUAGES if language != "en"]
    paths = [f"/en/errors.html?{language}" for language in others]
    work = """async (page, path) => {
      const language = path.split("?")[1].replace("_", "-");
      page.document.querySelector(`a[hreflang="${language}"]`).click();
      const where = () => frame.contentWindow.location.pathname;
      for (let wait = 0; wait < 50 && where().startsWith("/en/"); wait++) await pause(100);
      return where();
    }"""

    arrived = look(paths, work, width=1280)

    assert [path.split("/")[1] for path in arrived] == others


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_switch_keeps_the_page(language: str, files: dict[Path, Page]) -> None:
    file = SITE / language / "tools" / "runs.html"

    assert {link.split("/", 3)[3] for link in files[file].alternates.values()} == {"tools/runs.html"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh_Hans", "zh-Hans"), ("zh_Hant", "zh-Hant"), ("pt_BR", "pt-BR"), ("ja", "ja")],
)
def test_a_page_names_its_language_as_browsers_do(language: str, said: str) -> None:
    for page in ("errors.html", "404.html"):
        assert f'<html lang="{said}"' in (SITE / language / page).read_text(encoding="utf-8")


def test_the_first_page_names_the_languages_as_browsers_do() -> None:
    links = re.findall(r'href="(\w+)/index.html" lang="([^"]+)"', (SITE / "index.html").read_text(encoding="utf-8"))

    assert links == [(language, language.replace("_", "-")) for language in LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_navigation_has_no_entry_twice_and_is_in_its_language(language: str) -> None:
    page = (SITE / language / "errors.html").read_text(encoding="utf-8")
    whole = page.split('<nav class="md-nav md-nav--primary')[1].split("md-sidebar--secondary")[0]
    of_pages = re.sub(r'<nav class="md-nav md-nav--secondary.*?</nav>', "", whole, flags=re.DOTALL)
    entries = re.findall(
        r'<(?:a|label)[^>]*class="md-nav__link"[^>]*>\s*<span class="md-ellipsis">\s*(.*?)\s*<', of_pages
    )

    assert len(entries) > 30
    assert [entry for entry in entries if entries.count(entry) > 1] == []
    assert language == "en" or {"Overview", "How-to guides", "Tools"} & set(entries) == set()


@pytest.mark.skipif(not shutil.which("node"), reason="runs the page's script in Node")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de-AT", "de"),
        ("en-GB", "en"),
        ("pt-PT", "pt_BR"),
        ("zh", "zh_Hans"),
        ("zh-CN", "zh_Hans"),
        ("zh-TW", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh-Hant-MO", "zh_Hant"),
        ("nl", None),
    ],
)
def test_the_first_page_leads_to_the_language_of_the_browser(wanted: str, found: str | None) -> None:
    script = re.findall(r"<script>(.*?)</script>", (SITE / "index.html").read_text(encoding="utf-8"), re.DOTALL)[0]
    around = f"""
      const navigator = {{ languages: [{json.dumps(wanted)}] }};
      const location = {{ replace: (address) => console.log(address) }};
      {script}
    """

    done = subprocess.run(["node", "-e", around], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == (f"{found}/index.html" if found else "")


@in_a_browser
@pytest.mark.parametrize("width", [PHONE, 1280, 1440, 1920])
@pytest.mark.parametrize("language", LOOKED_AT)
def test_no_table_is_cut(language: str, width: int, look: Any) -> None:
    paths = [path for path in pages_of(language) if language == "en" or path.endswith(LONGEST)]
    work = """async (page) => {
      await pause(100);
      const wide = (table) => {
        const room = table.closest(".md-content__inner").getBoundingClientRect();
        const box = table.getBoundingClientRect();
        return box.width && (box.right > room.right + 1 || table.scrollWidth > table.clientWidth + 1);
      };
      return [...page.document.querySelectorAll(".md-typeset table")].filter(wide).length;
    }"""

    assert dict(zip(paths, look(paths, work, width=width), strict=True)) == dict.fromkeys(paths, 0)


@in_a_browser
@pytest.mark.parametrize("width", [1280, 1440])
def test_no_name_in_a_table_is_broken(width: int, look: Any) -> None:
    paths = [path for path in pages_of("en") if "/tools/" in path]
    work = """async (page) => {
      await pause(100);
      const names = [...page.document.querySelectorAll(".md-typeset table td:first-child code")];
      return names.filter((name) => name.getClientRects().length > 1).map((name) => name.textContent);
    }"""

    assert dict(zip(paths, look(paths, work, width=width), strict=True)) == {path: [] for path in paths}


@in_a_browser
@pytest.mark.parametrize("width", [1280, 1440])
def test_no_short_cell_is_broken(width: int, look: Any) -> None:
    paths = [f"/{language}/tools/{page}.html" for language in LANGUAGES for page in ("runs", "cells")]
    work = """async (page) => {
      await pause(100);
      const lines = (cell) => {
        const words = page.document.createRange();
        words.selectNodeContents(cell);
        const middles = [...words.getClientRects()].map((box) => (box.top + box.bottom) / 2);
        return Math.max(...middles) - Math.min(...middles) > 10;
      };
      const cells = [...page.document.querySelectorAll(".md-typeset table :is(th, td)")];
      const short = cells.filter((cell) => /^\\S{1,6}$/.test(cell.textContent.trim()));
      return [short.length > 100, short.filter(lines).map((cell) => cell.textContent)];
    }"""

    assert dict(zip(paths, look(paths, work, width=width), strict=True)) == {path: [True, []] for path in paths}


@in_a_browser
def test_all_languages_are_seen_on_a_phone(look: Any) -> None:
    work = """async (page) => {
      page.document.querySelector(".md-select button, .md-select [aria-label]").focus();
      await pause(600);
      const list = page.document.querySelector(".md-select__list").getBoundingClientRect();
      const links = [...page.document.querySelectorAll(".md-select__link")];
      const inner = page.document.querySelector(".md-select__inner").getBoundingClientRect();
      return links.filter((link) => {
        const box = link.getBoundingClientRect();
        return box.height > 0 && box.left >= 0 && box.right <= 390 && box.bottom <= inner.bottom + 1;
      }).length;
    }"""

    assert look(["/en/index.html"], work) == [len(LANGUAGES)]


# What people type, and the beginning of a page that holds it.
SOUGHT = [
    ("ja", "公開済み"),
    ("ja", "データ接続"),
    ("ja", "実行を停止"),
    ("ja", "プロジェクトの実行"),
    ("zh_Hans", "数据连接"),
    ("fr", "executer"),
    ("es", "ejecucion"),
    ("pt_BR", "execucao"),
    ("de", "schlussel"),
]


@in_a_browser
@pytest.mark.parametrize(("language", "words"), SOUGHT, ids=[f"{each[0]} {each[1]}" for each in SOUGHT])
def test_search_finds_what_people_type(language: str, words: str, look: Any) -> None:
    (found,) = look([f"/{language}/index.html"], SEARCH % json.dumps(words), width=1280)

    assert re.search(r"(tools|guides|index|errors)", found), found


@in_a_browser
@pytest.mark.parametrize("language", LOOKED_AT)
def test_search_finds_a_tool(language: str, look: Any) -> None:
    (found,) = look([f"/{language}/index.html"], SEARCH % '"hex_run_and_wait"', width=1280)

    assert re.search(r"(tools|guides|index|errors)", found), found


@in_a_browser
def test_pages_can_be_read_without_scripts(look: Any) -> None:
    paths = ["/en/guides/troubleshooting.html", "/de/tools/runs.html", "/ja/errors.html", "/index.html"]
    work = f"""async (page) => {{
      const seen = (part) => part.checkVisibility() && part.getBoundingClientRect().width > 0;
      const parts = [...page.document.querySelectorAll("h1, h2, p, td, li a[href$='index.html']")];
      return {{hidden: parts.filter((part) => part.textContent.trim() && part.closest("article, ul") && !seen(part))
        .filter((part) => !part.closest("nav, dialog, .md-search")).length,
        text: page.document.body.innerText.length, tooWide: {TOO_WIDE}}};
    }}"""

    found = look(paths, work, scripts=False)

    assert [(each["hidden"], each["tooWide"]) for each in found] == [(0, 0)] * len(paths)
    assert all(each["text"] > 2_000 for each in found[:-1])
