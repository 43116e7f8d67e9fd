"""run, follow, cancel, runs, projects and open: short ways to tools."""

from __future__ import annotations

import csv
import io
import json

import pytest
import yaml

from hex_blocks.sandbox import Sandbox
from tests.conftest import RunCommand

REVENUE = "01234567-89ab-cdef-0123-456789abcdef"
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
    assert f"Quick check: Run {run['runId']}: RUNNING" in done.stderr


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


def test_one_document_is_one_row(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--sandbox", "--output", "csv", "--columns", "name,email,nothing")

    assert done.stdout.splitlines()[0] == "name,email,nothing"
    assert done.stdout.splitlines()[1].endswith(",")


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
        (("--output", "xml"), "is not one of"),
        (("--sandbox", "--profile", "eu"), "only one of --sandbox and --profile"),
    ],
)
def test_wrong_forms_are_refused_before_anything_is_called(here: RunCommand, options, said: str) -> None:
    done = here("call", "list_groups", *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_filter_that_fails_says_why(here: RunCommand) -> None:
    done = here("call", "get_current_user", "--sandbox", "--jq", ".name | .[0] | .x")

    assert done.returncode == 1
    assert "The jq filter failed" in done.stderr
