"""One task, played by one caller on a sandbox of its own."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from eval.judging import KINDS, Document, Judge, judge_answer, snapshot
from hex_blocks import Connection, Registry
from hex_blocks.clock import DrivenClock
from hex_blocks.hosts.models.toolbox import Answer, Toolbox
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.model import Plan, Project, Run
from hex_blocks.sandbox.workspace import World

TASKS = Path(__file__).with_name("tasks.json")
# Time passes in the sandbox while a caller thinks; without it, one that polls would never see an end.
THINKING_SECONDS = 5.0
HOUR = 3600.0


class Caller(Protocol):
    """Who does a task: knows what is asked, the list of tools, and what its calls give."""

    def play(self, task: Document, table: Table) -> str:
        """Do a task by way of calls, and return the answer to the user."""


@dataclass
class Table:
    """What a caller has before it: the tools, and a way to call them.

    Attributes:
        box: The tools that it is shown.
        today: The day, which its system prompt says.
        calls: The calls made, each with what came of it.
    """

    box: Toolbox
    connection: Connection
    clock: DrivenClock
    calls: list[tuple[str, Any, Answer]] = field(default_factory=list)

    @property
    def today(self) -> str:
        """Return the day in the sandbox."""
        return datetime.fromtimestamp(self.clock.time()).astimezone().strftime("%A, %d %B %Y")

    @property
    def shown(self) -> int:
        """Return how many pictures came."""
        return sum(len(answer.pictures) for _, _, answer in self.calls)

    def call(self, name: str, arguments: Any) -> Answer:
        """Make a call."""
        self.clock.advance(THINKING_SECONDS)
        answer = self.box.call(name, arguments, self.connection)
        self.calls.append((name, arguments, answer))
        return answer


@dataclass(frozen=True)
class Outcome:
    """How a task went; passed where there are no faults."""

    task: str
    faults: tuple[str, ...]
    calls: int
    failed_calls: int
    answer: str

    @property
    def passed(self) -> bool:
        """Whether all is as it must be."""
        return not self.faults


@cache
def tasks() -> dict[str, Document]:
    """Return the tasks by id."""
    return {task["id"]: task for task in json.loads(TASKS.read_text(encoding="utf-8"))["tasks"]}


@cache
def _now() -> datetime:
    return datetime.fromisoformat(json.loads(TASKS.read_text(encoding="utf-8"))["now"])


def play(task: Document, caller: Caller) -> Outcome:
    """Let a caller do a task, and judge what comes of it."""
    clock = DrivenClock(_now())
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(clock=clock) as sandbox,
        Connection(
            getattr(TOKENS, task.get("token", "personal")),
            sandbox.base_url,
            allowed_hosts=(sandbox.origin,),
            pinned=True,
            clock=clock,
        ) as connection,
    ):
        use_record(connection, SqliteRecord(Path(folder)))
        for step in task.get("begin", []):
            _begin(sandbox.world, step, clock.time())
        table = Table(Toolbox(registry=Registry.load(plugins=False)), connection, clock)
        before = snapshot(sandbox.world, clock.time())
        answer = caller.play(task, table)
        judge = Judge(before, snapshot(sandbox.world, clock.time()))
        for wanted in task.get("state", []):
            judge.expect(wanted)
        judge.end()
    failed = sum(each.error is not None for _, _, each in table.calls)
    faults = (*judge.faults, *judge_answer(task, answer, table.shown))
    return Outcome(task["id"], faults, len(table.calls), failed, answer)


def _begin(world: World, step: Document, now: float) -> None:
    """Prepare the workspace: a run that has ended, runs that go on, or a thing with other values."""
    if "set" in step:
        thing = world.named(KINDS[step["set"]], step["name"])
        for name, value in step["values"].items():
            setattr(thing, name, value)
    elif "active" in step:
        for _ in range(step["count"]):
            _add_run(world, world.project(step["active"]), now - 60, Plan(2, None))
    else:
        project, begun = world.project(step["run"]), now - step["hoursAgo"] * HOUR
        _add_run(world, project, begun, Plan(2, step.get("seconds", 20), step["end"]))


def _add_run(world: World, project: Project, begun: float, plan: Plan) -> None:
    world.add(
        Run(
            id=world.new_id(),
            project_id=project.id,
            caller=project.owner_id,
            version=project.version,
            created_at=begun,
            plan=plan,
            trigger="SCHEDULED",
        )
    )
