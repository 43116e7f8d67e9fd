"""Build the site: one build of mkdocs-material per language, and a first page that leads to them. make site runs it.

    python docs/build_site.py [--out site] [--language de …]

Each language has its own search index and its own navigation, named in it. The pages are those of `hex-blocks docs`,
made anew, with pictures of what is really there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pictures import draw

from hex_blocks import Registry
from hex_blocks.dev.doc_pages import Words, all_languages, names_of, navigation, pages, switches, write
from hex_blocks.i18n.texts import OTHER_NAMES

REPOSITORY = Path(__file__).parents[1]
STAGE = REPOSITORY / "build" / "site"
# What the theme and its search call a language that has another name here.
THEME = {"pt_BR": "pt-BR", "zh_Hans": "zh", "zh_Hant": "zh-TW"}
# Japanese is cut by site_hooks.py.
SEARCH = {"pt_BR": "pt", "zh_Hans": "zh", "zh_Hant": "zh", "ja": "en"}
LANGUAGE_LINE = re.compile(r"^.* · .*\]\(\.\./\w+/index\.md\).*\n", re.MULTILINE)
TOOL_LINE = re.compile(r"^`(hex_\w+)`$", re.MULTILINE)
STYLE = """
:root, [data-md-color-primary="custom"] {
  --md-primary-fg-color: #5b4b8a;
  --md-primary-fg-color--light: #7a6aa8;
  --md-primary-fg-color--dark: #41356a;
  --md-accent-fg-color: #7a5cd0;
}
[data-md-color-scheme="default"] { --md-typeset-a-color: #5b4b8a; }
[data-md-color-scheme="slate"] { --md-typeset-a-color: #b9a8ee; }
/* The list of languages hangs from the right edge of its sign, or it would stick out of a phone. */
.md-header .md-select__inner { left: auto; right: 0; transform: translate3d(0, 0.3rem, 0); }
.md-header .md-select:focus-within .md-select__inner, .md-header .md-select:hover .md-select__inner { transform: none; }
.md-header .md-select__inner::after { left: auto; right: 0.8rem; }
/* All languages at once, on a phone too. */
.md-header .md-select:is(:focus-within, :hover) .md-select__inner { max-height: 90vh; }
.md-typeset img { max-width: 100%; height: auto; }
.md-typeset code { overflow-wrap: anywhere; }
.md-typeset__scrollwrap { overflow-x: visible; margin: 0; }
.md-typeset__table { min-width: 100%; padding: 0; }
.md-typeset table:not([class]) { display: table; width: 100%; overflow: visible; }
.md-typeset table:not([class]) th { min-width: 0; white-space: normal; }
/* Names, short values and headings stay in one piece; only what is longer than its column may be broken anywhere. */
.md-typeset table:not([class]) :is(th, td) { padding: 0.5em 0.4em; overflow-wrap: break-word; }
.md-typeset table:not([class]) :is(th, td).short, .md-typeset table:not([class]) .short code { white-space: nowrap; }
/* Korean has blanks between its words, and is broken there. */
.md-typeset:lang(ko) { word-break: keep-all; overflow-wrap: break-word; }
.md-typeset table:not([class]) td:first-child code { overflow-wrap: normal; word-break: normal; }
.md-typeset table:not([class]) td:nth-child(2) { min-width: 5rem; }
/* On a phone each row is a card: its first cell is the heading, the others stand below with their columns' names. */
@media screen and (max-width: 44.984375em) {
  .md-typeset table:not([class]), .md-typeset table:not([class]) :is(tbody, tr, td) { display: block; }
  .md-typeset table:not([class]) thead { display: none; }
  .md-typeset table:not([class]) tr { border-top: 0.05rem solid var(--md-typeset-table-color); padding: 0.4em 0; }
  .md-typeset table:not([class]) td { border: 0; padding: 0.15em 0.7em; min-width: 0; }
  .md-typeset table:not([class]) td:first-child { font-weight: 700; }
  .md-typeset table:not([class]) td:not(:first-child)[data-label]::before {
    content: attr(data-label) ": "; color: var(--md-default-fg-color--light);
  }
  .md-typeset:is(:lang(ja), :lang(zh)) table:not([class]) td:not(:first-child)[data-label]::before {
    content: attr(data-label) "：";
  }
  .md-typeset table:not([class]) td:empty { display: none; }
}
"""
# Pictures of the editors of hosts: those of a guide begin with its name.
EDITORS = REPOSITORY / "docs" / "pictures"
FIRST_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>hex_blocks</title>
<style>body{{font:18px system-ui;margin:3rem auto;max-width:30rem;padding:0 1rem}}li{{margin:.5rem 0}}</style>
<h1>hex_blocks</h1>
<ul>{links}</ul>
<script>
const known = {known};
const otherNames = {other_names};
const fits = (wanted) => {{
  const parts = wanted.toLowerCase().split("-");
  const tried = parts.map((_, last) => parts.slice(0, parts.length - last).join("_"));
  const name = tried.find((each) => otherNames[each] || known.some((one) => one.toLowerCase() === each));
  return known.find((one) => one.toLowerCase() === name) || known.find((one) => one === otherNames[name]);
}};
const found = (navigator.languages || []).map(fits).find(Boolean);
if (found) location.replace(found + "/index.html");
</script>
"""


def stage(language: str, registry: Registry) -> Path:
    """Lay out a language's pages and pictures for mkdocs; give the file that says how they are built."""
    folder = STAGE / language
    made = {path: with_pictures(path, content) for path, content in pages(registry, language, REPOSITORY).items()}
    write(folder, made)
    draw(folder / "pictures", language)
    for picture in (REPOSITORY / "tool_specs" / "icon.svg", *EDITORS.glob("*.png")):
        shutil.copy(picture, folder / "pictures")
    (folder / "pictures" / "site.css").write_text(STYLE, encoding="utf-8")
    settings = STAGE / f"{language}.yml"
    settings.write_text(json.dumps(settings_of(language, made, registry), ensure_ascii=False), encoding="utf-8")
    return settings


def with_pictures(path: str, content: str) -> str:
    """Put pictures onto a page, and take off what the site shows in its own way."""
    if path == "index.md":
        content = LANGUAGE_LINE.sub("", content)
        first, rest = content.split("\n## ", 1)
        return f"{first}\n{terminal_pictures('pictures/demo')}\n\n## {rest}"
    if path.startswith("tools/"):
        return TOOL_LINE.sub(r"`\1`\n\n![\1](../pictures/\1.svg)", content)
    shown = {
        "guides/troubleshooting.md": "refused",
        "guides/getting-started.md": "demo",
        "guides/adding-a-host.md": "show",
    }
    if pictures := sorted(EDITORS.glob(f"{path.removeprefix('guides/').removesuffix('.md')}-*.png")):
        first, rest = content.split("\n## ", 1)
        return f"{first}\n{''.join(f'![](../pictures/{each.name})' for each in pictures)}\n\n## {rest}"
    if name := shown.get(path):
        first, rest = content.split("\n## ", 1)
        return f"{first}\n{terminal_pictures(f'../pictures/{name}')}\n\n## {rest}"
    return content


def terminal_pictures(name: str) -> str:
    """Show a terminal's picture in the form that fits the page."""
    return "\n".join(f"![hex-blocks]({name}-{form}.svg#only-{form})" for form in ("light", "dark"))


def settings_of(language: str, made: dict[str, str], registry: Registry) -> dict[str, Any]:
    """Give what mkdocs is to do for a language."""
    words = Words(language, REPOSITORY / "locales")
    return {
        "INHERIT": str(REPOSITORY / "mkdocs.yml"),
        "docs_dir": str(STAGE / language),
        "hooks": [str(REPOSITORY / "docs" / "site_hooks.py")],
        "site_description": words.found(registry.block.tagline) or registry.block.tagline,
        "theme": {"language": THEME.get(language, language), "palette": palette(language)},
        "plugins": {"material/search": {"lang": SEARCH.get(language, language)}},
        "extra": {
            "alternate": [
                {"name": name, "link": f"../{each}/index.html", "lang": each.replace("_", "-")}
                for each, name in names_of(all_languages(REPOSITORY)).items()
            ]
        },
        "nav": navigation(made, language),
    }


def palette(language: str) -> list[dict[str, Any]]:
    """Give the light and the dark form, and the switch between them; at first that of the system."""
    said = switches(language)
    return [
        {
            "media": f"(prefers-color-scheme: {name})",
            "scheme": scheme,
            "primary": "custom",
            "accent": "custom",
            "toggle": {"icon": icon, "name": said[name]},
        }
        for name, scheme, icon in (
            ("light", "default", "material/weather-night"),
            ("dark", "slate", "material/weather-sunny"),
        )
    ]


def build(settings: Path, out: Path) -> None:
    """Build a language's site; stop at the first warning."""
    target = out / settings.stem
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "-f", settings, "-d", target]
    # What the theme says of its own future is not about these pages.
    subprocess.run(command, check=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})


def first_page(languages: dict[str, str]) -> str:
    """Write the page that leads to the languages; a browser that runs scripts is taken to its own."""
    links = "".join(
        f'<li><a href="{each}/index.html" lang="{said}" hreflang="{said}">{name}</a></li>'
        for each, name in languages.items()
        if (said := each.replace("_", "-"))
    )
    return FIRST_PAGE.format(links=links, known=json.dumps(list(languages)), other_names=json.dumps(OTHER_NAMES))


def main() -> None:
    """Build every language, or those that are named."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("--out", type=Path, default=REPOSITORY / "site")
    options.add_argument("--language", action="append")
    given = options.parse_args()
    out = given.out.resolve()
    registry = Registry.load(plugins=False)
    every = all_languages(REPOSITORY)
    staged = [stage(language, registry) for language in given.language or every]
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(first_page(names_of(every)), encoding="utf-8")
    with ThreadPoolExecutor(4) as builders:
        list(builders.map(lambda settings: build(settings, out), staged))
    print(f"{len(staged)} languages in {out}")


if __name__ == "__main__":
    main()
