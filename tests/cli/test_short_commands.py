"""run, follow, cancel, runs, projects and open: short ways to tools."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import webbrowser
from pathlib import Path

import pytest
import yaml
from click.shell_completion import ShellComplete

from hex_blocks import Connection, Hex
from hex_blocks.cli import cli, naming
from hex_blocks.cli.shared_sandbox import find_shared
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.conftest import RunCommand, environment_for
from tests.faulty import Faulty, silence

REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
ENDLESS = "Endless simulation"
NOBODY = "00000000-0000-4000-8000-000000000000"


def start(here: RunCommand, title: str) -> dict[str, str]:
    done = here("run", title, "--no-wait", "--sandbox", "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


# run


@pytest.mark.parametrize(
    "named",
    ["Quick check", "quick CHECK", "eaac7a41-372e-5b14-a151-abbf25d8ccce", "https://app.hex.tech/x/hex/{id}/draft"],
)
def test_a_project_is_run_by_title_id_or_address(here: RunCommand, running: Sandbox, named: str) -> None:
    named = named.format(id=running.world.project("Quick check").id)

    done = here("run", named, "--sandbox")

    run = json.loads(done.stdout)
    assert (done.returncode, run["status"]) == (0, "COMPLETED")
    assert "Running Quick check" in done.stderr
    assert f"Quick check: Run {run['runId']}: " in done.stderr


def test_nothing_is_said_to_run_where_an_option_is_not_valid(here: RunCommand, running: Sandbox) -> None:
    done = here("run", "Quick check", "--key", "k" * 201, "--sandbox")

    assert done.returncode == 2
    assert "must have at most 200 characters" in done.stderr
    assert "Running" not in done.stderr


def test_parameters_are_given_as_they_are_to_call(here: RunCommand, running: Sandbox, tmp_path) -> None:
    (tmp_path / "region").write_bytes(b"\xef\xbb\xbfEMEA")

    done = here("run", "Revenue report", f"region=@{tmp_path}/region", "start_date=2026-01-01", "--sandbox", "-q")

    assert done.returncode == 0, done.stderr
    assert running.world.runs(REVENUE)[0].inputs == {"region": "EMEA", "start_date": "2026-01-01"}


def test_a_second_run_with_the_same_key_is_the_first(here: RunCommand, running: Sandbox) -> None:
    runs = [json.loads(here("run", "Quick check", "--key", "k", "--sandbox").stdout)["runId"] for _ in range(2)]

    assert runs[0] == runs[1]


def test_a_run_that_fails_ends_with_1_and_its_page(here: RunCommand, running: Sandbox) -> None:
    done = here("run", "Broken import", "--sandbox", "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "run_errored")
    assert "/hex/" in done.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("orders", "Several projects fit 'orders': "),
        ("", "Give a project: "),
        (" ", "Give a project: "),
        ("x" * 1000, f"No project is '{'x' * naming.MAX_SHOWN}'."),
        ("Revenu reprot", "Revenue report"),
        (NOBODY, f"No project is '{NOBODY}'."),
    ],
)
def test_a_project_that_is_not_one_is_wrong_use(here: RunCommand, running: Sandbox, named: str, said: str) -> None:
    done = here("run", named, "--sandbox")

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_without_a_terminal_a_project_must_be_given(here: RunCommand, running: Sandbox) -> None:
    done = here("run", "--sandbox", "--json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["message"].startswith("Give a project")


def test_an_empty_key_of_a_run_is_told_of(here: RunCommand, running: Sandbox) -> None:
    done = here("run", "Quick check", "--no-wait", "--key", "", "--sandbox")

    assert done.returncode == 0
    assert "Note: --key is empty" in done.stderr


# follow and cancel


def test_a_run_is_followed_by_its_id_or_address(here: RunCommand, running: Sandbox) -> None:
    started = start(here, "Quick check")

    by_id = here("follow", started["runId"], "--sandbox")
    by_address = here("follow", started["runUrl"], "--sandbox")

    assert [json.loads(each.stdout)["status"] for each in (by_id, by_address)] == ["COMPLETED", "COMPLETED"]
    assert "Following a run of Quick check" in by_id.stderr


def test_a_run_that_somebody_else_started_is_found(here: RunCommand, running: Sandbox) -> None:
    earlier = running.world.runs(REVENUE)[0]

    searched = here("follow", earlier.id, "--sandbox")
    named = here("follow", earlier.id, "--project", "Revenue report", "--sandbox")

    assert json.loads(searched.stdout)["runId"] == json.loads(named.stdout)["runId"] == earlier.id


def test_a_run_is_cancelled(here: RunCommand, running: Sandbox) -> None:
    started = start(here, "Endless simulation")

    done = here("cancel", started["runUrl"], "--sandbox")

    assert done.returncode == 0, done.stderr
    assert running.world.runs(started["projectId"])[0].state(running.clock.time()).status == "KILLED"


@pytest.mark.parametrize("command", ["follow", "cancel"])
@pytest.mark.parametrize("named", ["Quick check", "", "../x", "https://app.hex.tech/hex/x"])
def test_what_is_not_a_run_is_wrong_use(here: RunCommand, running: Sandbox, command: str, named: str) -> None:
    done = here(command, named, "--sandbox")

    assert done.returncode == 2
    assert "is not the ID or the address of a run" in done.stderr


def test_a_run_that_nobody_knows_is_not_found(here: RunCommand, running: Sandbox) -> None:
    done = here("follow", NOBODY, "--sandbox", "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "run_project_unknown")
    assert "Give the project of the run, too: --project" in done.stderr


def test_what_to_do_next_is_said_in_options_of_the_command(here: RunCommand, running: Sandbox) -> None:
    waited = here("run", ENDLESS, "--timeout", "1", "--sandbox", "--json")
    called = here("call", "run_and_wait", f"projectId={running.world.project(ENDLESS).id}", "timeout=1", "--sandbox")
    without_token = here("projects")

    assert json.loads(waited.stdout)["error"] == "run_timeout"
    assert "Follow it with hex-blocks follow, or stop it with hex-blocks cancel: http" in waited.stderr
    assert "Follow it with hex_get_run_status" in called.stderr
    assert "Log in with hex-blocks login, or set HEX_API_TOKEN." in without_token.stderr


# projects, runs and open


def test_projects_are_listed_and_searched(here: RunCommand, running: Sandbox) -> None:
    everything = json.loads(here("projects", "--sandbox").stdout)["projects"]
    some = json.loads(here("projects", "orders", "--sandbox").stdout)["matches"]

    assert len(everything) == 15
    assert sorted(each["title"] for each in some) == ["Extract orders", "Load orders", "Transform orders"]


def test_runs_are_listed(here: RunCommand, running: Sandbox) -> None:
    done = here("runs", "Revenue report", "--limit", "3", "--status", "COMPLETED", "--sandbox")

    assert [each["status"] for each in json.loads(done.stdout)["runs"]] == ["COMPLETED"] * 3


def test_a_page_is_printed_where_no_browser_is_wanted(here: RunCommand, running: Sandbox) -> None:
    started = start(here, "Quick check")

    project = here("open", "Quick check", "--print", "--sandbox").stdout.strip()
    run = here("open", started["runId"], "--print", "--sandbox").stdout.strip()

    assert project == f"{running.origin}/hex/{started['projectId']}"
    assert run == started["runUrl"]


@pytest.mark.parametrize(
    ("address", "opened"),
    [
        ("{origin}/hex/x/app/runs/y", True),
        ("https://app.hex.tech/acme/app/Revenue-02xYzAbCdEfGhIjKlMnOpQ/latest", True),
        ("https://evil.example/app.hex.tech", False),
        ("http://app.hex.tech/x", False),
        ("https://evilhex.tech/x", False),
        ("file:///etc/passwd", False),
        ("https://[::1", False),
    ],
)
def test_only_addresses_of_hex_are_opened(here: RunCommand, running: Sandbox, address: str, opened: bool) -> None:
    address = address.format(origin=running.origin)

    done = here("open", address, "--print", "--sandbox")

    if opened:
        assert (done.returncode, done.stdout.strip()) == (0, address)
    else:
        assert (done.returncode, done.stdout) == (2, "")
        assert "is not an address of Hex." in done.stderr


@pytest.mark.parametrize("browser", [None, "BROWSER"])
def test_a_page_is_opened_in_a_browser_that_is_named_else_printed(
    here: RunCommand, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: str | None
) -> None:
    """A text browser, which a server without a desktop may have, is none for Hex's pages."""
    script = tmp_path / "bin" / "www-browser"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    if browser:
        monkeypatch.setenv(browser, f"{script} %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})

    done = here("open", "Quick check", "--sandbox")

    page = f"{running.origin}/hex/{running.world.project('Quick check').id}"
    opened = (tmp_path / "opened").read_text().strip() if (tmp_path / "opened").exists() else None
    assert (done.returncode, opened, done.stdout.strip()) == (0, *((page, "") if browser else (None, page)))


# Forms


def test_a_list_comes_in_every_form(here: RunCommand, running: Sandbox) -> None:
    asked = ("call", "list_groups", "limit=2", "--sandbox")
    groups = json.loads(here(*asked).stdout)["groups"]

    lines = [json.loads(line) for line in here(*asked, "--output", "jsonl").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(here(*asked, "-o", "csv", "--columns", "id,name").stdout)))
    document = yaml.safe_load(here(*asked, "--output", "yaml").stdout)
    table = here(*asked, "--output", "table", "--columns", "name").stdout
    filtered = here(*asked, "--jq", ".groups[].name").stdout

    assert lines == groups == document["groups"]
    assert rows == [{"id": each["id"], "name": each["name"]} for each in groups]
    assert [line.strip() for line in table.splitlines()] == ["name", *(each["name"] for each in groups)]
    assert filtered.splitlines() == [each["name"] for each in groups]


def test_text_that_a_filter_finds_keeps_its_lines(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--sandbox", "--jq", '"one\\ntwo"')

    assert done.stdout == "one\ntwo\n"


@pytest.mark.parametrize(("form", "printed"), [("csv", "id,title,"), ("table", ""), ("jsonl", "")])
def test_an_empty_list_has_its_names_and_no_rows(here: RunCommand, running: Sandbox, form: str, printed: str) -> None:
    done = here("projects", "no such title", "--sandbox", "--output", form)

    assert done.returncode == 0
    assert done.stdout[: len(printed)] == printed
    assert len(done.stdout.splitlines()) == (1 if printed else 0)


def test_one_document_is_one_row(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--sandbox", "--output", "csv", "--columns", "name,email,role")

    assert done.stdout.splitlines()[0] == "name,email,role"
    assert len(done.stdout.splitlines()) == 2


def test_the_configuration_names_the_form(here: RunCommand, tmp_path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text('output = "yaml"\n')

    written = here("call", "get_current_user", "--sandbox").stdout
    as_json = here("call", "get_current_user", "--sandbox", "--json").stdout

    assert yaml.safe_load(written)["email"] == json.loads(as_json)["email"]
    assert not written.startswith("{")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--jq", ".a["), "is not a jq filter"),
        (("--jq", ".", "--output", "csv"), "give it without --output"),
        (("--output", "yaml", "--columns", "id"), "--columns is for table"),
        (("--columns", "id,nmae"), "There is no column nmae; there are id, name, "),
        (("--output", "xml"), "is not one of"),
        (("--sandbox", "--profile", "eu"), "only one of --sandbox and --profile"),
    ],
)
def test_wrong_forms_are_refused_before_anything_is_called(here: RunCommand, options, said: str) -> None:
    done = here("call", "list_groups", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("options", [("--output", "csv"), ("--columns", "id")])
def test_json_is_not_given_with_another_form(here: RunCommand, options: tuple[str, str]) -> None:
    done = here("call", "list_groups", *options, "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (2, "wrong_use")
    assert "--json is the same as --output json" in done.stderr


@pytest.mark.parametrize("command", [("run", "x"), ("run", "x", "--no-wait"), ("follow", NOBODY)])
def test_columns_that_are_not_there_are_refused_before_anything_is_called(here: RunCommand, command) -> None:
    done = here(*command, "--columns", "nope")

    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no column nope; there are " in done.stderr


def test_a_file_that_cannot_be_written_is_named(here: RunCommand) -> None:
    done = here("export", "specs", "--out", "/proc/hex-blocks")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("/proc/hex-blocks cannot be written: ")


def test_a_filter_that_fails_says_why(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--sandbox", "--jq", ".name | .[0] | .x")

    assert done.returncode == 1
    assert "The jq filter failed" in done.stderr


# Inputs of calls


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("limit=5", "limit=6"), "limit is given twice"),
        ((".x=1",), "has an empty part between its dots"),
        (("inputParams.=x",), "has an empty part between its dots"),
        (("a..b=x",), "has an empty part between its dots"),
        (("limit:=1e999",), "limit is a number that is too large"),
        (("limit:=NaN",), "is not JSON"),
        (("limit=@nowhere",), "nowhere cannot be read"),
        (("limit=@",), "Give a file after @"),
        (("--input", '{"limit": 1, "limit": 2}'), "limit is given twice"),
        (('x:={"y": {"z": 1, "z": 2}}',), "z is given twice"),
        (("=x",), "is not NAME=VALUE"),
        (("x={}", "x.y=1"), "is given as a value and as an object"),
        (("x.y=1", "x=1"), "is given as a value and as an object"),
    ],
)
def test_what_is_wrong_with_an_input_is_said(here: RunCommand, given: tuple[str, ...], said: str) -> None:
    done = here("call", "list_groups", *given, "--sandbox", "--json")

    assert done.returncode == 2
    assert said in json.loads(done.stdout)["message"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_files_of_any_encoding_with_a_mark_are_read(here: RunCommand, tmp_path, encoding: str) -> None:
    (tmp_path / "q").write_bytes("Revenue rëport".encode(encoding))
    (tmp_path / "n").write_bytes("3".encode(encoding))

    done = here("call", "find_project", f"query=@{tmp_path}/q", f"maxProjects:=@{tmp_path}/n", "--sandbox")

    assert done.returncode == 0, done.stderr
    assert "None of the 3 projects" in done.stderr


def test_a_second_at_sign_stands_for_itself(here: RunCommand) -> None:
    done = here("call", "find_project", "query=@@ada", "--sandbox")

    assert (done.returncode, json.loads(done.stdout)["total"]) == (0, 0)


def test_an_unknown_tool_is_json_where_that_is_asked_for(here: RunCommand) -> None:
    done = here("call", "run_projct", "--json")

    assert (done.returncode, json.loads(done.stdout)["error"]) == (2, "unknown_tool")


# Help, and what is logged


@pytest.mark.parametrize("arguments", [("call", "run_project", "--help"), ("show", "run_project")])
def test_help_of_a_tool_shows_its_inputs_to_the_last_level(here: RunCommand, arguments: tuple[str, ...]) -> None:
    done = here(*arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert "    screenshotFormat  string, png | pdf" in done.stdout
    assert "projectId  string (uuid), required" in done.stdout


def test_help_of_a_tool_is_in_the_language_that_is_asked_for(here: RunCommand) -> None:
    assert "Projekt ausführen" in here("call", "run_project", "--help", "--language", "de").stdout


def test_requests_are_logged_without_the_token(here: RunCommand, running: Sandbox) -> None:
    done = here("call", "list_groups", "--sandbox", "--verbose")

    assert f"GET {running.base_url}/groups: done" in done.stderr
    assert "hxt" not in done.stderr


def test_no_network_is_one_sentence(here: RunCommand) -> None:
    environment = {"HEX_API_TOKEN": "hxtp_x1234567890", "HEX_API_BASE_URL": "https://no-such-host.hex.tech"}

    done = here("call", "list_groups", env=environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("no-such-host.hex.tech") == 1


# What the shell completes


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("hex-blocks call run_pro", {"hex_run_project"}),
        ("hex-blocks call run_project dry", {"dryRun="}),
        ("hex-blocks call run_project dryRun=t", {"dryRun=true"}),
        ("hex-blocks call list_users sortBy=", {"sortBy=NAME", "sortBy=EMAIL"}),
        ("hex-blocks tools --language zh", {"zh_Hans", "zh_Hant"}),
        ("hex-blocks export openai --tools run,peo", {"run,people"}),
        ("hex-blocks runs x --status KI", {"KILLED"}),
        ("hex-blocks call list_users --output j", {"json", "jsonl"}),
        ("hex-blocks call no_such_tool proj", set()),
        ("hex-blocks tools --group r", {"runs"}),
        ("hex-blocks export n", {"n8n", "node-red"}),
    ],
)
def test_values_are_completed(words: str, expected: set[str]) -> None:
    *args, incomplete = words.split()[1:]
    completer = ShellComplete(cli, {}, "hex-blocks", "_HEX_BLOCKS_COMPLETE")

    assert {each.value for each in completer.get_completions(args, incomplete)} == expected


def test_bash_cuts_words_at_the_equals_sign() -> None:
    completer = ShellComplete(cli, {}, "hex-blocks", "_HEX_BLOCKS_COMPLETE")
    before = ["call", "run_project", "dryRun"]

    begun = {each.value for each in completer.get_completions(before, "=")}
    further = {each.value for each in completer.get_completions([*before, "="], "f")}

    assert (begun, further) == ({"true", "false"}, {"false"})


@pytest.mark.parametrize(
    ("before", "begun", "expected"),
    [
        ('run "Revenue report"', "re", {"region="}),
        ('run "Revenue report"', "de", {"debug_rows:="}),
        ('run "Revenue report"', "region=E", {"region=EMEA"}),
        ('run "Revenue report" region', "=", {"US", "EMEA", "APAC"}),
        ('run "Revenue report" region =', "A", {"APAC"}),
        ('run "Revenue report" region', ":=", {"US", "EMEA", "APAC"}),
        ("run orders", "r", set()),
        ("run nothing-of-the-kind", "r", set()),
        ("run", "r", set()),
        (f"call run_project projectId={REVENUE}", "inputParams.reg", {"inputParams.region="}),
        (f"call run_project projectId = {REVENUE}", "inputParams.region=E", {"inputParams.region=EMEA"}),
        ("call run_project", "inputParams.reg", set()),
    ],
)
def test_parameters_of_a_project_are_completed(running: Sandbox, before: str, begun: str, expected: set[str]) -> None:
    completer = ShellComplete(cli, {}, "hex-blocks", "_HEX_BLOCKS_COMPLETE")

    found = completer.get_completions([*shlex.split(before), "--sandbox"], begun)

    assert {each.value for each in found} == expected


def test_a_project_that_does_not_tell_its_inputs_completes_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hex_blocks.cli.completion.PATIENCE", 0.2)
    completer = ShellComplete(cli, {}, "hex-blocks", "_HEX_BLOCKS_COMPLETE")
    with Faulty(silence) as mute:
        for name, value in environment_for(mute.base_url, mute.origin, TOKENS.personal).items():
            monkeypatch.setenv(name, value)
        found = completer.get_completions(["run", "Revenue report"], "re")

    assert found == []
    assert capfd.readouterr() == ("", "")


# What keeps nobody from an answer


def test_a_record_that_cannot_be_read_costs_a_note(here: RunCommand, running: Sandbox) -> None:
    shared = find_shared()
    assert shared
    (Path(shared.record) / "runs.sqlite3").write_bytes(b"not a database at all, but long enough to be looked at" * 100)

    by_id = here("follow", running.world.runs(REVENUE)[0].id, "--sandbox")
    named = here("follow", running.world.runs(REVENUE)[0].id, "--project", "Revenue report", "--sandbox")

    assert (by_id.returncode, named.returncode) == (2, 0)
    assert "Give the project of the run, too" in by_id.stderr
    assert "Traceback" not in by_id.stderr


def test_titles_that_do_not_come_soon_are_left_out(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "TITLES_WITHIN", 0.3)

    with (
        Faulty(silence, upstream=sandbox.origin) as silent,
        Connection(TOKENS.personal, silent.base_url, allowed_hosts=(silent.origin,)) as connection,
    ):
        assert naming.titles_of(Hex(connection=connection), [REVENUE, NOBODY]) == {}


def test_json_keeps_the_filter_that_was_asked_for(here: RunCommand, running: Sandbox) -> None:
    done = here("runs", "Revenue report", "--limit", "1", "--json", "--jq", ".runs | length", "--sandbox")

    assert done.stdout == "1\n"


def test_json_of_a_finished_run_keeps_the_filter_too(here: RunCommand, running: Sandbox) -> None:
    assert here("run", "Quick check", "--json", "--jq", ".status", "--sandbox").stdout == "COMPLETED\n"


def test_a_table_for_a_program_has_whole_values(here: RunCommand, running: Sandbox) -> None:
    listed = json.loads(here("call", "list_users", "--sandbox", "--json").stdout)["users"]

    table = here("call", "list_users", "--output", "table", "--sandbox", env={"COLUMNS": "40"}).stdout

    assert len(table.splitlines()) == len(listed) + 1
    assert all(user["id"] in table and user["email"] in table for user in listed)
