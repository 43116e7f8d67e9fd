"""The extension as it is installed beside lfx, and a Hex whose time passes as fast as the flows'."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sysconfig
import time
import venv
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import requests

from hex_blocks.clock import FastClock
from hex_blocks.hosts.exports import archives, request_for, targets
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Project
from hex_blocks.tools.registry import Registry
from tests.conftest import FAST, SPEED
from tests.hosts.own_package import metadata_folder

if find_spec("lfx") is None:
    collect_ignore = ["test_components.py", "test_flows.py"]
else:
    # What lfx uses though it is deprecated is not ours to mend; it is imported here, where nobody minds.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("lfx.custom.custom_component.component")
        importlib.import_module("lfx.components.input_output")

# Of the tests' own server.
SERVER_KEY = "the-key-of-the-server"
MOST_LOOKS = 160
QUIET = {"DO_NOT_TRACK": "true", "LANGFLOW_DO_NOT_TRACK": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The extension's wheels, unpacked as an installer would, on this process's path too."""
    folder = tmp_path_factory.mktemp("langflow")
    target = targets()["langflow"]
    request = request_for(target, Registry.load(plugins=False))
    with pytest.MonkeyPatch.context() as patch:
        if own := metadata_folder(folder / "own"):
            patch.syspath_prepend(str(own))
        packed = archives(target, request, target.files(request), folder / "out")
        for path, content in packed.items():
            path.write_bytes(content)
            with ZipFile(path) as wheel:
                wheel.extractall(folder / "site")
        (folder / "site" / "sitecustomize.py").write_text(FAST)
        patch.syspath_prepend(str(folder / "site"))
        for name, value in QUIET.items():
            patch.setenv(name, value)
        yield folder / "site"


@pytest.fixture(scope="module")
def hex_world() -> Iterator[Sandbox]:
    """A Hex of our own."""
    with Sandbox(clock=FastClock(SPEED)) as running:
        yield running


@pytest.fixture
def entered(hex_world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a person enters to connect; the token is in its variable."""
    monkeypatch.setenv("HEX_API_TOKEN", TOKENS.personal)
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", hex_world.origin)
    monkeypatch.setattr("hex_blocks.api.connection.SystemClock", lambda: FastClock(SPEED))
    return {"region": "custom", "base_url": hex_world.origin}


@pytest.fixture
def component(site: Path, entered: dict[str, str]) -> Callable[..., Any]:
    """Make a component: component("HexRunProject", project_id="…")."""

    def make(name: str, **fields: Any) -> Any:
        words = "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")
        made = getattr(importlib.import_module(f"lfx_hex.components.hex.{words}"), name)(**entered, **fields)
        made.set(**entered)
        return made

    return make


@pytest.fixture(scope="session")
def python(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has lfx and the extension installed: lfx probes it without the variables of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    (own,) = folder.glob("lib/*/site-packages")
    (own / "installed.pth").write_text(f"{site}\n{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


@pytest.fixture
def lfx(python: Path, entered: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run lfx's own command."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(python), "-m", "lfx", *arguments],
            env=inherited | QUIET | {"HEX_BLOCKS_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    return run


@pytest.fixture
def served(
    python: Path, entered: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[Path], tuple[str, dict[str, str]]]]:
    """Serve a flow: served(flow) gives the address of the server and the headers that it asks for."""
    running: list[subprocess.Popen[bytes]] = []

    def serve(flow: Path) -> tuple[str, dict[str, str]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with (tmp_path / "server.txt").open("wb") as said:
            server = subprocess.Popen(
                [str(python), "-m", "lfx", "serve", str(flow), "--host", "127.0.0.1", "--port", str(port)],
                env=inherited | QUIET | {"HEX_BLOCKS_DATA_DIR": str(tmp_path), "LANGFLOW_API_KEY": SERVER_KEY},
                stdout=said,
                stderr=said,
            )
        running.append(server)
        address = f"http://127.0.0.1:{port}"
        for _ in range(MOST_LOOKS):
            with suppress(requests.ConnectionError):
                if requests.get(f"{address}/health", timeout=5).ok:
                    return address, {"x-api-key": SERVER_KEY}
            assert server.poll() is None, (tmp_path / "server.txt").read_text()
            time.sleep(0.5)
        raise AssertionError((tmp_path / "server.txt").read_text())

    yield serve
    for server in running:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def failing(hex_world: Sandbox) -> str:
    """A project whose runs fail."""
    return next(
        each.id
        for each in hex_world.world.all(Project)
        if each.plan.end == "ERRORED" and each.last_published_at is not None
    )
