"""Run the suites of the hosts, each in a virtual environment of its own.

    python tests/hosts/run_suites.py [HOST ...] [-- PYTEST-OPTION ...]
    python tests/hosts/run_suites.py --environment HOST      sets it up and prints its folder

A host is a folder below this one with a requirements.txt, and perhaps an npm.txt of Node packages, with an
npm-rebuild.txt of those whose scripts have to run and an npm-overrides.json; its name is its path, such as
frameworks/google_adk. A requirement `.` is this project itself. Environments lie in the cache folder, outside the
checkout, under the hash of all that goes into them, so that they are made once. What stands in the folder scheduled is
run only where it is named.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
# What the tests themselves need, in every environment.
TESTING = ("pytest", "pytest-timeout", "pytest-xdist", "pytest-httpserver", "jsonschema")
NPM_FAILED = "npm-failed.txt"
SCHEDULED = "scheduled"
# Tests were run, and some failed: the code that pytest ends with.
FAILED = 1


def main() -> int:
    """Run the suites asked for, or all; 0 where all passed."""
    given = sys.argv[1:]
    if given[:1] == ["--environment"]:
        print(set_up(given[1]))
        return 0
    cut = given.index("--") if "--" in given else len(given)
    hosts = given[:cut] or sorted(every_day())
    began = time.monotonic()
    with ThreadPoolExecutor() as together:
        environments = dict(zip(hosts, together.map(set_up, hosts), strict=True))
    print(f"== environments ready after {time.monotonic() - began:.0f} s", flush=True)
    failed = [host for host in hosts if not run(host, environments[host], given[cut + 1 :])]
    if failed:
        print(f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def every_day() -> Iterator[str]:
    """Name the hosts whose suites are not for a schedule."""
    for file in HERE.rglob("requirements.txt"):
        host = file.parent.relative_to(HERE).as_posix()
        if not host.startswith(f"{SCHEDULED}/"):
            yield host


def run(host: str, environment: Path, options: list[str]) -> bool:
    """Run a host's suite in its environment; tell whether it passed."""
    began = time.monotonic()
    print(f"== {host}, in {environment}", flush=True)
    python = environment / "bin" / "python"
    variables = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HEX_BLOCKS_HOST_ENVIRONMENT": str(environment),
        "LANGSMITH_TRACING": "false",
        "DO_NOT_TRACK": "1",
    }
    # Some hosts bring plugins of pytest with them.
    common = ["-o", f"cache_dir={environment / '.pytest_cache'}", "-p", "no:asyncio"]
    command = [str(python), "-m", "pytest", *common, str(HERE / host), *options]
    code = subprocess.run(command, cwd=REPOSITORY, env=variables, check=False).returncode
    if code == FAILED and "CI" in os.environ:
        # In CI a failure has to repeat, alone, as in the Makefile.
        command += ["-n0", "--last-failed", "--last-failed-no-failures", "none"]
        code = subprocess.run(command, cwd=REPOSITORY, env=variables, check=False).returncode
    print(f"== {host}: {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


def set_up(host: str) -> Path:
    """Give the folder of a host's environment, made if it is not there."""
    requirements = [*project_requirements(), *lines(HERE / host / "requirements.txt")]
    npm = lines(HERE / host / "npm.txt")
    rebuilt = lines(HERE / host / "npm-rebuild.txt")
    overrides = lines(HERE / host / "npm-overrides.json")
    every = [sys.version, *requirements, "", *npm, *rebuilt, *overrides]
    key = hashlib.sha256("\n".join(every).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hex-blocks" / "hosts"
    environment = cache / f"{host.replace('/', '-')}-{key}"
    ready = environment / ".ready"
    if not ready.is_file():
        shutil.rmtree(environment, ignore_errors=True)
        install(environment, requirements)
        if npm:
            install_npm(environment, npm, rebuilt, "".join(overrides))
        ready.touch()
    return environment


def project_requirements() -> list[str]:
    """Read what hex_blocks and its tests need, with their bounds."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    testing = [each for each in project["dependency-groups"]["test"] if isinstance(each, str)]
    return [
        *project["project"]["dependencies"],
        *(each for name in TESTING for each in testing if each.split(">")[0] == name),
    ]


def install(environment: Path, requirements: list[str]) -> None:
    """Make a virtual environment: with uv where it is, many times faster than pip."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    python = environment / "bin" / "python"
    named = [part for each in requirements for part in (["--editable", str(REPOSITORY)] if each == "." else [each])]
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *named], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", *named], check=True)


def install_npm(environment: Path, packages: list[str], rebuilt: list[str], overrides: str) -> None:
    """Install Node packages with the environment's own Node; where that fails, write down why."""
    folder = environment / "npm"
    folder.mkdir()
    if overrides:
        (folder / "package.json").write_text(f'{{"overrides": {overrides}}}')
    npm = str(environment / "bin" / "npm")
    variables = os.environ | {"PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    commands = [[npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages]]
    if rebuilt:
        commands.append([npm, "rebuild", "--silent", *rebuilt])
    for command in commands:
        try:
            done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
            reason = done.stderr if done.returncode else ""
        except OSError as error:
            reason = str(error)
        if reason:
            (environment / NPM_FAILED).write_text(reason)
            return


def lines(file: Path) -> list[str]:
    """Read the lines of a file that say something; none where there is no file."""
    if not file.is_file():
        return []
    return [line for line in map(str.strip, file.read_text().splitlines()) if line and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main())
