"""Pictures and files in results on the command line: where they go, and what they may be called."""

from __future__ import annotations

import base64
import json
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hex_blocks import Registry
from hex_blocks.cli.images import Files, safe_ending, safe_name
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from hex_blocks.sandbox.seed.run_data import KNOWN_RUN

PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = base64.b64encode(PNG).decode()
RESULTS = ("call", "get_run_results", f"projectId={REVENUE_REPORT}", f"runId={KNOWN_RUN}", "--sandbox")
EXPORT = ("call", "export_project", f"projectId={REVENUE_REPORT}", "--sandbox")

Run = Callable[..., subprocess.CompletedProcess[str]]

HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "C:\\autoexec",
    ".bashrc",
    "..",
    ".",
    "...",
    "",
    "   ",
    "-rf",
    "--out",
    "~root",
    "$(reboot)",
    "`id`",
    "a\0b",
    "a\nb",
    "a\x1b[31mb",
    "con",
    "NUL.tar",
    "com1",
    "a/b/c",
    "x" * 5000,
    "ж" * 5000,
    "\u202egnp.exe",
    "name.",
    "name ",
    "*?<>|:\"'",
    "\ud800",
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_a_hostile_name_becomes_a_plain_one(tmp_path: Path, wanted: str) -> None:
    name = safe_name(wanted, "hex_tool") + ".png"

    (tmp_path / name).write_bytes(b"")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name == Path(name).name
    assert name[0] not in ".-"
    assert len(name.encode()) <= 130
    assert name.split(".")[0].casefold() not in {"con", "nul", "com1"}


@given(st.text(max_size=60))
def test_any_name_stays_in_its_folder(wanted: str) -> None:
    name = safe_name(wanted, "hex_tool")

    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\\0:*?"<>|\n\r\t ')
    assert all(unicodedata.category(sign)[0] != "C" for sign in name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Revenue by region", "Revenue-by-region"),
        ("Umsatz (März)", "Umsatz-März"),
        ("売上", "売上"),
        ("हिन्दी", "हिन्दी"),
        ("v1.2_final", "v1.2_final"),
    ],
)
def test_a_name_that_does_no_harm_is_kept(wanted: str, name: str) -> None:
    assert safe_name(wanted, "hex_tool") == name


@pytest.mark.parametrize(("wanted", "ending"), [(".yaml", ".yaml"), ("", ""), ("./../x", ".x"), (".", "")])
def test_an_ending_is_plain_too(wanted: str, ending: str) -> None:
    assert safe_ending(wanted) == ending


def result_with(*labels: str | None, mime_type: str = "image/png", content: str = PICTURE) -> dict[str, Any]:
    return {
        "charts": [
            {"staticId": f"id-{number}", "label": label, "image": {"mimeType": mime_type, "base64": content}}
            for number, label in enumerate(labels)
        ]
    }


@pytest.fixture
def files(registry: Registry, tmp_path: Path) -> Files:
    return Files(registry["hex_get_run_results"], tmp_path / "out")


def test_each_picture_goes_into_a_file_of_its_own(files: Files) -> None:
    result = files.save_images(result_with("Sales", None, "Sales", "../Sales"))

    named = [chart["image"]["file"] for chart in result["charts"]]
    assert [Path(file).name for file in named] == ["Sales.png", "id-1.png", "Sales-2.png", "Sales-3.png"]
    assert {Path(file).parent for file in named} == {files.folder}
    assert all(Path(file).read_bytes() == PNG for file in named)
    assert all("base64" not in chart["image"] for chart in result["charts"])
    assert not files.failed


def test_what_is_there_already_is_left_alone(files: Files, tmp_path: Path) -> None:
    assert files.folder
    files.folder.mkdir()
    (files.folder / "Sales.png").write_bytes(b"mine")
    (tmp_path / "target").write_bytes(b"elsewhere")
    (files.folder / "Sales-2.png").symlink_to(tmp_path / "target")
    (files.folder / "Sales-3.png").symlink_to(tmp_path / "nowhere")

    result = files.save_images(result_with("Sales"))

    assert result["charts"][0]["image"]["file"].endswith("Sales-4.png")
    assert (files.folder / "Sales.png").read_bytes() == b"mine"
    assert (tmp_path / "target").read_bytes() == b"elsewhere"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("mime_type", "ending"), [("image/jpeg", ".jpg"), ("image/svg+xml", ".svg"), ("../../x", ".bin"), ("", ".bin")]
)
def test_the_ending_comes_from_the_kind_of_picture(files: Files, mime_type: str, ending: str) -> None:
    result = files.save_images(result_with("Sales", mime_type=mime_type))

    assert Path(result["charts"][0]["image"]["file"]).name == f"Sales{ending}"


@pytest.mark.parametrize("content", ["", "no base64 at all!", "é"])
def test_a_picture_that_cannot_be_read_is_left_as_it_is(
    files: Files, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = files.save_images(result_with("Sales", content=content))

    assert result["charts"][0]["image"]["base64"] == content
    assert files.failed
    assert "picture" in capsys.readouterr().err


def test_only_what_a_tool_declares_as_a_picture_is_one(registry: Registry, tmp_path: Path) -> None:
    result = {"result": {"image": {"mimeType": "image/png", "base64": PICTURE}}}

    assert Files(registry["hex_get_cell_output"], tmp_path).save_images(result) == result
    assert list(tmp_path.iterdir()) == []


def test_an_exported_document_cannot_choose_its_folder(registry: Registry, tmp_path: Path) -> None:
    exported = Files(registry["hex_export_project"], tmp_path / "out")

    result = exported.save_document({"filename": "../../.ssh/authorized_keys", "content": "x"})

    assert Path(result["file"]).parent == tmp_path / "out"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_command_leaves_charts_out_where_no_folder_is_given(here: Run, tmp_path: Path) -> None:
    finished = here(*RESULTS, cwd=tmp_path)

    images = [chart["image"] for chart in json.loads(finished.stdout)["charts"]]
    assert finished.returncode == 0
    assert [sorted(image) for image in images] == [["bytes", "mimeType"]] * 2
    assert all(image["bytes"] > 100 for image in images)
    assert "Give --out DIR" in finished.stderr
    assert list(tmp_path.glob("*.png")) == []


def test_the_command_writes_charts_to_the_current_folder_and_says_where(here: Run, tmp_path: Path) -> None:
    finished = here(*RESULTS, "--out", ".", cwd=tmp_path)

    images = [chart["image"] for chart in json.loads(finished.stdout)["charts"]]
    assert finished.returncode == 0
    assert images == [
        {"mimeType": "image/png", "file": "Revenue-chart.png"},
        {"mimeType": "image/png", "file": "Orders-by-day.png"},
    ]
    assert all((tmp_path / image["file"]).read_bytes().startswith(PNG) for image in images)
    assert "Wrote Revenue-chart.png" in finished.stderr


def test_the_command_writes_to_a_folder_of_choice(here: Run, tmp_path: Path) -> None:
    finished = here(*RESULTS, "--out", "new/charts", cwd=tmp_path)

    assert finished.returncode == 0
    assert {path.name for path in (tmp_path / "new/charts").iterdir()} == {"Orders-by-day.png", "Revenue-chart.png"}


def test_the_command_prints_pictures_as_they_come_with_raw(here: Run, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())

    finished = here(*RESULTS, "--raw", cwd=tmp_path)

    charts = json.loads(finished.stdout)["charts"]
    assert all(base64.b64decode(chart["image"]["base64"]).startswith(PNG) for chart in charts)
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"data"}


def test_raw_and_a_folder_do_not_go_together(here: Run) -> None:
    assert here(*RESULTS, "--raw", "--out", ".").returncode == 2


def test_a_folder_that_cannot_be_written_to_keeps_the_pictures_in_the_result(here: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    finished = here(*RESULTS, "--out", "file/below", cwd=tmp_path)

    charts = json.loads(finished.stdout)["charts"]
    assert finished.returncode == 1
    assert all(chart["image"]["base64"] for chart in charts)
    assert "cannot be written" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_an_exported_project_is_printed_or_with_a_folder_written(here: Run, tmp_path: Path) -> None:
    printed = json.loads(here(*EXPORT, cwd=tmp_path).stdout)

    finished = here(*EXPORT, "--out", "projects", cwd=tmp_path)

    written = json.loads(finished.stdout)
    assert list(written) == ["filename", "file"]
    assert (tmp_path / written["file"]).read_text() == printed["content"]
    assert written["file"] == str(Path("projects") / printed["filename"])
