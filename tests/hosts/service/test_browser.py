"""The workbench in a browser: accessible, of every width, by keyboard alone, and without a fault of its own policy."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="run by make test-hosts")

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.calling import our_tools
from tests.hosts.service.conftest import Client

AXE = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent")) / "npm/node_modules/axe-core/axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 768, 1280, 1920)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as running:
        made = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture
def client(here) -> Client:
    made: Client = here()
    return made


@pytest.fixture
def page(chromium: Browser, client: Client) -> Iterator[Page]:
    """A page of a browser; the test fails where the page complains."""
    context = chromium.new_context(base_url=client.url, locale="en-US")
    context.set_default_timeout(20_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    # A form that is not valid is answered with 422, and an address that leads nowhere with 404.
    assert [each for each in complaints if "status of 4" not in each] == []


def findings(page: Page) -> list[str]:
    """Say what axe finds."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("(rules) => axe.run({runOnly: rules})", RULES)
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


def run_report(page: Page) -> None:
    """Run a report, so that there is something to look at."""
    page.goto("/tools/hex_run_and_wait")
    page.get_by_label("Project ID").fill(REVENUE_REPORT)
    page.get_by_role("button", name="Run now", exact=True).last.click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core could not be had")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme, page):
    page.emulate_media(color_scheme=scheme)
    run_report(page)
    found = {"job": findings(page)}
    for path in ("/", "/jobs", "/sign-in", "/?q=run", "/tools/hex_run_batch", "/tools/hex_delete_group", "/nothing"):
        page.goto(path)
        found[path] = findings(page)
    page.goto("/tools/hex_run_project?inputParams={")
    page.get_by_label("Project ID").fill("no such project at all")
    page.locator("form.call").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Run now", exact=True).last.click()
    expect(page.get_by_role("alert")).to_be_visible()
    found["faults"] = findings(page)

    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core could not be had")
def test_axe_finds_a_planted_fault(page):
    page.goto("/tools/hex_run_and_wait")
    page.evaluate("document.querySelector('label[for=field-projectId]').removeAttribute('for')")
    page.evaluate("document.querySelector('#field-projectId').removeAttribute('placeholder')")

    assert any(each.startswith("label") for each in findings(page))


@pytest.mark.parametrize("language", ["en", "de", "fr", "ja"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(width, language, page):
    page.set_viewport_size({"width": width, "height": 844})
    run_report(page)
    wide = []
    for path in ("/", "/jobs", "/tools/hex_run_and_wait", "/tools/hex_create_data_connection", page.url):
        page.goto(f"{path}?language={language}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)

    assert wide == []


class Keyboard:
    """A person without a mouse: what is used has to be reached by Tab first, and to show that it is."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def reach(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(MOST_TABS):
            self._page.keyboard.press("Tab")
            if what.evaluate("each => each === document.activeElement"):
                assert what.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
                return
        raise AssertionError(f"{what} is not reached")

    def press(self, what: Locator) -> None:
        self.reach(what)
        self._page.keyboard.press("Enter")

    def enter(self, what: Locator, words: str) -> None:
        self.reach(what)
        self._page.keyboard.type(words)

    def find(self, words: str, title: str) -> None:
        """Find a tool by the search of every page, and open it."""
        self.enter(self._page.get_by_role("searchbox"), words)
        self._page.keyboard.press("Enter")
        self.press(self._page.get_by_role("link", name=title, exact=True))


MOST_TABS = 200


@pytest.fixture
def keyboard(page: Page) -> Keyboard:
    page.goto("/")
    return Keyboard(page)


def run_by_keyboard(page: Page, keyboard: Keyboard) -> None:
    keyboard.find("run a project and wait", "Run a project and wait")
    keyboard.enter(page.get_by_label("Project ID"), "Revenue report")
    keyboard.press(page.get_by_role("button", name="Show the project's own inputs"))
    keyboard.enter(page.get_by_label("start_date"), "10012026")
    keyboard.enter(page.get_by_label("region"), "EMEA")
    keyboard.press(page.get_by_role("button", name="Run now", exact=True).last)
    expect(page.get_by_role("heading", name="Result")).to_be_visible()


def test_a_report_is_run_for_last_month_by_keyboard(page, keyboard):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()

    run_by_keyboard(page, keyboard)

    expect(page.locator("main")).to_contain_text("COMPLETED")
    given = page.locator("pre[aria-label=Inputs]").text_content() or ""
    assert json.loads(given)["inputParams"] == {"start_date": "2026-10-01", "region": "EMEA"}


def test_its_chart_is_seen_by_keyboard(page, keyboard):
    run_by_keyboard(page, keyboard)
    run = page.locator("dt:text-is('runId') + dd").text_content() or ""

    keyboard.find("results of a run", our_tools()["hex_get_run_results"].title())
    keyboard.enter(page.get_by_label("Project ID"), REVENUE_REPORT)
    keyboard.enter(page.get_by_label("Run ID"), run.strip())
    page.keyboard.press("Enter")

    expect(page.get_by_role("img", name="Chart").first).to_be_visible()


def test_what_hangs_is_cancelled_by_keyboard(page, keyboard):
    keyboard.find("run a project and wait", "Run a project and wait")
    keyboard.enter(page.get_by_label("Project ID"), "Endless simulation")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("RUNNING", ignore_case=True)

    keyboard.press(page.get_by_role("button", name="Cancel"))

    expect(page.get_by_role("alert")).to_contain_text("keeps running in Hex")


def test_who_owns_a_project_is_found_by_keyboard(page, keyboard):
    keyboard.find("find a project", "Find a project")
    keyboard.enter(page.get_by_label("Title, address or ID"), "Revenue")
    page.keyboard.press("Enter")

    expect(page.get_by_role("cell", name="ada.okafor@sandbox.example").first).to_be_visible()


def test_yesterdays_call_is_repeated_by_keyboard(page, keyboard):
    keyboard.find("find a project", "Find a project")
    keyboard.enter(page.get_by_label("Title, address or ID"), "Revenue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Result")).to_be_visible()

    keyboard.press(page.get_by_role("link", name="History"))
    keyboard.press(page.get_by_role("link", name=re.compile("^Run again")).first)
    expect(page.get_by_label("Title, address or ID")).to_have_value("Revenue")
    keyboard.press(page.get_by_role("button", name="Run now", exact=True).last)

    expect(page.get_by_role("heading", name="Result")).to_be_visible()


def test_progress_is_shown_and_what_hangs_is_cancelled(page):
    page.goto("/tools/hex_run_and_wait")
    page.get_by_label("Project ID").fill("Endless simulation")
    page.get_by_role("button", name="Run now", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("RUNNING", ignore_case=True)

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("alert")).to_contain_text("keeps running in Hex")


def test_json_is_told_of_while_it_is_written(page):
    page.goto("/tools/hex_run_and_wait")
    field = page.get_by_label("Input parameters")
    field.fill('{"region": ')
    page.get_by_label("Project ID").fill(REVENUE_REPORT)

    page.get_by_role("button", name="Run now", exact=True).last.click()

    assert field.evaluate("each => each.validationMessage")
    assert page.url.endswith("/tools/hex_run_and_wait")


def test_code_is_copied(page, client):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/tools/hex_find_project?query=Revenue")

    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()

    assert f"{client.url}/v1/tools/hex_find_project" in page.evaluate("navigator.clipboard.readText()")


def test_no_page_of_others_shows_these_in_a_frame(chromium, client):
    page = chromium.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    page.set_content(f'<iframe src="{client.url}/jobs"></iframe>')

    expect(page.frame_locator("iframe").get_by_role("heading", name="History")).to_have_count(0)

    page.close()
    assert any("frame-ancestors" in each for each in refused)
