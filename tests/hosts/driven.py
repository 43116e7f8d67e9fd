"""What suites of hosts in Node share: a process that is told and answers by lines, and runs that begin and end."""

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
    """A process that takes a document a line and answers each with a line that begins with `@`.

    variables: of its environment, beside those that it inherits.
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

    def tell(self, document: Json) -> None:
        """Tell it something, and do not wait for its answer."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(document) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Json:
        """Wait for its next answer."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise AssertionError(self.log.read_text()[-3000:])

    def kill(self) -> None:
        """End it in the middle of what it does."""
        self.process.kill()
        self.stop()

    def stop(self) -> None:
        """End it."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.terminate()
        self.process.wait(10)


class Builder(Driven):
    """A builder that runs steps.

    Attributes:
        auth: The connection that steps are run with, as its form holds it.
        allowed: What the operator allows.
    """

    def __init__(self, command: Sequence[object], log: Path, variables: Mapping[str, str] | None = None) -> None:
        self.auth: Json = None
        self.allowed: list[str] = []
        super().__init__(command, log, variables)


def connect(builder: Builder, sandbox: Sandbox, token: str = TOKENS.personal) -> None:
    """Set the connection that steps are run with."""
    builder.allowed = [sandbox.origin]
    builder.auth = {"apiKey": token, "region": "custom", "baseUrl": sandbox.base_url}


def begin(sandbox: Sandbox, running: float = 1) -> str:
    """Let a run of the report begin that takes so many seconds of the sandbox's."""
    world, ada = sandbox.world, sandbox.world.user("Ada Okafor").id
    at, plan = sandbox.clock.time(), Plan(pending=0.1, running=running)
    run = Run(id=world.new_id(), project_id=REPORT, caller=ada, version=1, created_at=at, plan=plan)
    return str(world.add(run).id)
