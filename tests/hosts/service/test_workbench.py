"""The workbench as a browser without scripts has it: pages, forms, sessions."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.hosts.models.schemas import for_models
from hex_blocks.hosts.models.toolsets import select_tools
from hex_blocks.hosts.service.workbench.forms import fields_of, form_values, inputs_of_form
from hex_blocks.hosts.service.workbench.results import display
from hex_blocks.hosts.service.workbench.snippets import snippets
from hex_blocks.i18n.texts import languages
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.calling import our_tools
from tests.hosts.service.conftest import SECRET, Client

TOOLS = [tool.id for tool in select_tools(our_tools(), ["all"])]
MARKUP = '"><script>alert(1)</script>'


class Read(HTMLParser):
    """What a browser reads of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.links: dict[str, str] = {}
        self.actions: list[str] = []
        self.faults: list[str] = []
        self.scripts: list[dict[str, str]] = []
        self.styled = False
        self._select = self._link = self._area = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.styled |= "style" in given or tag == "style"
        self.ids += [given["id"]] if "id" in given else []
        if tag == "input" and "name" in given and given.get("type") != "checkbox":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
            self.fields[self._select] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self._select] = given["value"]
        elif tag == "label":
            self.labels.add(given.get("for", ""))
        elif tag == "a":
            self._link = given.get("href", "")
        elif tag == "form":
            self.actions.append(given.get("action", ""))
        elif tag == "script":
            self.scripts.append(given)
        if "aria-invalid" in given:
            self.faults.append(given.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area
        self._link = "" if tag == "a" else self._link

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data.removeprefix("\n")
        if self._link:
            self.links[data.strip()] = self._link


class Browser:
    """A browser without scripts."""

    def __init__(self, client: Client, language: str = "en") -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Accept-Language": language, "Accept": "text/html"})
        self.url = client.url
        self.answer: requests.Response

    @property
    def page(self) -> Read:
        return Read(self.answer.text)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.answer.text))

    def open(self, path: str) -> Browser:
        self.answer = self.session.get(urljoin(self.url, path), timeout=60)
        return self

    def click(self, words: str) -> Browser:
        return self.open(urljoin(self.answer.url, self.page.links[words]))

    def send(self, path: str | None = None, **fields: str) -> Browser:
        """Fill in the page's last form and send it."""
        page = self.page
        action = path or page.actions[-1]
        given = {**page.fields, **fields}
        self.answer = self.session.post(urljoin(self.url, action), data=given, timeout=60)
        return self

    def wait(self) -> Browser:
        """Look again and again until a call has ended, as the page asks for."""
        while 'http-equiv="refresh"' in self.answer.text:
            self.open(self.answer.url)
        return self


@pytest.fixture
def browser(here) -> Browser:
    return Browser(here())


def test_a_report_is_run_for_last_month_and_its_chart_seen(browser):
    browser.open("/").click("Run a project and wait")
    browser.send(projectId="Revenue report", inputParams='{"region": "EMEA"}')
    browser.wait()

    assert "COMPLETED" in browser.text
    title = our_tools()["hex_get_run_results"].title()
    browser.open("/?q=results").click(title)
    finished = browser.open("/jobs").click("Run a project and wait").answer.text
    run = re.search(r"<dt>runId</dt><dd>\s*<span class=\"text\">([0-9a-f-]{36})", finished)
    assert run is not None
    browser.open("/tools/hex_get_run_results").send(projectId=REVENUE_REPORT, runId=run[1]).wait()
    assert '<img src="data:image/png;base64,' in browser.answer.text


def test_what_hangs_is_cancelled(browser):
    browser.open("/tools/hex_run_and_wait").send(projectId="Endless simulation", timeout="86400")

    assert "running" in browser.text
    browser.send(browser.page.actions[-1]).wait()
    assert "cancelled" in browser.text
    assert "keeps running" in browser.text


def test_who_owns_a_project_is_found(browser):
    browser.open("/?q=find+project").click("Find a project").send(query="Revenue").wait()

    assert "ada.okafor@sandbox.example" in browser.text
    assert '<th scope="col">ownerEmail</th>' in browser.answer.text


def test_yesterdays_call_is_repeated(browser):
    browser.open("/tools/hex_find_project").send(query="Revenue", includeArchived="true").wait()
    again = next(link for words, link in browser.open("/jobs").page.links.items() if words.startswith("Run again"))

    browser.open(again)

    assert (browser.page.fields["query"], browser.page.fields["includeArchived"]) == ("Revenue", "true")
    assert "succeeded" in browser.send().wait().answer.text


def test_a_projects_own_inputs_are_fields(browser):
    browser.open("/tools/hex_run_and_wait").send(projectId=REVENUE_REPORT, do="load")
    fields = browser.page.fields

    own = [name for name in fields if name.startswith("inputParams.")]
    assert own
    region = next(name for name in own if "region" in name)
    browser.send(**{region: "EMEA", "do": "show"})
    assert "EMEA" in re.sub("&#34;", '"', browser.answer.text.split("as-code")[-1])
    browser.send(do="run").wait()
    assert "COMPLETED" in browser.text


def test_a_projects_own_inputs_are_shown_by_its_name_too(browser):
    browser.open("/tools/hex_run_and_wait").send(projectId="Revenue report", do="load")

    assert browser.page.fields["projectId"] == REVENUE_REPORT
    assert [name for name in browser.page.fields if name.startswith("inputParams.")]
    assert browser.send(projectId="re", do="load").answer.status_code == 422
    assert "choose one" in browser.text


def test_a_name_that_several_projects_have_is_asked_about(browser):
    browser.open("/tools/hex_run_and_wait").send(projectId="re")
    several = browser.answer
    browser.open("/tools/hex_run_and_wait").send(projectId="no such project at all")

    assert several.status_code == browser.answer.status_code == 422
    assert "choose one" in several.text
    assert "No project fits this name" in browser.text


def test_faults_are_told_in_place(browser):
    browser.open("/tools/hex_run_project").send(
        projectId=REVENUE_REPORT, inputParams="{", dryRun="perhaps", notifications="[{}]"
    )

    page = browser.page
    assert browser.answer.status_code == 422
    assert {"inputParams", "notifications"} <= set(page.faults)
    assert page.fields["inputParams"] == "{"
    assert "not valid JSON" in browser.text


def test_what_removes_something_is_confirmed_first(browser, fast: Sandbox):
    tool = next(tool for tool in our_tools().values() if tool.destructive and not tool.experimental)
    before = len(fast.requests)

    given = form_values(
        {name: value for name, value in tool.spec.examples[0].inputs.items() if name not in HIDDEN_INPUTS}
    )
    browser.open(f"/tools/{tool.id}").send(**given)

    assert browser.answer.status_code == 422
    assert "Confirm" in browser.text
    assert len(fast.requests) == before


HIDDEN_INPUTS = ("apiKey", "baseUrl")


@pytest.mark.parametrize("tool_id", TOOLS)
def test_every_form_is_shown_and_says_its_example(tool_id, here, registry):
    """The example of every tool goes through its form and comes out as the same call."""
    tool = registry[tool_id]
    given = {
        name: value for name, value in tool.spec.examples[0].inputs.items() if name in for_models(tool.spec).inputs
    }

    in_form = {name: value for name, value in form_values(given).items() if value != "null"}
    fields = {field.name for field in fields_of(tool, in_form, "en")}
    inputs = inputs_of_form(tool, in_form)
    hidden = {name: value for name, value in tool.spec.examples[0].inputs.items() if name not in given}
    hidden = {name: value for name, value in hidden.items() if name not in HIDDEN_INPUTS}
    written = {name: "null" for name, value in given.items() if value is None and tool.spec.inputs[name].required}

    assert set(in_form) <= fields
    assert tool.check({**inputs, **written, **hidden}) == tool.check({**given, **hidden})


def test_every_form_can_be_sent(here):
    """The example of every tool, sent by its form, becomes a call."""
    browser = Browser(here())
    refused = {}
    for tool_id in TOOLS:
        tool = our_tools()[tool_id]
        given = {name: value for name, value in tool.spec.examples[0].inputs.items() if name not in HIDDEN_INPUTS}
        browser.open(f"/tools/{tool_id}").send(**form_values(given), confirmed="1")
        if not urlsplit(browser.answer.url).path.startswith("/jobs/"):
            refused[tool_id] = browser.text[-600:]

    assert refused == {}


def test_every_page_is_whole(here):
    browser = Browser(here())
    for path in ["/", "/jobs", "/sign-in", "/?q=run", *(f"/tools/{tool}" for tool in TOOLS)]:
        page = browser.open(path).page
        assert browser.answer.status_code == 200, path
        named = [each for each in page.ids if each.startswith("field-") and not each.endswith("-help")]
        assert set(named) <= page.labels, path
        assert len(page.ids) == len(set(page.ids)), path
        assert not page.styled, path
        assert [script["src"] for script in page.scripts] == ["/static/page.js"], path


@pytest.mark.parametrize("language", languages())
def test_pages_are_in_every_language(language, here):
    browser = Browser(here(), language.replace("_", "-"))

    browser.open("/tools/hex_run_project")
    tool = our_tools()["hex_run_project"]

    assert f'<html lang="{language.replace("_", "-")}">' in browser.answer.text
    assert tool.title(language) in browser.answer.text
    chosen = Browser(here(), "en").open(f"/?language={language}").open("/tools/hex_run_project")
    assert tool.title(language) in chosen.answer.text


def test_nothing_that_others_wrote_is_markup(browser, fast: Sandbox):
    fast.world.project("Revenue report").title = MARKUP

    browser.open("/tools/hex_find_project").send(query="script").wait()
    pages = [browser.answer.text, browser.open(f"/?q={MARKUP}").answer.text]
    pages.append(browser.open(f"/tools/hex_find_project?query={MARKUP}").answer.text)
    pages.append(browser.open("/jobs").answer.text)
    pages.append(browser.open(f"/tools/{MARKUP}").answer.text)
    pages.append(browser.open(f"/sign-in?next={MARKUP}").answer.text)

    assert [page for page in pages if "<script>alert" in page] == []
    assert "&lt;script&gt;alert" in pages[0]


def test_pages_let_no_other_page_in(browser):
    headers = browser.open("/").answer.headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_the_cookie_is_out_of_reach_and_holds_no_token(here):
    browser = Browser(here(secret=SECRET, public_url="https://hex.example.com"))
    browser.open("/sign-in")

    answer = browser.session.post(
        f"{browser.url}/sign-in?next=/jobs", data={"token": TOKENS.personal}, allow_redirects=False, timeout=30
    )

    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    assert {"HttpOnly", "Secure", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert TOKENS.personal not in cookie + answer.text + answer.headers["location"]


def test_a_secret_is_asked_for_and_the_way_goes_on_where_it_led(here):
    browser = Browser(here(secret=SECRET))

    browser.open("/tools/hex_find_project")
    assert urlsplit(browser.answer.url).path == "/sign-in"
    wrong = browser.send(token="wrong").answer
    right = browser.open("/tools/hex_find_project").send(token=SECRET)
    ran = right.send(query="Revenue").wait()

    assert wrong.status_code == 401
    assert "neither" in wrong.text
    assert urlsplit(right.answer.url).path.startswith("/jobs/")
    assert "Revenue report" in ran.text
    assert SECRET not in ran.answer.text


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(path, here):
    client = here(secret=SECRET)

    answer = client.ask("POST", f"/sign-in?next={path}", data={"token": SECRET}, allow_redirects=False)

    assert answer.headers["location"] == "/"


def test_a_form_of_another_session_is_refused(here, fast: Sandbox):
    client = here()
    browser = Browser(client).open("/tools/hex_find_project")
    other = Browser(client).open("/tools/hex_find_project").page.fields["csrf"]
    before = len(fast.requests)

    answers = [
        browser.session.post(
            f"{client.url}/tools/hex_find_project", data={"query": "x", **csrf}, timeout=30
        ).status_code
        for csrf in ({}, {"csrf": ""}, {"csrf": other})
    ]
    from_elsewhere = browser.session.post(
        f"{client.url}/tools/hex_find_project",
        data={**browser.page.fields, "query": "x"},
        headers={"Origin": "https://evil.example"},
        timeout=30,
    )

    assert answers == [403, 403, 403]
    assert from_elsewhere.status_code == 403
    assert len(fast.requests) == before


def test_signing_out_ends_the_session(here):
    browser = Browser(here(secret=SECRET)).open("/").send(token=SECRET)
    cookie = browser.session.cookies["hex_blocks_session"]

    browser.send("/sign-out")
    browser.session.cookies.set("hex_blocks_session", cookie)
    browser.open("/jobs")

    assert urlsplit(browser.answer.url).path == "/sign-in"


def test_a_session_is_not_the_apis(here):
    client = here(secret=SECRET)
    browser = Browser(client).open("/").send(token=SECRET)

    assert browser.open("/jobs").answer.status_code == 200
    assert browser.open("/v1/jobs").answer.status_code == 401


def test_another_callers_job_has_no_page(here):
    client = here(secret=SECRET)
    job = client.with_token(SECRET).post("/v1/jobs", {"tool": "hex_find_project", "inputs": {"query": "x"}}).json()
    browser = Browser(client).open("/").send(token=TOKENS.editor)

    assert browser.open(f"/jobs/{job['jobId']}").answer.status_code == 404
    assert browser.open(f"/jobs/{job['jobId']}/events").answer.status_code == 404


def test_a_password_is_neither_kept_nor_shown(here, tmp_path):
    client = here()
    browser = Browser(client).open("/tools/hex_create_data_connection")
    example = our_tools()["hex_create_data_connection"].spec.examples[0].inputs
    given = form_values({name: value for name, value in example.items() if name not in HIDDEN_INPUTS})
    hidden = {name: re.sub(r'("password": )"[^"]*"', r'\1"hunter-2-secret"', value) for name, value in given.items()}

    shown_ = browser.send(**hidden, do="show").answer.text.split("as-code")[-1]
    browser.open("/tools/hex_create_data_connection").send(**hidden).wait()
    history = browser.answer.text
    asked = client.post(
        "/v1/jobs",
        {
            "tool": "hex_create_data_connection",
            "inputs": {name: json.loads(value) if value.startswith("{") else value for name, value in hidden.items()},
        },
    )

    assert any("hunter-2-secret" in value for value in hidden.values())
    assert "hunter-2-secret" not in shown_ + history + asked.text
    kept = [file for file in (tmp_path / "service").rglob("*") if file.is_file()]
    assert not [file for file in kept if b"hunter-2-secret" in file.read_bytes()]
    assert asked.status_code == 202, asked.text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nothing"),
        ("", "nothing"),
        (0, "text"),
        (False, "text"),
        ("https://app.hex.tech/x", "link"),
        ("javascript:alert(1)", "text"),
        ("https://a b", "text"),
        ({"mimeType": "image/png", "base64": "aGk="}, "picture"),
        ({"mimeType": "image/svg+xml", "base64": "aGk="}, "list"),
        ({"mimeType": "image/png", "base64": '"><script>'}, "list"),
        ([{"a": 1}, {"b": 2}], "table"),
        ([1, 2], "list"),
    ],
)
def test_a_result_is_shown_as_what_it_is(value: Any, kind: str):
    assert display(value).kind == kind


def test_a_call_is_written_so_that_a_shell_takes_it_as_it_is():
    (curl, python, command, mcp) = snippets("hex_find_project", {"query": "it's $HOME `x`"}, "http://127.0.0.1:1")

    import shlex

    assert json.loads(shlex.split(curl.code.replace("\\\n", ""))[-1]) == {"query": "it's $HOME `x`"}
    assert json.loads(shlex.split(command.code)[-1]) == {"query": "it's $HOME `x`"}
    compile(python.code, "snippet", "exec")
    assert json.loads(mcp.code)["arguments"] == {"query": "it's $HOME `x`"}
