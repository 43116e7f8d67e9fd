"""The command hex-blocks mcp where no SDK is needed: what it prints, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from hex_blocks import __version__
from hex_blocks.hosts.mcp.clients import CLIENTS, as_json, as_toml, as_yaml
from hex_blocks.hosts.mcp.guard import is_anywhere, is_loopback
from tests.marks import mostly_slow

SECRET = {"HEX_BLOCKS_MCP_SECRET": "a-secret-of-the-tests-0123456789"}


# Where each client looks for its servers.
SERVERS = {
    "vscode": "servers",
    "zed": "context_servers",
    "codex": "mcp_servers",
    "goose": "extensions",
    "opencode": "mcp",
}
READERS: dict[Any, Any] = {as_json: json.loads, as_toml: tomllib.loads, as_yaml: yaml.safe_load}


def server_of(client: str, written: str) -> dict[str, Any]:
    """Read what is printed for a client as the client does, and give the entry of the server."""
    servers = READERS[CLIENTS[client].write](written)[SERVERS.get(client, "mcpServers")]
    (server,) = servers if isinstance(servers, list) else servers.values()
    if client == "opencode":
        # It has the command and its arguments in one list.
        command, *arguments = server["command"]
        return {"command": command, "args": arguments, "env": server["environment"]}
    return dict(server)


def fake_uv(folder: Path, name: str) -> str:
    """Put a program of that name into a folder and give its path."""
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("client", mostly_slow(CLIENTS, "claude", "codex", "vscode"))
def test_every_clients_configuration_is_in_its_own_form(client, hex_blocks):
    done = hex_blocks("mcp", "--config", client)

    server = server_of(client, done.stdout)

    # A desktop program has another PATH than the shell that printed this.
    command = Path(server.get("command") or server["cmd"])
    assert command.is_absolute()
    assert command.is_file()
    assert command.stem == "hex-blocks"
    assert server["args"] == ["mcp"]
    assert list(server.get("env") or server["envs"]) == ["HEX_API_TOKEN"]
    assert CLIENTS[client].place in done.stderr


@pytest.mark.parametrize(("name", "more"), [("uvx", []), ("uv", ["tool", "run"])])
@pytest.mark.parametrize("client", mostly_slow(CLIENTS, "claude", "vscode"))
def test_with_uv_a_configuration_needs_no_installation(name, more, client, hex_blocks, tmp_path):
    uv = fake_uv(tmp_path, name)

    done = hex_blocks("mcp", "--config", client, "--uvx", "--read-only", env={"PATH": str(tmp_path)})

    server = server_of(client, done.stdout)
    package = f"hex-blocks[mcp]=={__version__}"
    assert (server.get("command") or server["cmd"]) == uv
    assert server["args"] == [*more, "--from", package, "hex-blocks", "mcp", "--read-only"]


def test_without_uv_that_form_is_refused(hex_blocks, tmp_path):
    done = hex_blocks("mcp", "--config", "claude", "--uvx", env={"PATH": str(tmp_path)})

    assert done.returncode == 1
    assert "uv is not on PATH" in done.stderr
    assert not done.stdout


def test_where_uv_is_there_that_form_is_told_of(hex_blocks, tmp_path):
    fake_uv(tmp_path, "uvx")

    assert "--uvx" in hex_blocks("mcp", "--config", "claude", env={"PATH": str(tmp_path)}).stderr


ODD = [
    'C:\\Program Files\\"hex"\\new',
    "a\nb\tc\r\0\x1b\x7f\x85",
    "yes",
    "null",
    "12",
    "1e3",
    "2026-11-27",
    "",
    " ",
    "- a",
    "#: {a}",
    "'",
    "hxtp_…",
    "日本語 😀 \u2028\ufeff",
    "--toolset=run",
]


@pytest.mark.parametrize(("write", "read"), [(as_toml, tomllib.loads), (as_yaml, yaml.safe_load)])
@pytest.mark.parametrize("odd", ODD)
def test_whatever_is_written_is_read_back(odd, write, read):
    document = {
        "top": odd,
        "flag": True,
        "number": 660,
        "none": [],
        "servers": {"a b.c": {"args": [odd, "x", odd], "env": {"X": odd, odd or "empty": odd}, "empty": {}}},
    }

    assert read(write(document)) == document


def test_lists_of_mappings_are_read_back():
    document = {"servers": [{"name": "a", "args": ["x"], "env": {"y": "z"}}, {"args": [], "name": "b"}]}

    assert yaml.safe_load(as_yaml(document)) == document


def test_a_configuration_has_the_options_given(hex_blocks):
    done = hex_blocks("mcp", "--config", "cursor", "--toolset", "run,projects", "--read-only", "--longest-wait", "50")

    arguments = json.loads(done.stdout)["mcpServers"]["hex"]["args"]

    assert arguments == ["mcp", "--toolset", "run,projects", "--read-only", "--longest-wait", "50.0"]


@pytest.mark.parametrize("client", mostly_slow(CLIENTS, "cursor", "goose", "opencode", "codex"))
def test_a_configuration_has_the_address_of_hex(client, hex_blocks):
    settings = {"HEX_API_BASE_URL": "https://eu.hex.tech", "HEX_BLOCKS_ALLOWED_HOSTS": "hex.example.com"}

    entry = server_of(client, hex_blocks("mcp", "--config", client, env=settings).stdout)
    plain = server_of(client, hex_blocks("mcp", "--config", client).stdout)

    name = "envs" if client == "goose" else "env"
    assert settings.items() <= entry[name].items()
    assert plain[name].keys() == {"HEX_API_TOKEN"}


def test_a_configuration_never_has_the_token(hex_blocks):
    done = hex_blocks("mcp", "--config", "claude", env={"HEX_API_TOKEN": "hxtp_real"})

    assert "hxtp_real" not in done.stdout + done.stderr


@pytest.mark.skipif(find_spec("mcp") is not None, reason="the MCP SDK is here")
def test_it_says_how_to_install_what_is_missing(hex_blocks):
    done = hex_blocks("mcp")

    assert done.returncode == 1
    assert 'pip install "hex-blocks[mcp]"' in done.stderr


@pytest.mark.parametrize(
    ("options", "env", "said"),
    [
        (("--http", "--host", "0.0.0.0"), {}, "HEX_BLOCKS_MCP_SECRET"),
        (("--http", "--host", "192.0.2.1"), {}, "HEX_BLOCKS_MCP_SECRET"),
        (("--http", "--host", "hex.example.com"), {"HEX_BLOCKS_MCP_SECRET": "short"}, "at least 16 characters"),
        (("--http", "--host", "::"), SECRET, "--allow-host"),
        (("--token-from-header",), {}, "--http"),
        (("--port", "1"), {}, "--port goes with --http."),
        (("--host", "127.0.0.1"), {}, "--host goes with --http."),
        (("--allow-host", "hex.example.com"), {}, "--allow-host goes with --http."),
        (("--config", "claude", "--http"), {}, "give it without --http"),
        (("--config", "claude", "--port", "1"), {}, "--port goes with --http."),
        (("--uvx",), {}, "--config"),
        (("--toolset", "projcts"), {}, "projects"),
    ],
)
def test_what_would_be_unsafe_or_wrong_is_refused(options, env, said, hex_blocks):
    done = hex_blocks("mcp", *options, env=env)

    assert done.returncode in (1, 2)
    assert said in done.stderr or "hex-blocks[mcp]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback_is_known(host):
    assert is_loopback(host)
    assert not is_anywhere(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "localhost.example.com", "hex.example.com", ""])
def test_what_is_reached_from_elsewhere_is_known(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", ""])
def test_every_address_is_known(host):
    assert is_anywhere(host)


def test_a_server_starts_without_what_only_calls_need():
    """What a start imports is most of its time."""
    code = (
        "import sys; import hex_blocks.hosts.mcp.server, hex_blocks.hosts.mcp.serving; "
        "from hex_blocks.hosts.models.toolbox import Toolbox; from hex_blocks.hosts.mcp.server import HexServer; "
        "HexServer(Toolbox()).tools; heavy = ('requests', 'limits', 'sqlite3', 'jinja2'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_registrys_file_is_right(registry):
    from hex_blocks import __version__
    from tests.conftest import REPOSITORY

    server = json.loads((REPOSITORY / "server.json").read_text())
    (package,) = server["packages"]

    assert server["version"] == package["version"] == __version__
    assert (package["registryType"], package["identifier"]) == ("pypi", "hex-blocks")
    assert package["transport"] == {"type": "stdio"}
    secret = {each["name"]: each.get("isSecret", False) for each in package["environmentVariables"]}
    assert secret["HEX_API_TOKEN"] is True
    assert len(server["description"]) <= 100
