"""The command hex-blocks mcp where no SDK is needed: what it prints, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from hex_blocks.hosts.mcp.clients import CLIENTS
from hex_blocks.hosts.mcp.guard import is_anywhere, is_loopback

SECRET = {"HEX_BLOCKS_MCP_SECRET": "a-secret-of-the-tests-0123456789"}


@pytest.mark.parametrize("client", CLIENTS)
def test_every_clients_configuration_is_json(client, hex_blocks):
    done = hex_blocks("mcp", "--config", client)

    (server,) = json.loads(done.stdout)[CLIENTS[client][0]].values()

    # A desktop program has another PATH than the shell that printed this.
    assert Path(server["command"]).is_file()
    assert Path(server["command"]).stem == "hex-blocks"
    assert server["args"] == ["mcp"]
    assert list(server["env"]) == ["HEX_API_TOKEN"]
    assert CLIENTS[client][1] in done.stderr


def test_a_configuration_has_the_options_given(hex_blocks):
    done = hex_blocks("mcp", "--config", "cursor", "--toolset", "run,projects", "--read-only", "--longest-wait", "50")

    arguments = json.loads(done.stdout)["mcpServers"]["hex"]["args"]

    assert arguments == ["mcp", "--toolset", "run,projects", "--read-only", "--longest-wait", "50.0"]


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
