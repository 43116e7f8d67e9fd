"""Calls with --sandbox that share the sandbox of `hex-blocks sandbox`."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.cli.shared_sandbox import FILE, SharedSandbox, find_shared, shared
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.cli.test_cli import command, read_document
from tests.conftest import RunCommand

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file by which a shared sandbox is found."""
    return tmp_path / "data" / FILE


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def test_a_run_of_one_call_is_found_by_the_next(hex_blocks: RunCommand, file: Path) -> None:
    starting = command("sandbox", "--port", "0", "--speed", "60", "--json", "--quiet")
    with subprocess.Popen(starting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = read_document(process)
        started = hex_blocks("call", "run_project", f"projectId={PROJECT}", "idempotencyKey=k", "--sandbox")
        again = hex_blocks("call", "run_project", f"projectId={PROJECT}", "idempotencyKey=k", "--sandbox")
        run_id = json.loads(started.stdout)["runId"]
        found = hex_blocks("call", "get_run_status", f"projectId={PROJECT}", f"runId={run_id}", "--sandbox")
        mode = stat.S_IMODE(file.stat().st_mode)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert json.loads(started.stdout)["runUrl"].startswith(told["baseUrl"].removesuffix("/api/v1"))
    assert json.loads(again.stdout)["runId"] == run_id
    assert json.loads(found.stdout)["runId"] == run_id
    assert mode == 0o600
    assert not file.exists()


def test_the_first_one_stays_the_shared_one(sandbox: Sandbox) -> None:
    with shared(sandbox, TOKENS.personal, 1) as before, Sandbox() as second:
        with shared(second, TOKENS.personal, 1) as other:
            assert before is None
            assert other
            assert other.url == sandbox.base_url
        assert (found := find_shared())
        assert found.url == sandbox.base_url
    assert find_shared() is None


def test_the_file_of_one_that_has_ended_is_removed(sandbox: Sandbox, file: Path) -> None:
    with shared(sandbox, TOKENS.personal, 1):
        left = file.read_bytes()
    sandbox.stop()
    file.write_bytes(left)

    assert find_shared() is None
    assert not file.exists()


def changed(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document | values


SPOILT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another instance": changed(instance="0" * 32),
    "no instance": changed(instance=""),
    "elsewhere": changed(url="http://hex.example.com/api/v1"),
    "looks like here": changed(url="http://127.0.0.1.example.com/api/v1"),
    "no address": changed(url=7),
    "no speed": changed(speed=0),
    "more": changed(more=1),
    "no object": lambda _: [],
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_not_the_file_of_a_sandbox_here_is_not_followed(how: str, sandbox: Sandbox, file: Path) -> None:
    with shared(sandbox, TOKENS.personal, 1):
        assert isinstance(find_shared(), SharedSandbox)
        file.write_text(json.dumps(SPOILT[how](json.loads(file.read_bytes()))))

        assert find_shared() is None


def test_the_file_of_another_user_is_not_followed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared(sandbox, TOKENS.personal, 1):
        monkeypatch.setattr(os, "getuid", lambda: 12345)

        assert find_shared() is None


def test_the_instance_is_told_on_pages_only(sandbox: Sandbox) -> None:
    import requests

    assert requests.get(sandbox.origin, timeout=10).headers["X-Hex-Sandbox"] == sandbox.instance
    assert "X-Hex-Sandbox" not in requests.get(f"{sandbox.base_url}/projects", timeout=10).headers


@pytest.mark.parametrize(("options", "status"), [((), 201), (("--strict",), 422)])
def test_a_strict_sandbox_refuses_what_a_body_gives_as_text(options: tuple[str, ...], status: int) -> None:
    import requests

    starting = command("sandbox", "--port", "0", "--json", "--quiet", *options)
    with subprocess.Popen(starting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = read_document(process)
        answer = requests.post(
            f"{told['baseUrl']}/projects/{PROJECT}/runs",
            json={"dryRun": "true"},
            headers={"Authorization": f"Bearer {TOKENS.personal}"},
            timeout=20,
        )
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert answer.status_code == status
