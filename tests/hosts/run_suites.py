"""Run the suites of the hosts, each in a virtual environment of its own.

    python tests/hosts/run_suites.py [HOST ...] [-- PYTEST-OPTION ...]
    python tests/hosts/run_suites.py --environment HOST      sets it up and prints its folder

A host is a folder below this one with a requirements.txt. It may have an npm.txt with Node packages, an npm-rebuild.txt
with those whose install scripts must run, and an npm-overrides.json. Its name is its path, such as
frameworks/google_adk. The requirement `.` is this project. Environments are in the cache folder, outside the checkout,
named by the hash of their contents, so that they are created once. Hosts in the folder scheduled are only run if they
are named.
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
# The packages that the tests need in every environment.
TESTING = ("pytest", "pytest-timeout", "pytest-xdist", "pytest-httpserver", "jsonschema")
NPM_FAILED = "npm-failed.txt"
SCHEDULED = "scheduled"
# The exit code of pytest if tests have failed.
FAILED = 1


def main() -> int:
    """Run the requested suites, or all. Return 0 if all have passed."""
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
    """Yield the names of the hosts that are not scheduled."""
    for file in HERE.rglob("requirements.txt"):
        host = file.parent.relative_to(HERE).as_posix()
        if not host.startswith(f"{SCHEDULED}/"):
            yield host


def run(host: str, environment: Path, options: list[str]) -> bool:
    """Run a host's suite in its environment. Return whether it has passed."""
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
    # Some hosts install plugins of pytest.
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
    """Return the folder of a host's environment, and create the environment if it does not exist."""
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
    """Return the requirements of hex_blocks and its tests."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    testing = [each for each in project["dependency-groups"]["test"] if isinstance(each, str)]
    return [
        *project["project"]["dependencies"],
        *(each for name in TESTING for each in testing if each.split(">")[0] == name),
    ]


def install(environment: Path, requirements: list[str]) -> None:
    """Create a virtual environment, with uv if it is installed, which is much faster than pip."""
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
    """Install Node packages with the environment's Node. If that fails, write the reason to NPM_FAILED."""
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
    """Return the lines of a file without blank lines; an empty list if there is no file."""
    if not file.is_file():
        return []
    return [line for line in map(str.strip, file.read_text().splitlines()) if line and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main())
