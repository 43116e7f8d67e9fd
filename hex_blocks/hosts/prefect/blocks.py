"""Blocks: the token of a workspace, and a project with its inputs."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.blocks.abstract import CredentialsBlock, JobBlock, JobRun
from pydantic import Field, SecretStr

from hex_blocks.client import Hex
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.engines.running import Stoppable
from hex_blocks.hosts.engines.work import Work
from hex_blocks.hosts.prefect.runs import HexRunError, emit, reporter, tell_started, work_of

DAY = 86_400.0
INTERVAL = 10.0


class HexCredentials(CredentialsBlock):
    """The token of a workspace of Hex."""

    _block_type_name = "Hex Credentials"
    _block_type_slug = "hex-credentials"

    api_key: SecretStr = Field(title="API token", description="Hex API token, personal or of a workspace.")
    base_url: str | None = Field(
        default=None, title="Base URL", description="The address where you open Hex. Default: https://app.hex.tech."
    )

    def get_client(self) -> Hex:
        """Return the client, the same for all tasks of a process."""
        from hex_blocks.api.base_url import DEFAULT_BASE_URL
        from hex_blocks.hosts.engines.clients import client_for

        return client_for(self.api_key, self.base_url or DEFAULT_BASE_URL)


class HexProjectRun(JobRun[dict[str, Any]]):
    """A run that was started by a `HexProject`.

    Attributes:
        run: The run as it is known.
    """

    def __init__(self, project: HexProject, work: Work, run: dict[str, Any]) -> None:
        self.project = project
        self.run = run
        self._work = work

    @property
    def run_id(self) -> str:
        """The run's ID."""
        return str(self.run["runId"])

    @property
    def run_url(self) -> str:
        """The run's page in Hex."""
        return str(self.run.get("runUrl") or "")

    def wait_for_completion(self) -> None:
        """Wait until the run has completed. Raises HexRunError where it ends otherwise."""
        options = {
            "timeout": self.project.timeout,
            "pollInterval": max(5.0, self.project.check_interval),
            "cancelOnTimeout": self.project.cancel_on_timeout,
            "cancelOnInterrupt": self.project.cancel_on_interrupt,
        }
        self.run = follow(self._work, self.run, options)

    async def await_for_completion(self) -> None:
        """Wait until the run has completed, from an event loop."""
        await asyncio.to_thread(self.wait_for_completion)

    def fetch_result(self) -> dict[str, Any]:
        """Return the finished run. Raises HexRunError where it has not completed."""
        if self.run.get("status") != "COMPLETED":
            raise HexRunError("run_not_ended: wait for its completion first", "run_not_ended", self.run_url)
        return self.run


class HexProject(JobBlock[dict[str, Any]]):
    """A project of Hex, with the inputs that it is run with."""

    _block_type_name = "Hex Project"
    _block_type_slug = "hex-project"

    credentials: HexCredentials = Field(description="The token of the workspace.")
    project_id: str = Field(title="Project ID", description="The project; the part of its URL after /hex/.")
    input_params: dict[str, Any] | None = Field(
        default=None, title="Input parameters", description="Values for the inputs of the published app."
    )
    timeout: float = Field(default=DAY, description="Seconds that a run may take.")
    check_interval: float = Field(default=INTERVAL, description="Seconds between looks at a run, at least 5.")
    cancel_on_timeout: bool = Field(default=True, description="Whether to cancel a run that takes longer.")
    cancel_on_interrupt: bool = Field(
        default=False, description="Whether to cancel a run when the flow is cancelled while it is waited for."
    )

    def trigger(self) -> HexProjectRun:
        """Start a run, or find the one that an earlier attempt at the flow run has started."""
        hex = self.credentials.get_client()
        inputs = {"project_id": self.project_id, "input_params": self.input_params}
        work, run = start(hex, "project", inputs)
        return HexProjectRun(self, work, run)

    async def atrigger(self) -> HexProjectRun:
        """Start a run, from an event loop."""
        return await asyncio.to_thread(self.trigger)


def start(hex: Hex, kind: str, inputs: dict[str, Any]) -> tuple[Work, dict[str, Any]]:
    """Start a run as the work of the present task, and tell of it. Raises HexRunError."""
    report = reporter()

    def begin(stop: Any) -> tuple[Work, dict[str, Any]]:
        work = work_of(hex, kind, inputs)
        run = work.start(inputs, progress=report, stop=stop)
        tell_started(hex, run)
        return work, run

    try:
        return Stoppable().run(begin)
    except HexError as error:
        raise HexRunError.of(error) from error


def follow(work: Work, run: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Wait for a run's end, and tell of it. Raises HexRunError."""
    report = reporter()
    try:
        ended = Stoppable().run(lambda stop: work.follow(run, options, progress=report, stop=stop))
    except HexError as error:
        emit("failed", run, error=error.key)
        raise HexRunError.of(error) from error
    emit("completed", ended)
    return ended
