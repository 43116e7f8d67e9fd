"""What suites of hosts in Node share: a process that exchanges lines of JSON, and runs in the sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Run

Json = Any
REPORT = "01234567-89ab-cdef-0123-456789abcdef"


class Driven:
    """A process that reads one JSON document per line and replies to each with a line that begins with `@`.

    Args:
        command: The command.
        log: The file for its error output.
        variables: Environment variables, besides the inherited ones.
        inherited: The environment that it inherits.
    """

    def __init__(
        self,
        command: Sequence[object],
        log: Path,
        variables: Mapping[str, str] | None = None,
        *,
        inherited: Mapping[str, str] = os.environ,
    ) -> None:
        self.log = log
        with log.open("w") as said:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env={**inherited, **(variables or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def send(self, document: Json) -> None:
        """Send a document, without waiting for the reply."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(document) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Json:
        """Wait for the next reply and return it."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise AssertionError(self.log.read_text()[-3000:])

    def kill(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.stop()

    def stop(self) -> None:
        """Stop the process."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.terminate()
        self.process.wait(10)


class Builder(Driven):
    """A builder that runs steps.

    Attributes:
        auth: The values of the connection's form.
        allowed: The hosts that the operator allows.
    """

    def __init__(self, command: Sequence[object], log: Path, variables: Mapping[str, str] | None = None) -> None:
        self.auth: Json = None
        self.allowed: list[str] = []
        super().__init__(command, log, variables)


def connect(builder: Builder, sandbox: Sandbox, token: str = TOKENS.personal) -> None:
    """Set the connection of a builder."""
    builder.allowed = [sandbox.origin]
    builder.auth = {"apiKey": token, "region": "custom", "baseUrl": sandbox.base_url}


def begin(sandbox: Sandbox, running: float = 1) -> str:
    """Start a run of the report that takes a number of seconds by the sandbox's clock, and return its ID."""
    world, ada = sandbox.world, sandbox.world.user("Ada Okafor").id
    at, plan = sandbox.clock.time(), Plan(pending=0.1, running=running)
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=at, plan=plan)
    return str(world.add(run).id)
