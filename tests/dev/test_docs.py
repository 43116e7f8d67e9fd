"""Pages: what stands on them, in which language, whether their links lead somewhere, and when they are stale."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hex_blocks import Registry
from hex_blocks.cli.inputs import read_values
from hex_blocks.dev.doc_pages import Words, all_languages, command, escaped, pages, stale, write
from hex_blocks.dev.possible_errors import EVERYWHERE, possible_errors, reported_errors, requests
from hex_blocks.errors.faults import FAULTS
from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.i18n import texts
from hex_blocks.tools.handler import handler
from tests.conftest import REPOSITORY, RunCommand
from tests.marks import mostly_slow

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LANGUAGES = all_languages(REPOSITORY)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with our guides and a German catalogue of a few texts."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "docs").mkdir()
    (folder / "docs" / "guides").symlink_to(REPOSITORY / "docs" / "guides")
    (folder / "locales").mkdir()
    words = {
        "Input": "Eingabe",
        "Parameter": "Parameter",
        "Required": "Erforderlich",
        "yes": "ja",
        "Cancel a run": "Einen Lauf abbrechen",
        "Getting started": "Erste Schritte",
        "Run UUID.": "UUID des Laufs.",
    }
    entries = [f"msgid {json.dumps(english)}\nmsgstr {json.dumps(said)}\n" for english, said in words.items()]
    (folder / "locales" / "de.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n' + "\n".join(entries)
    )
    return folder


@pytest.fixture(scope="module")
def english(registry: Registry) -> dict[str, str]:
    return pages(registry, "en", REPOSITORY)


@pytest.fixture
def german(registry: Registry, sources: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The pages in German, from the few texts there are and not from the real catalogue."""
    monkeypatch.setattr(texts, "PACKAGE", sources / "package")
    texts._catalogues.cache_clear()
    return pages(registry, "de", sources)


def section(page: str, tool_id: str) -> str:
    """Give what a page says of a tool."""
    return page.split(f'<a id="{tool_id}"></a>')[1].split('<a id="')[0]


def rows(text: str, heading: str) -> list[list[str]]:
    """Give the rows of the table below a heading."""
    table = text.split(f"### {heading}\n")[1].split("\n### ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_group_and_guide_has_a_page(english: dict[str, str], registry: Registry) -> None:
    guides = {f"guides/{file.name}" for file in (REPOSITORY / "docs" / "guides").glob("*.md")}

    assert set(english) == {"index.md", "errors.md", *(f"tools/{group}.md" for group in registry.groups), *guides}


@pytest.mark.parametrize("language", mostly_slow(LANGUAGES, "en", "de"))
def test_anchors_are_tool_ids_and_error_keys_in_every_language(language: str, registry: Registry) -> None:
    made = pages(registry, language, REPOSITORY)

    for tool in registry.values():
        assert made[f"tools/{tool.group}.md"].count(f'<a id="{tool.id}"></a>') == 1
    assert set(SENTENCES) <= set(ANCHOR.findall(made["errors.md"]))


@pytest.mark.parametrize("language", mostly_slow(LANGUAGES, "en", "de"))
def test_every_link_leads_somewhere(language: str, registry: Registry) -> None:
    made = pages(registry, language, REPOSITORY)
    everywhere = {f"{each}/index.md" for each in LANGUAGES} | {f"{language}/{path}" for path in made}

    for path, content in made.items():
        for target, anchor in LINK.findall(FENCED.sub("", content)):
            page = (Path(language) / path).parent / target if target else Path(language) / path
            found = Path(*resolved(page)).as_posix()
            assert found in everywhere, f"{path}: {target}"
            assert not anchor or anchor in ANCHOR.findall(made[found.removeprefix(f"{language}/")]), (
                f"{path}: #{anchor}"
            )


def resolved(path: Path) -> Iterator[str]:
    """Give the parts of a path without those that lead up."""
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    yield from parts


def test_a_tool_is_shown_in_the_form_of_the_seeds(english: dict[str, str]) -> None:
    shown = section(english["tools/runs.md"], "hex_cancel_run")

    assert "Cancel a run that has not ended and free its kernel." in shown
    assert "**Operation type:** Mutation (write). It changes or removes what is there already." in shown
    inputs = rows(shown, "Input")
    # The description stands second, and columns in which nothing stands are left out.
    assert [(row[0], *row[2:]) for row in inputs] == [
        ("`apiKey`", "string", "yes"),
        ("`projectId`", "string (uuid)", "yes"),
        ("`runId`", "string (uuid)", "yes"),
        ("`baseUrl`", "string", "no"),
    ]
    assert rows(shown, "Output")[0] == ["`success`", "Whether Hex accepted the cancellation.", "boolean"]
    assert "$ hex-blocks call hex_cancel_run" in shown
    assert '"success": true' in shown
    assert "[`run_ended_already`](../errors.md#run_ended_already)" in shown
    assert "`CancelRun`, `DELETE /projects/{projectId}/runs/{runId}`" in shown


def test_nested_fields_are_rows_of_their_own(english: dict[str, str]) -> None:
    outputs = rows(section(english["tools/collections.md"], "hex_get_collection"), "Output")

    assert [row[0] for row in outputs][:6] == ["`id`", "`name`", "`description`", "`creator`", "↳ `email`", "↳ `id`"]


def test_defaults_bounds_and_allowed_values_are_shown(english: dict[str, str]) -> None:
    inputs = {row[0]: row for row in rows(section(english["tools/runs.md"], "hex_run_batch"), "Input")}

    assert inputs["`parallel`"][4] == "`20`"
    assert inputs["`onFailure`"][5] == "`STOP`, `CONTINUE`"
    assert inputs["`idempotencyKey`"][5] == "1–200 characters"


def test_a_limit_group_is_named_with_its_numbers(english: dict[str, str]) -> None:
    assert "Limit group: `runs` (20 a minute, 60 an hour)" in section(english["tools/runs.md"], "hex_run_project")


def test_every_error_and_fault_is_listed_with_what_to_do(english: dict[str, str]) -> None:
    page = english["errors.md"]

    assert all(f'| <a id="{key}"></a>`{key}` |' in page for key in SENTENCES)
    assert all(f"| `{key}` |" in page for key in FAULTS)
    assert "| 429 | [`rate_limited`](#rate_limited) |" in page


def test_headings_are_in_the_language_and_what_is_not_translated_is_marked(german: dict[str, str]) -> None:
    shown = section(german["tools/runs.md"], "hex_cancel_run")

    assert "## Einen Lauf abbrechen" in shown
    assert "### Eingabe" in shown
    assert ["`runId`", "UUID des Laufs.", "string"] in rows(shown, "Output <sup>en</sup>")
    assert "Cancel a run that has not ended and free its kernel. <sup>en</sup>" in shown
    assert german["guides/getting-started.md"].startswith("# Erste Schritte\n")
    assert "[Erste Schritte](guides/getting-started.md)" in german["index.md"]


def test_guides_keep_their_code_and_lose_the_marks_of_tests(german: dict[str, str]) -> None:
    page = german["guides/getting-started.md"]

    assert "$ hex-blocks call hex_check_connection" in page
    assert "<!-- test -->" not in page


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("one | two", r"one \| two"),
        ("*.example.com", r"\*.example.com"),
        ("an <b> and a [link]", r"an &lt;b> and a \[link\]"),
        ("a leading run_ is", r"a leading run\_ is"),
        ("hex_run_project", "hex_run_project"),
        ("two\n  lines", "two lines"),
        ("code `a|*b` stays", r"code `a\|*b` stays"),
    ],
)
def test_text_cannot_break_a_table(text: str, written: str) -> None:
    assert escaped(text) == written


def test_the_call_of_an_example_gives_its_inputs(registry: Registry) -> None:
    for tool in registry.values():
        for example in tool.spec.examples:
            line = str(command(tool, example)).replace("\\\n", "")
            assert read_values(tuple(shlex.split(line)[3:])) == example.inputs


def test_numbers_follow_the_language() -> None:
    assert Words("en", REPOSITORY / "locales").number(1800) == "1,800"
    assert Words("de", REPOSITORY / "locales").number(1800) == "1.800"


def test_errors_are_those_that_the_request_and_the_handler_declare(registry: Registry) -> None:
    assert possible_errors(registry["hex_get_run_status"]) == ["not_found"]
    assert possible_errors(registry["hex_cancel_run"]) == ["run_ended_already", "not_found"]
    assert possible_errors(registry["hex_find_project"]) == []
    assert "run_gone" not in possible_errors(registry["hex_watch_runs"])
    assert reported_errors(registry["hex_cancel_active_runs"]) == [
        "run_ended_already",
        "not_found",
        "cancel_interrupted",
    ]
    assert [request.operation_id for request in requests(registry["hex_cancel_active_runs"], registry)] == [
        "CancelRun",
        "GetProjectRuns",
        "GetRunStatus",
    ]


def test_pages_tell_errors_that_are_raised_from_those_that_outputs_report(english: dict[str, str]) -> None:
    shown = section(english["tools/runs.md"], "hex_cancel_active_runs").split("### Errors")[1]
    raised, reported = shown.split("Reported in the outputs:")

    assert "[`not_found`](../errors.md#not_found)" in raised
    assert "run_ended_already" not in raised
    assert "[`run_ended_already`](../errors.md#run_ended_already)" in reported


def test_only_keys_of_errors_can_be_declared() -> None:
    with pytest.raises(ValueError, match="no_such_key"):
        handler(errors=("not_found", "no_such_key"))


def test_every_error_can_be_given_by_something(registry: Registry) -> None:
    hosts = "".join(file.read_text() for file in (REPOSITORY / "hex_blocks" / "hosts").rglob("*.py"))
    of_hosts = {key for key in SENTENCES if f'"{key}"' in hosts}

    given = {key for tool in registry.values() for key in (*possible_errors(tool), *reported_errors(tool))}

    assert set(SENTENCES) - given - {*EVERYWHERE, *of_hosts} <= {"unknown_tool", "bad_profile_name"}


def test_stale_missing_and_needless_pages_are_found_and_written(tmp_path: Path) -> None:
    made = {"index.md": "new\n", "tools/runs.md": "runs\n"}
    (tmp_path / "tools").mkdir()
    (tmp_path / "index.md").write_text("old\n")
    (tmp_path / "tools" / "gone.md").write_text("gone\n")

    assert {file.relative_to(tmp_path).as_posix() for file in stale(tmp_path, made)} == {
        "index.md",
        "tools/runs.md",
        "tools/gone.md",
    }
    write(tmp_path, made)
    assert list(stale(tmp_path, made)) == []
    assert not (tmp_path / "tools" / "gone.md").exists()


def test_the_command_writes_a_language_and_checks_it(here: RunCommand, tmp_path: Path) -> None:
    out = ("--language", "de", "--out", str(tmp_path / "pages"))

    written = here("docs", *out)
    fresh = here("docs", *out, "--check")
    (tmp_path / "pages" / "de" / "index.md").write_text("changed\n")
    changed = here("docs", *out, "--check")

    assert written.returncode == 0, written.stderr
    assert (tmp_path / "pages" / "de" / "tools" / "runs.md").is_file()
    assert (fresh.returncode, fresh.stdout) == (0, "")
    assert changed.returncode == 1
    assert "index.md" in changed.stdout


def test_a_language_that_does_not_exist_is_refused(here: RunCommand) -> None:
    refused = here("docs", "--language", "xx")

    assert refused.returncode == 2
    assert "xx" in refused.stderr
