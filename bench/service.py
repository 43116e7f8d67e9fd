"""The service under load, beside a bare Starlette application that calls the same tool in a thread.

    python bench/service.py [--rounds 3] [--seconds 5] [--streams 1000]

Prints calls a second of both (by wrk, which is Debian's package of that name), what a quick call takes while a
hundred long ones wait, the time from the start to the first answer, memory, and what a thousand open event streams
cost. Needs hex-blocks[serve].
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from hex_blocks import Connection, Hex
from hex_blocks.api.limits.groups import HEX_LIMITS
from hex_blocks.sandbox import TOKENS, Sandbox

TOOL = "hex_get_current_user"
LONG = 100
QUICK = 200
CONNECTIONS = 16
# Limits so wide that nothing waits, but every request is counted as it would be.
LIMITS = dict.fromkeys(HEX_LIMITS, ((10**9, 60),))
POST = 'wrk.method = "POST"\nwrk.body = "{}"\nwrk.headers["Content-Type"] = "application/json"\n'
HEADERS = {"Prefer": "respond-async"}


def connection_to(base_url: str, origin: str) -> Connection:
    """Connect to the sandbox of the measuring process."""
    return Connection(TOKENS.personal, base_url, allowed_hosts=(origin,), pinned=True, limits=LIMITS)


def serve(which: str, base_url: str, origin: str, folder: str) -> None:
    """Serve one of the contenders on a port of its own choice, which is printed."""
    if which == "service":
        from hex_blocks import Registry
        from hex_blocks.hosts.service.app import make_service
        from hex_blocks.hosts.service.serving import Serving
        from hex_blocks.hosts.service.settings import Settings

        service = make_service(Settings(Path(folder)), Registry.load(), connection_to(base_url, origin))
        Serving(service, 0, lambda url: print(url, flush=True)).run()
        return
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    hex_ = Hex(connection=connection_to(base_url, origin))

    async def call(request: Request) -> JSONResponse:
        return JSONResponse(await run_in_threadpool(hex_.call, request.path_params["tool"], await request.json()))

    app = Starlette(routes=[Route("/v1/tools/{tool}", call, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


@contextmanager
def running(which: str, sandbox: Sandbox) -> Iterator[tuple[str, int]]:
    """Run a contender as a process of its own, and give its address and its number."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", which, sandbox.base_url, sandbox.origin, folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            requests.post(f"{url}/v1/tools/{TOOL}", json={}, timeout=30).raise_for_status()
            yield url, process.pid
        finally:
            process.terminate()
            process.wait(30)


def calls_a_second(url: str, seconds: int) -> tuple[float, str]:
    """Return what wrk measures: calls a second, and the 99th percentile."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(POST)
        script.flush()
        given = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script.name, f"{url}/v1/tools/{TOOL}"]
        said = subprocess.run(["wrk", *given], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    rate, slowest = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+(\S+)", said)
    assert rate is not None, said
    assert slowest is not None, said
    return float(rate[1]), slowest[1]


def megabytes(process: int) -> float:
    """Return the memory that a process has, in MB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def quick_ms(url: str) -> float:
    """Return the median of a quick call, in milliseconds."""
    times = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(QUICK):
            began = time.perf_counter()
            session.post(f"{url}/v1/tools/{TOOL}", json={}, timeout=60).raise_for_status()
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def long_jobs(url: str, sandbox: Sandbox, number: int) -> list[str]:
    """Start jobs that wait for a run that does not end, and give their addresses when all have begun."""
    inputs = {"projectId": sandbox.world.project("Endless simulation").id, "timeout": 86_400}
    made = [
        requests.post(f"{url}/v1/tools/hex_run_and_wait", json=inputs, headers=HEADERS, timeout=60).json()["statusUrl"]
        for _ in range(number)
    ]
    while any(requests.get(each, timeout=60).json()["status"] != "running" for each in made):
        time.sleep(0.2)
    while "progress" not in requests.get(made[0], timeout=60).json():
        time.sleep(0.2)
    return made


async def streams(url: str, number: int) -> tuple[list[Any], float]:
    """Open a job's event stream so often, and give the readers when all have the first event, and the seconds."""
    host, port = re.findall(r"//([\d.]+):(\d+)", url)[0]
    path = url.partition(f":{port}")[2]
    began = time.perf_counter()

    async def opened() -> Any:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path}/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        while b"event: progress" not in await reader.readline():
            pass
        return reader, writer

    found = await asyncio.gather(*(opened() for _ in range(number)))
    return found, time.perf_counter() - began


async def ended(opened: list[Any], stop: Any) -> float:
    """Return how many seconds pass from a job's end until all streams have told of it."""

    async def read(reader: asyncio.StreamReader) -> None:
        while b"event: problem" not in await reader.readline():
            pass

    reading = asyncio.gather(*(read(reader) for reader, _ in opened))
    began = time.perf_counter()
    await asyncio.to_thread(stop)
    await reading
    for _, writer in opened:
        writer.close()
    return time.perf_counter() - began


def first_answer_ms() -> float:
    """Return the milliseconds from starting the command to its first answer."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hex_blocks", "serve", "--sandbox", "--port", "0", "--data", folder]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            url = next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
            requests.get(f"{url}/healthz", timeout=30).raise_for_status()
            return (time.perf_counter() - began) * 1000
        finally:
            process.terminate()
            process.communicate(timeout=30)


def measure(rounds: int, seconds: int, number: int) -> None:
    """Measure, in turns, so that the machine's moods meet both."""
    with Sandbox(limits=False) as sandbox:
        with running("bare", sandbox) as (bare, bare_process), running("service", sandbox) as (url, process):
            rates: dict[str, list[float]] = {"bare Starlette": [], "the service": []}
            for _ in range(rounds):
                for name, each in zip(rates, (bare, url), strict=True):
                    rate, slowest = calls_a_second(each, seconds)
                    rates[name].append(rate)
                    print(f"{name:16}{rate:8.0f} calls/s   p99 {slowest}")
            print(f"memory          {megabytes(bare_process):8.0f} MB bare, {megabytes(process):.0f} MB the service")
            medians = [statistics.median(each) for each in rates.values()]
            pairs = ", ".join(f"{other / one:.2f}" for one, other in zip(*rates.values(), strict=True))
            print(f"share           {medians[1] / medians[0]:8.2f}   round by round: {pairs}")
        with running("service", sandbox) as (url, process):
            alone = quick_ms(url)
            waiting = long_jobs(url, sandbox, LONG)
            beside = quick_ms(url)
            print(f"a quick call    {alone:8.1f} ms alone, {beside:.1f} ms while {LONG} long ones wait")
            before = megabytes(process)

            async def follow() -> None:
                opened, opening = await streams(waiting[0], number)
                held = megabytes(process)
                quick = await asyncio.to_thread(quick_ms, url)
                closing = await ended(opened, lambda: requests.delete(waiting[0], timeout=60))
                print(f"{number} streams    {opening:8.1f} s to open, {held - before:.0f} MB")
                print(f"                {quick:8.1f} ms a quick call beside them")
                print(f"                {closing:8.1f} s until all know of the end")

            asyncio.run(follow())
    firsts = [first_answer_ms() for _ in range(rounds)]
    print(f"first answer    {statistics.median(firsts):8.0f} ms after the start of the command")


def main() -> None:
    """Measure, or serve one of the contenders."""
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
        return
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--streams", type=int, default=1000)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    measure(given.rounds, given.seconds, given.streams)


if __name__ == "__main__":
    main()
