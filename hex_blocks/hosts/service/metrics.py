"""Metrics of the service for Prometheus. Labels are tools and outcomes, never callers or inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hex_blocks.errors.classes import HexError

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "hex_blocks_calls", "Calls that have ended.", ("tool", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "hex_blocks_call_seconds", "How long calls took.", ("tool",), buckets=_SECONDS, registry=self._registry
        )
        self._busy = Gauge("hex_blocks_calls_active", "Calls that are being worked on.", registry=self._registry)
        self._jobs = Gauge("hex_blocks_jobs", "Jobs by state.", ("status",), registry=self._registry)
        self._deliveries = Counter(
            "hex_blocks_deliveries", "Attempts to deliver events.", ("outcome",), registry=self._registry
        )

    def count_call_end(self, tool: str, status: str, error: HexError | None, seconds: float) -> None:
        """Count a call by its status, or by the kind of its error if it failed."""
        self.count_call(tool, error.kind if error is not None and status == "failed" else status, seconds)

    def count_call(self, tool: str, outcome: str, seconds: float) -> None:
        """Count a call by its outcome."""
        self._calls.labels(tool, outcome).inc()
        self._seconds.labels(tool).observe(seconds)

    def count_delivery(self, outcome: str) -> None:
        """Count an attempt to deliver an event."""
        self._deliveries.labels(outcome).inc()

    def render(self, busy: int, jobs: Callable[[], Mapping[str, int]]) -> bytes:
        """Return the current metrics in Prometheus' text format.

        Args:
            busy: The number of active calls.
            jobs: Returns the number of jobs by status.
        """
        self._busy.set(busy)
        self._jobs.clear()
        for status, count in jobs().items():
            self._jobs.labels(status).set(count)
        render: bytes = generate_latest(self._registry)
        return render
