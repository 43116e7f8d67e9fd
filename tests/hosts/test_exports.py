"""Exports to a folder: where they may go, and that they are the same bytes each time."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from hex_blocks.hosts.exports import (
    A_FILE,
    IN_THE_WAY,
    IN_USE,
    MANIFEST,
    NOT_OURS,
    ExportTarget,
    FolderError,
    archives,
    request_for,
    targets,
    write_files,
)
from hex_blocks.hosts.packing import npm_tarball, own_wheel, zip_of
from hex_blocks.tools.registry import Registry
from tests.conftest import REPOSITORY

FILES = {"package.json": b"{}\n", "nodes/hex.js": b"// one\n"}
PLAIN = ExportTarget("plain", "Plain", {}, lambda _request: FILES, lambda _request, files: {".zip": zip_of(files)})


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("before", ["absent", "empty"])
def test_files_go_into_a_folder_that_holds_nothing(before, tmp_path):
    folder = tmp_path / "deep" / "out"
    if before == "empty":
        folder.mkdir(parents=True)

    write_files(PLAIN, FILES, folder)

    assert tree(folder) == FILES


def refused(folder: Path, files=FILES, **options) -> str:
    with pytest.raises(FolderError) as caught:
        write_files(PLAIN, files, folder, **options)
    return caught.value.reason


def test_a_folder_in_use_stays_as_it_is(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    assert refused(tmp_path) == IN_USE
    assert refused(tmp_path, replace=True) == NOT_OURS
    assert refused(tmp_path / "thesis.txt") == A_FILE
    assert tree(tmp_path) == {"thesis.txt": b"mine"}


def test_an_earlier_export_is_replaced_and_what_others_put_beside_it_stays(tmp_path):
    write_files(PLAIN, FILES, tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "dep.js").write_text("theirs")

    assert refused(tmp_path) == IN_USE
    write_files(PLAIN, {"package.json": b"later\n"}, tmp_path, replace=True)

    assert tree(tmp_path) == {"package.json": b"later\n", "node_modules/dep.js": b"theirs"}
    assert refused(tmp_path, {"node_modules/dep.js": b"ours"}, replace=True) == IN_THE_WAY


@pytest.mark.parametrize(
    "listed",
    [b"", b"[]", b'{"target": "other", "files": []}', b'{"target": "plain", "files": ["../x"]}', b"\xff"],
)
def test_a_list_that_is_not_of_such_an_export_is_not_believed(listed, tmp_path):
    (tmp_path / MANIFEST).write_bytes(listed)

    assert refused(tmp_path, replace=True) == NOT_OURS


def test_archives_stand_beside_the_folder(tmp_path):
    request = request_for(PLAIN, Registry.load(plugins=False))
    named = replace(PLAIN, pack=lambda _request, _files: {"hex-1.whl": b"wheel"})

    assert list(archives(PLAIN, request, FILES, tmp_path / "out")) == [tmp_path / "out.zip"]
    assert list(archives(named, request, FILES, tmp_path / "out")) == [tmp_path / "hex-1.whl"]


def test_archives_hold_the_files_sorted():
    reverse = dict(sorted(FILES.items(), reverse=True))

    with ZipFile(io.BytesIO(zip_of(reverse))) as packed, tarfile.open(fileobj=io.BytesIO(npm_tarball(FILES))) as ball:
        assert packed.namelist() == sorted(FILES)
        assert ball.getnames() == [f"package/{name}" for name in sorted(FILES)]
    assert (zip_of(FILES), npm_tarball(FILES)) == (zip_of(reverse), npm_tarball(reverse))


@pytest.mark.slow
def test_our_wheel_is_made_of_what_is_installed(tmp_path):
    name, content = own_wheel()
    (tmp_path / name).write_bytes(content)
    with ZipFile(tmp_path / name) as wheel:
        held = set(wheel.namelist())
        record = wheel.read(next(each for each in held if each.endswith("RECORD"))).decode()
    tried = (
        "import hex_blocks; from hex_blocks.tools.registry import Registry; print(len(Registry.load(plugins=False)))"
    )

    # Python imports from a ZIP as from a folder, but specs are read as files: they are unpacked.
    with ZipFile(tmp_path / name) as wheel:
        wheel.extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-c", tried], cwd=tmp_path / "site", capture_output=True, text=True, check=True, timeout=60
    )

    assert int(done.stdout) == len(list((REPOSITORY / "tool_specs").glob("hex_*.json")))
    assert {"hex_blocks/locales/de.mo", "hex_blocks/tool_specs/icon.svg", "hex_blocks/py.typed"} <= held
    assert not [each for each in held if each.endswith((".pyc", ".po")) or each.startswith("tests")]
    assert {line.split(",")[0] for line in record.splitlines()} == held
    assert own_wheel()[1] == content


def test_the_targets_are_listed(here):
    done = here("export", "--list", "--json")

    listed = {each["target"]: each["output"] for each in json.loads(done.stdout)["targets"]}
    assert listed == {
        **dict.fromkeys(("openai", "anthropic", "gemini", "json-schema"), "stdout"),
        **dict.fromkeys(targets(), "folder"),
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a target"),
        (("n8m",), "n8m is not a target"),
        (("openai", "--pack"), "--pack is for targets that are written to a folder"),
    ],
)
def test_wrong_use_is_said(arguments, said, here):
    done = here("export", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("name", targets())
def test_an_export_is_written_and_named(name, here, tmp_path):
    done = here("export", name, "--out", str(tmp_path / "made"), "--tools", "runs")

    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "made") in done.stderr
    assert tree(tmp_path / "made")


@pytest.mark.slow
@pytest.mark.parametrize("name", targets())
def test_an_export_is_reproducible_and_names_nothing_of_this_machine(name, here, tmp_path, monkeypatch):
    monkeypatch.setenv("HEX_API_TOKEN", "hxtw_0123456789abcdef")
    pack = ["--pack"] if targets()[name].pack else []
    packed = []
    for folder in ("one", "two"):
        done = here("export", name, "--out", str(tmp_path / folder), *pack)
        assert done.returncode == 0, done.stderr
        packed.append({path.name.removeprefix(folder): path.read_bytes() for path in map(Path, done.stdout.split())})

    first, second = tree(tmp_path / "one"), tree(tmp_path / "two")

    assert first == second
    assert packed[0] == packed[1]
    assert bool(packed[0]) == bool(pack)
    for path, content in first.items():
        assert str(REPOSITORY).encode() not in content, path
        assert b"hxtw_0123456789" not in content, path
