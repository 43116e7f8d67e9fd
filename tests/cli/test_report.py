"""The page of a pipeline or batch: whole in itself, safe whatever stands in it, and written so that it is not lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.cli.report_page import WIDTH, Project, write_report
from hex_blocks.clock import FastClock
from hex_blocks.i18n.texts import languages
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan
from tests.conftest import SPEED, environment_for
from tests.marks import mostly_slow

RUN_URL = "https://app.hex.tech/hex/5a8591dd/app?runId=78c33d18&x=<y>"
RunCommand = Callable[..., "subprocess.CompletedProcess[str]"]

STATES = {
    "COMPLETED": ("completed", "ok"),
    "ERRORED": ("failed", "bad"),
    "KILLED": ("stopped", "stopped"),
    "UNABLE_TO_ALLOCATE_KERNEL": ("got no kernel", "no-kernel"),
    "RUNNING": ("running", "going"),
    "PENDING": ("waiting for its kernel", "going"),
    "NOT_STARTED": ("not started", "none"),
    "SKIPPED": ("skipped", "none"),
    "SOMETHING_NEW": ("unknown", "none"),
}


def part(name: str = "extract", status: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "projectId": "5a8591dd-4039-49df-9202-96385ba3eff8",
        "runId": "78c33d18-170c-44d3-a227-b3194f134f73",
        "runUrl": RUN_URL,
        "status": status,
        "startedAt": "2026-03-02T07:01:00.000Z",
        "startTime": "2026-03-02T07:02:00.000Z",
        "endTime": "2026-03-02T07:04:00.000Z",
        "endedAt": "2026-03-02T07:04:05.000Z",
        "elapsedSeconds": 120.0,
        "waits": [{"for": "EARLIER_STEP", "seconds": 60.0}],
        "error": None,
        **more,
    }


def pipeline(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "succeeded": True,
        "steps": list(steps),
        "failedStep": None,
        "startedAt": "2026-03-02T07:00:00.000Z",
        "endedAt": "2026-03-02T07:05:00.000Z",
        "elapsedSeconds": 300.0,
        "idempotencyKey": "nightly",
        **more,
    }


def batch(*sets: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = pipeline(**more) | {"sets": [{"inputParams": {}} | each for each in sets]}
    return result | {"total": len(sets), "completed": len(sets), "failed": 0, "failedSets": []}


class Parsed(HTMLParser):
    """A page's elements and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.source = page
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def report_of(result: dict[str, Any], language: str | None = None) -> Parsed:
    return Parsed(write_report("hex_run_batch" if "sets" in result else "hex_run_pipeline", result, language))


# What is shown


@pytest.mark.parametrize(("status", "words", "colour"), [(status, *shown) for status, shown in STATES.items()])
def test_how_each_step_ended_is_said_in_words_and_colour(status: str, words: str, colour: str) -> None:
    page = report_of(pipeline(part(status=status)))

    assert f"extract {words}" in page.words
    assert {"class": f"lane {colour}"} in page.all("div")
    assert {"class": colour} in page.all("tr")


def test_the_timeline_and_the_table_tell_the_same_wait() -> None:
    page = report_of(pipeline(part(waits=[{"for": "EARLIER_STEP", "seconds": 42.0}])))

    assert "waited 42 sec for an earlier step" in page.text
    assert "an earlier step (42 sec)" in page.text


def test_a_step_is_drawn_as_what_it_waited_for_and_how_long_it_ran() -> None:
    page = report_of(pipeline(part()))

    bars = [(bar["class"], float(bar["x"] or ""), float(bar["width"] or "")) for bar in page.all("rect")]
    # Of the five minutes: one in the queue, one for the kernel, two running.
    assert bars == [("queue", 0, 200), ("kernel", 200, 200), ("run", 400, 400)]
    assert "waited 1 min for an earlier step" in page.text
    assert "waited 1 min for its kernel" in page.text
    assert "ran for 2 min" in page.text


def test_a_step_that_never_got_its_kernel_is_drawn_as_waiting_to_its_end() -> None:
    page = report_of(pipeline(part(status="UNABLE_TO_ALLOCATE_KERNEL", startTime=None)))

    assert [bar["class"] for bar in page.all("rect")] == ["queue", "kernel"]


@pytest.mark.parametrize("status", ["NOT_STARTED", "SKIPPED"])
def test_a_step_that_was_not_started_is_drawn_as_nothing(status: str) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("runId", "runUrl", "startedAt", "startTime", "endTime", "endedAt", "elapsedSeconds")
    )
    page = report_of(pipeline(part(status=status, waits=[], **nothing)))

    assert page.all("rect") == []
    assert page.all("a") == []


@pytest.mark.parametrize(
    ("key", "words", "colour"),
    [
        ("bad_parameters", "could not be started", "bad"),
        ("rate_limited", "could not be started", "bad"),
        ("start_lost", "perhaps started", "stopped"),
        ("start_pending", "perhaps started", "stopped"),
        ("start_unknown", "perhaps started", "stopped"),
        ("start_uncertain", "perhaps started", "stopped"),
        ("start_interrupted", "perhaps started", "stopped"),
    ],
)
def test_a_set_without_a_run_is_drawn_at_its_turn_as_what_is_known_of_it(key: str, words: str, colour: str) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("runId", "runUrl", "startTime", "endTime", "elapsedSeconds"))
    error = {"error": key, "kind": "any", "message": "Something happened."}
    page = report_of(batch(part(status="NOT_STARTED", error=error, **nothing)))

    assert f"extract {words}" in page.words
    assert [(bar["class"], float(bar["x"] or "")) for bar in page.all("rect")] == [("queue", 0), ("run", 200)]
    assert {"class": f"lane {colour}"} in page.all("div")


def test_a_run_whose_end_hex_does_not_tell_is_drawn_until_it_was_noticed() -> None:
    page = report_of(pipeline(part(status="KILLED", endTime=None, endedAt="2026-03-02T07:03:00.000Z")))

    assert [(bar["class"], bar["x"], bar["width"]) for bar in page.all("rect")][-1] == ("run", "400.0", "200.0")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "soon", 7])
@pytest.mark.parametrize("name", ["startTime", "endTime"])
def test_a_moment_that_cannot_be_one_of_the_work_leaves_the_page_as_it_is(name: str, moment: Any) -> None:
    more = {name: moment}
    page = report_of(pipeline(part(), part("odd", **more)))

    assert [bar["width"] for bar in page.all("rect")][:3] == ["200.0", "200.0", "400.0"]
    assert "odd completed" in page.words


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 sec"), (59.94, "59.9 sec"), (59.97, "1 min"), (3599.7, "1 h 0 min")]
)
def test_how_long_it_took_is_said_in_few_words(seconds: float, said: str) -> None:
    began = datetime(2026, 3, 2, 7, tzinfo=UTC)
    # By the clock of all other moments: on a fast sandbox ours has seen less go by.
    page = report_of(pipeline(part(), endedAt=(began + timedelta(seconds=seconds)).isoformat(), elapsedSeconds=1.0))

    assert re.search(rf"took\s+{said}\s", page.text)


def test_how_many_completed_is_said(tmp_path: Path) -> None:
    page = report_of(batch(part("a"), part("b"), part("c", "ERRORED", error={"message": "no"}), succeeded=False))

    assert "2 of 3 completed" in page.words


def test_equal_failures_are_told_once() -> None:
    error = {"message": "The table is missing.", "hint": "Look at https://app.hex.tech/x"}
    page = report_of(
        batch(
            *(part(name, "ERRORED", error=error) for name in "abc"), part("d", "ERRORED", error={"message": "Other."})
        )
    )

    assert page.words.count("The table is missing.") == 1
    assert "3 × The table is missing." in page.words
    assert "a; b; c" in page.words
    assert page.words.count("Other.") == 1


def test_failures_whose_hints_lead_to_their_runs_are_told_once_and_without_one_of_the_hints() -> None:
    message = "The run ended with an error of the project."
    errors = [
        {"message": message, "hint": f"Open https://app.hex.tech/{each} to see which cell failed."} for each in "ab"
    ]
    page = report_of(batch(*(part(name, "ERRORED", error=error) for name, error in zip("ab", errors, strict=True))))

    assert f"2 × {message}" in page.words
    assert page.words.count(message) == 1
    assert "which cell failed" not in page.words


def test_a_page_names_the_project_with_its_id_and_its_address() -> None:
    id_ = part()["projectId"]
    project = Project(id_, "Revenue <report>", f"https://app.hex.tech/hex/{id_}")
    one = Parsed(write_report("hex_run_batch", batch(part()), None, {id_: project}))
    several = Parsed(write_report("hex_run_pipeline", pipeline(part(), part("x", projectId="-")), None, {id_: project}))

    assert "Batch: Revenue <report>" in one.words
    assert all(project.url in [each.get("href") for each in page.all("a")] for page in (one, several))
    assert all(id_ in page.words for page in (one, several))


@pytest.mark.parametrize(
    ("changes", "waited"),
    [
        ({}, {"waiting for its turn", "waiting for its kernel"}),
        ({"waits": []}, {"waiting for its kernel"}),
        ({"startTime": "2026-03-02T07:01:00.000Z"}, {"waiting for its turn"}),
    ],
    ids=["both", "no turn", "no kernel"],
)
def test_what_is_drawn_stands_in_the_legend_and_nothing_else(changes: dict[str, Any], waited: set[str]) -> None:
    page = report_of(pipeline(part(**changes), part("x", "ERRORED", **changes)))

    lines = {line.strip() for line in page.text.splitlines()}
    assert {"a run: completed", "a run: failed"} <= lines
    assert lines & {"waiting for its turn", "waiting for its kernel"} == waited


@pytest.mark.parametrize(
    "end",
    ["12:00:00.000", "12:00:00.400", "12:00:50.000", "13:23:20.000", "23:59:59.999"],
)
@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-07", "2027-10-01"])
def test_every_bar_lies_inside_and_the_scale_has_a_few_round_times(day: str, end: str) -> None:
    noon, end = "2026-03-02T12:00:00.000Z", f"{day}T{end}Z"
    steps = part(startedAt=noon, startTime=noon, endTime=end)
    page = report_of(pipeline(steps, startedAt=noon, endedAt=end))

    for bar in page.all("rect"):
        left, width = float(bar["x"] or ""), float(bar["width"] or "")
        assert left >= 0
        assert left + width <= WIDTH + 0.01
    marks = re.findall(r'class="(?:first|last|)" style="left: [^"]*">(?:\d\d-\d\d )?([\d:]+)<', page.source)
    within_a_minute = noon[:17] == end[:17]
    assert (1 if within_a_minute else 2) <= len(marks) <= 6
    assert all(re.fullmatch(r"\d\d:[0-5][05]|\d\d:\d\d:[0-5]\d", mark) for mark in marks)


@pytest.mark.parametrize(
    "zone", mostly_slow(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"], "Asia/Kolkata")
)
def test_times_are_those_of_the_machine(zone: str) -> None:
    script = (
        "import json, sys; from hex_blocks.cli.report_page import write_report;"
        "print(write_report('hex_run_pipeline', json.load(sys.stdin)))"
    )
    written = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(pipeline(part())),
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    [said] = set(re.findall(r"2026-03-02 \d\d:\d\d:00 \(UTC(.\d\d:\d\d)\) –", written))
    expected = {"UTC": "+00:00", "Europe/Berlin": "+01:00", "Asia/Kolkata": "+05:30", "America/St_Johns": "-03:30"}
    assert said == expected[zone]
    assert re.search(r'">\d\d:[03][0-5]</span>', written)


def test_errors_are_told_with_what_to_do_and_a_link_to_the_run() -> None:
    error = {"error": "run_errored", "kind": "run", "message": "It failed.", "hint": f"Open {RUN_URL} to see why."}
    page = report_of(pipeline(part(status="ERRORED", error=error), succeeded=False))

    assert "It failed." in page.text
    assert "to see why." in page.words
    assert {link["href"] for link in page.all("a")} == {RUN_URL}


def test_a_batch_tells_what_held_it_up() -> None:
    waits = [{"for": "REQUEST_LIMIT", "seconds": 7200.0}, {"for": "KERNEL", "seconds": 30.0}]
    page = report_of(batch(part("a", waits=[]), part("b", waits=waits)))

    assert "waited for Hex's request limit 2 h 0 min" in page.words
    assert "waited for a free kernel 30 sec" in page.words


def test_work_that_goes_on_for_days_shows_the_days() -> None:
    page = report_of(pipeline(part(startTime="2026-03-04T12:00:00.000Z", endTime="2026-03-04T12:02:00.000Z")))

    assert re.search(r"03-0[345] \d\d:\d\d:\d\d", page.text)


def test_a_large_batch_is_drawn_in_thin_lines() -> None:
    small, large = report_of(batch(*[part()] * 60)), report_of(batch(*[part()] * 300))

    assert "timeline" in [section["class"] for section in small.all("section") if "class" in section]
    assert "timeline thin" in [section["class"] for section in large.all("section") if "class" in section]
    assert len(large.all("svg")) == 300


@pytest.mark.parametrize("language", languages())
def test_a_page_says_its_language(language: str) -> None:
    page = report_of(pipeline(part()), language)

    assert page.all("html") == [{"lang": language.replace("_", "-")}]


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour as WCAG defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "soft", "link", "ok", "bad", "stopped", "kernel", "going", "none"])
def test_words_stand_out_from_what_is_behind_them(name: str, scheme: int) -> None:
    root = re.findall(r":root \{(.*?)\}", write_report("hex_run_pipeline", pipeline(part())), re.DOTALL)[scheme]
    colours = {found[0]: luminance(found[1]) for found in re.findall(r"--([a-z]+): (#[0-9a-f]+);", root)}

    for behind in ("card", "paper"):
        dark, light = sorted((colours[name], colours[behind]))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


# Safe


HOSTILE = """</title><script>alert(1)</script><img src=x onerror=alert(1)>"' onload='x' {{7*191}} \u202e \\"""


def test_nothing_that_hex_or_anybody_says_becomes_a_part_of_the_page() -> None:
    error = {"error": "x", "kind": "run", "message": HOSTILE, "hint": HOSTILE}
    harmless = {"error": "x", "kind": "run", "message": "It failed.", "hint": "Look."}
    plain = report_of(batch(part("n" * 80, error=harmless, inputParams={"a": 1}, status="NEW"), idempotencyKey="k"))
    page = report_of(
        batch(part(HOSTILE, error=error, inputParams={HOSTILE: HOSTILE}, status=HOSTILE), idempotencyKey=HOSTILE)
    )

    def names(parsed: Parsed) -> set[tuple[str, ...]]:
        return {(tag, *sorted(attributes)) for tag, attributes in parsed.elements}

    assert names(page) <= names(plain)
    assert HOSTILE in page.text
    assert "1337" not in page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//x", "ftp://x", "", None, 7])
def test_only_web_addresses_become_links(url: Any) -> None:
    assert report_of(pipeline(part(runUrl=url))).all("a") == []


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    page = write_report("hex_run_batch", batch(part()))
    parsed = Parsed(page)

    assert not {tag for tag, _ in parsed.elements} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert not re.search(r"url\(|@import|src=", page)
    assert [link["rel"] for link in parsed.all("a")] == ["noopener noreferrer"] * 2
    [policy] = [meta["content"] for meta in parsed.all("meta") if meta.get("http-equiv")]
    assert policy
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


# The command line


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FastClock(SPEED)) as running:
        yield running


@pytest.fixture
def call(sandbox: Sandbox, here: RunCommand) -> RunCommand:
    """Call a tool on a sandbox: call("hex_run_batch", …)."""

    def call_tool(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return here("call", tool, *arguments, env=environment(sandbox))

    return call_tool


def environment(sandbox: Sandbox) -> dict[str, str]:
    return environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal)


@pytest.fixture
def doomed(sandbox: Sandbox) -> list[str]:
    """A batch whose sets fail at once."""
    project = sandbox.world.project("Revenue report").id
    return ["hex_run_batch", f"projectId={project}", 'parameterSets:=[{"nonsense": 1}, {"nonsense": 2}]']


def test_a_page_is_written_beside_the_result(call: RunCommand, doomed: list[str], tmp_path: Path) -> None:
    file = tmp_path / "batch.html"

    ended = call(*doomed, "--report", str(file))

    assert json.loads(ended.stdout)["failed"] == 2
    assert "nonsense=1" in file.read_text(encoding="utf-8")
    assert "The page is in" in ended.stderr
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".batch")]


def test_a_page_that_is_written_anew_is_readable_for_whom_it_was(
    call: RunCommand, doomed: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "batch.html"
    file.write_text("last night's", encoding="utf-8")
    file.chmod(0o644)

    call(*doomed, "--report", str(file))

    assert "nonsense=1" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o644


def test_work_that_did_not_succeed_exits_1_after_its_result(call: RunCommand, doomed: list[str]) -> None:
    ended = call(*doomed)

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["succeeded"] is False


@pytest.mark.parametrize("name", ["nowhere/batch.html", ".", "/proc/batch.html", "/dev/null"])
def test_a_page_that_cannot_be_written_is_said_before_anything_runs(
    name: str, call: RunCommand, doomed: list[str], sandbox: Sandbox, tmp_path: Path
) -> None:
    for place in (str(tmp_path / name), ""):
        ended = call(*doomed, "--report", place)

        assert ended.returncode == 2
        assert (ended.stdout, "Traceback" in ended.stderr) == ("", False)
        assert sandbox.requests == []


@contextmanager
def under_way(sandbox: Sandbox, fast: dict[str, str], *arguments: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Begin a batch in a process, and give it once its progress says something; end it in any case."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hex_blocks", "call", "hex_run_batch", *arguments],
        env=os.environ | environment(sandbox) | fast,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr
            assert any(until in line for line in iter(process.stderr.readline, ""))
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_a_page_that_cannot_be_written_in_the_end_costs_nothing_but_the_page(
    sandbox: Sandbox, fast: dict[str, str], tmp_path: Path
) -> None:
    project = sandbox.world.project("Quick check")
    project.plan = Plan(0, 3 * SPEED)
    folder = tmp_path / "reports"
    folder.mkdir()
    report = ["--report", str(folder / "batch.html")]

    with under_way(
        sandbox, fast, f"projectId={project.id}", "parameterSets:=[{}]", *report, until="1 active"
    ) as process:
        folder.rmdir()
        shown, said = process.communicate(timeout=30)

    assert json.loads(shown)["succeeded"] is True
    assert "batch.html cannot be written: No such file or directory" in said
    assert process.returncode == 1


def test_a_page_takes_nothing_else_away(call: RunCommand, doomed: list[str], tmp_path: Path) -> None:
    kept, target, link = (tmp_path / name for name in ("batch.html.check", "target.html", "batch.html"))
    kept.write_text("somebody's")
    target.write_text("last night's")
    link.symlink_to(target)

    call(*doomed, "--report", str(link))

    assert kept.read_text() == "somebody's"
    assert link.is_symlink()
    assert "nonsense=1" in target.read_text(encoding="utf-8")


def test_a_page_is_for_pipelines_and_batches(call: RunCommand, tmp_path: Path, sandbox: Sandbox) -> None:
    ended = call("hex_list_users", "--report", str(tmp_path / "users.html"))

    assert ended.returncode == 2
    assert "hex_run_pipeline, hex_run_batch" in ended.stderr
    assert sandbox.requests == []


def test_work_that_is_stopped_leaves_its_page_too(sandbox: Sandbox, fast: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "batch.html"
    project = sandbox.world.project("Endless simulation").id
    inputs = [f"projectId={project}", "parameterSets:=[{}, {}]", "cancelOnInterrupt=true", "idempotencyKey=mine"]

    with under_way(sandbox, fast, *inputs, "--report", str(file), until="2 active") as process:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "idempotency key mine" in rest
    assert file.read_text(encoding="utf-8").count("stopped") >= 2


def test_the_library_for_pages_is_loaded_for_pages_only() -> None:
    script = (
        "import sys, hex_blocks.cli, hex_blocks.cli.call, hex_blocks.cli.report, hex_blocks.handlers.run_batch,"
        "hex_blocks.handlers.run_pipeline; assert 'jinja2' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
