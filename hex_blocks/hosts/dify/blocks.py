"""The blocks as Dify's SDK runs them: its calls unpacked, and what comes of them dressed as its messages."""

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
from hex_blocks.hosts.builders.asking import Asker, Outcome
from hex_blocks.hosts.builders.connecting import connection_of
from hex_blocks.hosts.builders.forms import FAIL_ON_RUN_ERROR
from hex_blocks.hosts.builders.streaming import told_as_it_goes
from hex_blocks.hosts.builders.words import failure_text
from hex_blocks.hosts.dify.limits import WAIT, WATCH, WATCH_NAME
from hex_blocks.hosts.models.toolbox import Picture
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

OF_EVERY_BLOCK = ("text", "json", "files")
CHECK = "hex_check_connection"
CURSOR = "cursor"
LANGUAGE = "en"

Messages = Generator[ToolInvokeMessage, None, None]


class BlockError(Exception):
    """A call failed. Dify shows its text, and hands it to the block's fail branch."""


class HexProvider(ToolProvider):  # type: ignore[misc]
    """The provider: checks what a person entered to connect."""

    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        outcome = _asked(CHECK, {}, credentials)
        if outcome.error:
            raise ToolProviderCredentialValidationError(failure_text(outcome.error, LANGUAGE))


class HexTool(Tool):  # type: ignore[misc]
    """A block. Its subclass says which tool it runs."""

    tool_id: ClassVar[str]

    def _invoke(self, tool_parameters: dict[str, Any]) -> Messages:
        inputs = dict(tool_parameters)
        if self.tool_id == WATCH:
            yield from self._watch(inputs)
        else:
            yield from self._messages(inputs)

    def _messages(self, inputs: dict[str, Any]) -> Messages:
        """Ask, hand progress on as lines of text, and give what came of it."""
        fail = _is_true(inputs.pop(FAIL_ON_RUN_ERROR, None), default=True)
        came: list[Outcome] = []
        lines = told_as_it_goes(
            lambda progress, stop: _asked(
                self.tool_id,
                inputs,
                self.runtime.credentials,
                fail_on_run_error=fail,
                progress=progress,
                stop=stop,
            ),
            came.append,
        )
        for line in lines:
            yield self.create_text_message(f"{line}\n")
        yield from self._dressed(came[0])

    def _dressed(self, outcome: Outcome) -> Messages:
        if outcome.error:
            raise BlockError(failure_text(outcome.error, LANGUAGE))
        yield self.create_text_message(outcome.sentence)
        yield self.create_json_message(outcome.document)
        for name, value in outcome.document.items():
            # Dify knows no null among its variables.
            if name not in OF_EVERY_BLOCK and value is not None:
                yield self.create_variable_message(name, value)
        for number, picture in enumerate(outcome.pictures, 1):
            yield self.create_blob_message(base64.b64decode(picture.base64), _meta(picture, number))

    def _watch(self, inputs: dict[str, Any]) -> Messages:
        """Look from where the watch of this name stopped, and keep the new place once all is told."""
        name = str(inputs.pop(WATCH_NAME, None) or "").strip() or self.tool_id
        if str(inputs.get(CURSOR) or "").strip():
            yield from self._messages(inputs)
            return
        with _one_at_a_time(name):
            key = f"watch/{name}"
            kept = self._kept(key)
            outcome = _asked(self.tool_id, inputs | ({CURSOR: kept} if kept else {}), self.runtime.credentials)
            yield from self._dressed(outcome)
            # Told first: what is told twice can be seen to be so, what was never told cannot.
            self.session.storage.set(key, json.dumps({CURSOR: outcome.document[CURSOR]}).encode())

    def _kept(self, key: str) -> str | None:
        if not self.session.storage.exist(key):
            return None
        held = json.loads(self.session.storage.get(key))
        return str(held[CURSOR])


@cache
def _asker() -> Asker:
    return Asker(Registry.load(), WAIT, language=LANGUAGE)


def _asked(tool_id: str, inputs: Mapping[str, Any], credentials: Mapping[str, Any], **options: Any) -> Outcome:
    try:
        connection = connection_of(credentials.get("api_key"), credentials.get("region"), credentials.get("base_url"))
        return _asker().ask(tool_id, inputs, connection, **options)
    except HexError as error:
        return Outcome({}, error=error)


def _meta(picture: Picture, number: int) -> dict[str, str]:
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
    """Let one call of a watch follow the other, so that none tells what another has told."""
    with _names_lock:
        lock = _names.setdefault(name, threading.Lock())
    with lock:
        yield
