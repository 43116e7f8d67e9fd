"""The tools of the plugin at run time: reads the parameters of Dify's SDK and returns results as its messages."""

from __future__ import annotations

import base64
import json
import logging
import mimetypes
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from dify_plugin import Tool, ToolProvider
from dify_plugin.entities.tool import ToolInvokeMessage
from dify_plugin.errors.tool import ToolProviderCredentialValidationError

from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.builders.calling import Outcome, ToolCaller
from hex_blocks.hosts.builders.connecting import connection_of
from hex_blocks.hosts.builders.forms import FAIL_ON_RUN_ERROR
from hex_blocks.hosts.builders.streaming import stream_progress
from hex_blocks.hosts.builders.words import failure_text
from hex_blocks.hosts.dify.limits import WAIT, WATCH, WATCH_NAME
from hex_blocks.hosts.models.toolbox import Picture
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

STANDARD_OUTPUTS = ("text", "json", "files")
CHECK = "hex_check_connection"
CURSOR = "cursor"
LANGUAGE = "en"

Messages = Generator[ToolInvokeMessage, None, None]


class BlockError(Exception):
    """Raised if a call failed. Dify shows its text and passes it to the block's fail branch."""


class HexProvider(ToolProvider):  # type: ignore[misc]
    """The provider: validates the credentials that a user entered."""

    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        outcome = _call(CHECK, {}, credentials)
        if outcome.error:
            raise ToolProviderCredentialValidationError(failure_text(outcome.error, LANGUAGE))


class HexTool(Tool):  # type: ignore[misc]
    """A tool of the plugin. Subclasses set which tool of hex_blocks it runs."""

    tool_id: ClassVar[str]

    def _invoke(self, tool_parameters: dict[str, Any]) -> Messages:
        inputs = dict(tool_parameters)
        if self.tool_id == WATCH:
            yield from self._watch(inputs)
        else:
            yield from self._messages(inputs)

    def _messages(self, inputs: dict[str, Any]) -> Messages:
        """Call the tool, and yield its progress as lines of text and then its result."""
        fail = _is_true(inputs.pop(FAIL_ON_RUN_ERROR, None), default=True)
        outcomes: list[Outcome] = []
        lines = stream_progress(
            lambda progress, stop: _call(
                self.tool_id,
                inputs,
                self.runtime.credentials,
                fail_on_run_error=fail,
                progress=progress,
                stop=stop,
            ),
            outcomes.append,
        )
        for line in lines:
            yield self.create_text_message(f"{line}\n")
        yield from self._result_messages(outcomes[0])

    def _result_messages(self, outcome: Outcome) -> Messages:
        if outcome.error:
            raise BlockError(failure_text(outcome.error, LANGUAGE))
        yield self.create_text_message(outcome.sentence)
        yield self.create_json_message(outcome.document)
        for name, value in outcome.document.items():
            # Dify's variables cannot be null.
            if name not in STANDARD_OUTPUTS and value is not None:
                yield self.create_variable_message(name, value)
        for number, picture in enumerate(outcome.pictures, 1):
            yield self.create_blob_message(base64.b64decode(picture.base64), _file_metadata(picture, number))

    def _watch(self, inputs: dict[str, Any]) -> Messages:
        """Yield the runs since the stored cursor of this watch, and store the new cursor afterwards."""
        name = str(inputs.pop(WATCH_NAME, None) or "").strip() or self.tool_id
        if str(inputs.get(CURSOR) or "").strip():
            yield from self._messages(inputs)
            return
        with _one_at_a_time(name):
            key = f"watch/{name}"
            cursor = self._stored_cursor(key)
            outcome = _call(self.tool_id, inputs | ({CURSOR: cursor} if cursor else {}), self.runtime.credentials)
            yield from self._result_messages(outcome)
            # The cursor is stored last: after a failure in between, runs are reported twice rather than never.
            self.session.storage.set(key, json.dumps({CURSOR: outcome.document[CURSOR]}).encode())

    def _stored_cursor(self, key: str) -> str | None:
        if not self.session.storage.exist(key):
            return None
        stored = json.loads(self.session.storage.get(key))
        return str(stored[CURSOR])


@cache
def _caller() -> ToolCaller:
    return ToolCaller(Registry.load(), WAIT, language=LANGUAGE)


def _call(tool_id: str, inputs: Mapping[str, Any], credentials: Mapping[str, Any], **options: Any) -> Outcome:
    try:
        connection = connection_of(credentials.get("api_key"), credentials.get("region"), credentials.get("base_url"))
        return _caller().call(tool_id, inputs, connection, **options)
    except HexError as error:
        return Outcome({}, error=error)


def _file_metadata(picture: Picture, number: int) -> dict[str, str]:
    ending = mimetypes.guess_extension(picture.mime_type) or ""
    return {"mime_type": picture.mime_type, "filename": f"chart-{number}{ending}"}


def _is_true(value: Any, *, default: bool) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    return str(value).strip().lower() not in ("false", "0", "no")


_names: dict[str, threading.Lock] = {}
_names_lock = threading.Lock()


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Run the calls of a watch one after the other, so that no run is reported by two of them."""
    with _names_lock:
        lock = _names.setdefault(name, threading.Lock())
    with lock:
        yield
