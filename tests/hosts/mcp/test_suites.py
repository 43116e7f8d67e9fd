"""The protocol's own inspector and conformance suite, both of them from npm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from hex_blocks.hosts.mcp.server import HexServer
from hex_blocks.hosts.models.toolbox import Toolbox
from tests.hosts.mcp.conftest import COMMAND, ON_SANDBOX, environment, stop

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
BINARIES = ENVIRONMENT / "npm" / "node_modules" / ".bin"


@pytest.fixture(scope="module", autouse=True)
def needs_npm() -> None:
    failed = ENVIRONMENT / "npm-failed.txt"
    if not (BINARIES / "mcp-inspector").exists():
        pytest.skip(f"npm packages could not be had: {failed.read_text()[-300:] if failed.exists() else ENVIRONMENT}")


def inspect(*arguments: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the inspector's command line on a server of ours, over stdio or HTTP."""
    variables = [part for name, value in environment().items() for part in ("-e", f"{name}={value}")]
    target = (
        ["--server-url", url, "--transport", "http", *arguments]
        if url
        else [*variables, *arguments, "--", *COMMAND, *ON_SANDBOX]
    )
    command = [str(BINARIES / "mcp-inspector"), "--cli", *target]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=90, check=False)


@pytest.fixture(params=["stdio", "http"])
def url(request, serve_http) -> str | None:
    return serve_http(*ON_SANDBOX).url if request.param == "http" else None


@pytest.mark.parametrize("more", [(), ("--all",)])
def test_the_inspector_finds_no_fault_in_our_schemas(more, serve_http):
    done = inspect("--method", "tools/list", "--strict", url=serve_http(*ON_SANDBOX, *more).url)

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["tools"]) > 8
    assert "Error:" not in done.stderr
    assert "Warning:" not in done.stderr


def test_the_inspector_calls_a_tool(url):
    done = inspect(
        "--method", "tools/call", "--tool-name", "hex_find_project", "--tool-arg", "query=revenue report", url=url
    )

    assert json.loads(done.stdout)["structuredContent"]["total"] == 1


def test_the_inspector_gets_a_prompt(url):
    done = inspect(
        "--method", "prompts/get", "--prompt-name", "run_report", "--prompt-args", "project=Revenue", url=url
    )

    assert "“Revenue”" in json.loads(done.stdout)["messages"][0]["content"]["text"]


def test_the_inspector_reads_a_page(url):
    done = inspect("--method", "resources/read", "--uri", "hex://reference/runs", url=url)

    assert "hex_run_and_wait" in json.loads(done.stdout)["contents"][0]["text"]


@pytest.fixture
def fixture_server() -> Iterator[str]:
    command = [sys.executable, str(HERE / "conformance_server.py")]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        stop(process)


def test_the_conformance_suite_passes_but_for_what_its_baseline_names(fixture_server, tmp_path):
    command = [BINARIES / "conformance", "server", "--url", fixture_server]
    done = subprocess.run(
        [*command, "--expected-failures", HERE / "conformance.yml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
    assert "✓ tools-call-image" in done.stdout
    assert "✓ tools-call-with-progress" in done.stdout


def test_the_default_list_costs_a_model_few_tokens(registry):
    tools = HexServer(Toolbox(registry=registry)).tools
    listed = json.dumps({"tools": tools}, ensure_ascii=False, separators=(",", ":"))  # as it goes over the wire
    count = "const {encode} = require('gpt-tokenizer'); process.stdin.setEncoding('utf8'); let all = '';"
    count += "process.stdin.on('data', part => all += part).on('end', () => console.log(encode(all).length))"

    done = subprocess.run(
        ["node", "-e", count], input=listed, cwd=ENVIRONMENT / "npm", capture_output=True, text=True, check=True
    )

    assert int(done.stdout) <= 3_000
