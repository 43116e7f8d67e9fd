"""The workbench as a person sees it: a report's form, in light and dark, for README.md.

    python docs/workbench_picture.py OUT [--language de]

Starts `hex-blocks serve` on the sandbox, fills in a report's form in a headless Chromium, and takes a picture of it.
Needs hex-blocks[serve], playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SCHEMES = ("light", "dark")
SIZE = {"width": 1200, "height": 1000}
SHOWN = 800
REPORT = "Revenue report"
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def served() -> Iterator[str]:
    """Serve the sandbox's tools, and give the address."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--sandbox", "--speed", "20", "--port", "0", "--data", folder, "--quiet"]
        command = [sys.executable, "-m", "hex_blocks", "serve", *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            yield next(found[0] for line in process.stderr or () if (found := re.search(r"http://\S+", line)))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def fill_in(page: Page) -> None:
    """Fill in a report's form, with the inputs that its project has."""
    page.goto("/tools/hex_run_and_wait")
    page.locator("#field-projectId").fill(REPORT)
    page.locator("form.call button[value=load]").click()
    page.locator("fieldset select").select_option("EMEA")
    page.locator("form.call button[value=show]").click()
    page.locator("pre", has_text="EMEA").first.wait_for()


def pictures(folder: Path, language: str) -> None:
    """Write a picture of each scheme."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        sys.exit("There is no Chromium here.")
    with served() as url, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for scheme in SCHEMES:
            context = browser.new_context(base_url=url, locale=language, viewport=SIZE, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"/?language={language}")
            fill_in(page)
            clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": SHOWN}
            page.screenshot(path=folder / f"workbench-{scheme}.png", clip=clip)
            context.close()
        browser.close()


def main() -> None:
    """Write the pictures to a folder."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("out", type=Path)
    options.add_argument("--language", default="en")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pictures(given.out, given.language)


if __name__ == "__main__":
    main()
