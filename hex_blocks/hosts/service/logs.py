"""The log of requests, one line each, as text or JSON. It never contains tokens, inputs or results."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from hex_blocks.errors.classes import without_tokens
from hex_blocks.hosts.mcp.guard import App, Receive, Scope, Send

requests_log = logging.getLogger("hex_blocks.requests")

QUIET = ("/healthz", "/readyz", "/metrics")


class RequestLogger:
    """An ASGI application that logs every request to another one."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, and log it when it has ended."""
        if scope["type"] != "http" or not requests_log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_response(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_response)
        finally:
            self._log(scope, status, time.perf_counter() - began)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["path"] in QUIET:
            return
        fields = {
            "method": scope["method"],
            "path": without_tokens(scope["path"][:200]),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "caller": scope.get("state", {}).get("caller", "")[:8] or None,
        }
        shown = " ".join(str(value) for value in fields.values() if value is not None)
        requests_log.info("%s", shown, extra={"told": fields})


class JsonLines(logging.Formatter):
    """Formats each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, "told", None) or {"message": without_tokens(record.getMessage())}),
        }
        if record.exc_info:
            fields["exception"] = without_tokens(self.formatException(record.exc_info))
        return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)


class TextLines(logging.Formatter):
    """Formats each record as one line of text."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return without_tokens(super().format(record))


def log_to_stderr(*, as_json: bool, requests: bool = True) -> None:
    """Configure logging to stderr.

    Args:
        as_json: Whether lines are JSON.
        requests: Whether requests are logged too.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    requests_log.setLevel(logging.INFO if requests else logging.WARNING)
