"""How soon an MCP server has answered tools/list, and what it weighs: ours beside a bare server of the same SDK.

    python bench/mcp_start.py [--rounds 11]

Run it where `hex-blocks[mcp]` is installed, as `make bench-mcp` does. Each round starts every server as a process of
its own, says hello over stdio, asks for the tools, and stops the clock when they are there. The peers' figures were
measured on the same kind of machine in November 2026 and are printed as such: they cannot be installed everywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
BARE = """
import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

TOOL = {"name": "one", "inputSchema": {"type": "object"}}

async def list_tools(context, params):
    return {"tools": [TOOL]}

async def serve():
    server = Server("bare", on_list_tools=list_tools)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())

anyio.run(serve)
"""
# A server without an SDK: what is left is Python itself.
LOOP = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        version = asked.get("params", {}).get("protocolVersion")
        info = {"name": "loop", "version": "1"}
        hello = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
        told = hello if version else {"tools": [{"name": "one", "inputSchema": {"type": "object"}}]}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": told}), flush=True)
"""
OURS = "ours, default set"
SERVERS = {
    "bare loop, no SDK": [sys.executable, "-c", LOOP],
    "bare SDK server, one tool": [sys.executable, "-c", BARE],
    OURS: [sys.executable, "-m", "hex_blocks", "mcp"],
    "ours, --all": [sys.executable, "-m", "hex_blocks", "mcp", "--all"],
}
# shared/peers.md: milliseconds to tools/list, MiB, tools, bytes of the list.
PEERS = {
    "hex-mcp (SDK v1)": (407, 59, 7, 4_624),
    "hex-toolkit, hex-api": (995, 97, 6, 4_782),
    "hex-openapi-mcp, read-only": (917, 85, 25, 77_220),
    "hex-openapi-mcp, full": (1_009, 89, 53, 196_537),
}
# shared/hosts.md: what a bare server of the SDK took on that machine, in milliseconds.
BARE_THEN = 451
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


class Figures(NamedTuple):
    """What was measured of one start."""

    milliseconds: float
    mebibytes: float
    tools: int
    size: int


def start(command: list[str]) -> Figures:
    """Start a server, ask it for its tools, and end it."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "HEX_API_TOKEN": "hxtp_bench"}
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        for message in (
            {"id": 1, "method": "initialize", "params": HELLO},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/list"},
        ):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
            if "id" in message:
                line = process.stdout.readline()
        milliseconds = (time.perf_counter() - began) * 1000
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(each.split()[1]) for each in status.splitlines() if each.startswith("VmHWM"))
        process.stdin.close()
        process.wait(10)
    tools = json.loads(line)["result"]["tools"]
    size = len(json.dumps(tools, separators=(",", ":"), ensure_ascii=False).encode())
    return Figures(milliseconds, peak / 1024, len(tools), size)


def main() -> None:
    """Measure the servers in turn, so that the machine's moods meet all of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=11)
    rounds = options.parse_args().rounds
    for command in SERVERS.values():
        start(command)
    measured = [{name: start(command) for name, command in SERVERS.items()} for _ in range(rounds)]
    bare = "bare SDK server, one tool"
    print(f"process start to tools/list, medians of {rounds} rounds; against the bare SDK server pair by pair")
    print(f"{'':32}{'ms':>8}{'ratio':>8}{'MiB':>8}{'tools':>8}{'bytes':>10}")
    for name in SERVERS:
        figures = [each[name] for each in measured]
        took = statistics.median(each.milliseconds for each in figures)
        ratio = statistics.median(each[name].milliseconds / each[bare].milliseconds for each in measured)
        weight = statistics.median(each.mebibytes for each in figures)
        print(f"{name:32}{took:8.0f}{ratio:8.2f}{weight:8.0f}{figures[0].tools:8}{figures[0].size:10,}")
    print("measured elsewhere (peers.md), not in this run:")
    for name, (took, weight, tools, size) in PEERS.items():
        print(f"{name:32}{took:8}{'':8}{weight:8}{tools:8}{size:10,}")
    ours = statistics.median(each[OURS].milliseconds for each in measured)
    slower = statistics.median(each[bare].milliseconds for each in measured) / BARE_THEN
    peer = PEERS["hex-openapi-mcp, read-only"][0]
    print(f"ours against hex-openapi-mcp, read-only: {ours / peer:.2f} as they stand;")
    print(
        f"{ours / (peer * slower):.2f} for a machine on which a bare SDK server takes {BARE_THEN} ms, as it did there"
    )


if __name__ == "__main__":
    main()
