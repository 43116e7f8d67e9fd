"""The bundle before its own tool, and its server started as a client starts it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from hex_blocks.hosts.exports import archives, request_for, write_files
from hex_blocks.hosts.mcpb.export import TARGET
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Registry

ENVIRONMENT = Path(os.environ.get("HEX_BLOCKS_HOST_ENVIRONMENT", "/nonexistent"))
TOOL = ENVIRONMENT / "npm" / "node_modules" / ".bin" / "mcpb"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The folder of an export, with its archive beside it."""
    request = request_for(TARGET, Registry.load(plugins=False))
    files = TARGET.files(request)
    write_files(TARGET, files, tmp_path / "hex")
    for path, content in archives(TARGET, request, files, tmp_path / "hex").items():
        path.write_bytes(content)
    return tmp_path / "hex"


def mcpb(*arguments: str) -> subprocess.CompletedProcess[str]:
    if not TOOL.exists():
        failed = ENVIRONMENT / "npm-failed.txt"
        pytest.skip(f"npm packages could not be had: {failed.read_text()[-300:] if failed.exists() else ENVIRONMENT}")
    return subprocess.run([str(TOOL), *arguments], capture_output=True, text=True, check=False)


def test_the_manifest_is_valid(bundle):
    done = mcpb("validate", str(bundle / "manifest.json"))

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_validator_refuses_what_is_not(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"regions": ["app"]}))

    assert mcpb("validate", str(bundle / "manifest.json")).returncode != 0


def test_its_own_tool_reads_our_archive(bundle, tmp_path):
    unpacked = mcpb("unpack", str(bundle) + ".mcpb", str(tmp_path / "unpacked"))
    packed = mcpb("pack", str(bundle), str(tmp_path / "own.mcpb"))

    assert unpacked.returncode == 0, unpacked.stderr
    assert (tmp_path / "unpacked" / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert packed.returncode == 0, packed.stderr
    with ZipFile(tmp_path / "own.mcpb") as own, ZipFile(str(bundle) + ".mcpb") as ours:
        assert {*ours.namelist(), ".hex-blocks-export.json"} == set(own.namelist())


def started(bundle: Path, **entered: str) -> StdioServerParameters:
    """Say how a client starts the bundle with what was entered in its form."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    values = {name: str(field.get("default", "")) for name, field in manifest["user_config"].items()} | entered

    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"${{user_config.{name}}}", value)
        return text.replace("${__dirname}", str(bundle))

    server = manifest["server"]["mcp_config"]
    kept = {name: os.environ[name] for name in os.environ if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env = kept | {name: filled(value) for name, value in server["env"].items()}
    return StdioServerParameters(command=server["command"], args=[filled(each) for each in server["args"]], env=env)


@pytest.mark.skipif(shutil.which("uv") is None, reason="the client brings uv, and here is none")
def test_its_server_is_started_as_a_client_does(bundle, monkeypatch):
    async def talk(parameters: StdioServerParameters) -> tuple[list[str], Any]:
        async with Client(stdio_client(parameters)) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            return names, await client.call_tool("hex_find_project", {"query": "revenue report"})

    with Sandbox() as sandbox:
        monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", sandbox.origin)
        entered = {"token": TOKENS.personal, "region": sandbox.base_url, "toolset": "projects", "read_only": "true"}
        names, found = asyncio.run(talk(started(bundle, **entered)))

    assert "hex_find_project" in names
    assert "hex_create_project" not in names
    assert found.structured_content["total"] == 1
