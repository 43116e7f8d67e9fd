"""A caller that follows a script for each task, and knows only the list of tools and what its calls have given.

It calls no tool that it was not shown or has not found, and uses no ID that it has not read; so a task that it does
is one that can be done from the list and the replies alone.
"""

from __future__ import annotations

import json
import re

from eval.judging import Document
from eval.playing import Table
from eval.scripts import SCRIPTS, UnknownError
from hex_blocks.hosts.models.toolbox import CALL_TOOL

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ScriptedCaller:
    """Does each task by its script."""

    def play(self, task: Document, table: Table) -> str:
        """Follow the script of a task."""
        known = json.dumps(task["asks"]) + json.dumps([tool.id for tool in table.box.shown.values()])
        script = SCRIPTS[task["id"]]()
        name, arguments = next(script)
        while True:
            self._check(name, arguments, known, table)
            answer = table.call(name, arguments)
            known += answer.text
            try:
                name, arguments = script.send(answer)
            except StopIteration as done:
                return str(done.value)

    @staticmethod
    def _check(name: str, arguments: Document, known: str, table: Table) -> None:
        named = arguments["name"] if name == CALL_TOOL else name
        if name not in table.box.shown or f'"{named}"' not in known:
            raise UnknownError(named)
        if unread := [id_ for id_ in _ID.findall(json.dumps(arguments)) if id_ not in known]:
            raise UnknownError(unread[0])


class IdleCaller:
    """Does nothing."""

    def play(self, _task: Document, _table: Table) -> str:
        """Say nothing."""
        return ""
