"""The wheel: built, installed into an environment of its own, and used from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import Finished, Install

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]
PROJECT = "01234567-89ab-cdef-0123-456789abcdef"


@dataclass(frozen=True)
class Installed:
    """The wheel, and the environment that it is installed into."""

    wheel: Path
    environment: Path

    def run(self, *arguments: str, folder: Path) -> Finished:
        """Run a program of the environment."""
        program, *rest = arguments
        return subprocess.run(
            [str(self.environment / "bin" / program), *rest],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, install: Install) -> Installed:
    """The wheel in a fresh environment, which finds the libraries where the tests have theirs."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    site = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return Installed(install(REPOSITORY, python=environment / "bin" / "python"), environment)


def test_the_wheel_holds_specs_schemas_texts_and_the_icon(installed: Installed) -> None:
    specs = {f"hex_blocks/tool_specs/{file.name}" for file in (REPOSITORY / "tool_specs").iterdir()}
    texts = {f"hex_blocks/locales/{file.stem}.mo" for file in (REPOSITORY / "locales").glob("*.po")}

    held = set(ZipFile(installed.wheel).namelist())

    assert {"hex_blocks/tool_specs/hex_run_project.json", "hex_blocks/tool_specs/icon.svg"} <= specs
    assert sorted((specs | texts | {"hex_blocks/py.typed", "hex_blocks/sandbox/app.py"}) - held) == []
    assert [name for name in held if name.startswith(("tests", "bench", "docs"))] == []


def test_a_tool_runs_from_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    called = installed.run("hex-blocks", "call", "get_project", f"projectId={PROJECT}", "--sandbox", folder=tmp_path)

    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout)["id"] == PROJECT


def test_the_tools_are_those_of_the_checkout(installed: Installed, tmp_path: Path) -> None:
    listed = installed.run("hex-blocks", "tools", "--experimental", "--json", folder=tmp_path)

    ids = {tool["id"] for tool in json.loads(listed.stdout)}
    assert ids == {file.stem for file in (REPOSITORY / "tool_specs").glob("hex_*.json")}


def test_what_is_installed_is_checked_as_in_the_checkout(installed: Installed, tmp_path: Path) -> None:
    checked = installed.run("hex-blocks", "check", "--json", folder=tmp_path)

    assert json.loads(checked.stdout)["problems"] == []


def test_it_is_the_installed_package_that_runs(installed: Installed, tmp_path: Path) -> None:
    line = "from hex_blocks import Registry; print(Registry.load().folder)"

    told = installed.run("python", "-c", line, folder=tmp_path)

    assert Path(told.stdout.strip()).is_relative_to(installed.environment)
