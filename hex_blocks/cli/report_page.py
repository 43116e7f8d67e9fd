"""The report of a pipeline or batch: one HTML file that shows when each part ran, what it waited for, and how it ended.

It loads nothing and needs no JavaScript, so it can be mailed, printed and archived.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from hex_blocks import __version__
from hex_blocks.handlers.run_batch import MAX_NAME_LENGTH
from hex_blocks.i18n.formats import DAYS, MOMENTS, labelled, number
from hex_blocks.i18n.texts import Phrase, phrase, sentence
from hex_blocks.runs.jobs.job import EARLIER_STEP, WAITS
from hex_blocks.runs.model import ENDS, seconds_of

# The tools with a report, and the output with the parts of the result.
PARTS = {"hex_run_pipeline": "steps", "hex_run_batch": "sets"}

# Status of a part: its text, and the name of its colour in the template.
STATES: dict[str, tuple[Phrase, str]] = {
    "COMPLETED": (phrase("completed"), "ok"),
    "ERRORED": (phrase("failed"), "bad"),
    "KILLED": (phrase("stopped"), "stopped"),
    "UNABLE_TO_ALLOCATE_KERNEL": (phrase("got no kernel"), "no-kernel"),
    "RUNNING": (phrase("running"), "going"),
    "PENDING": (phrase("waiting for its kernel"), "going"),
    "NOT_STARTED": (phrase("not started"), "none"),
    "SKIPPED": (phrase("skipped"), "none"),
}
UNKNOWN = (phrase("unknown"), "none")
# Errors of parts without a run, and of parts whose run is unknown.
REFUSED = (phrase("could not be started"), "bad")
UNCERTAIN = (phrase("perhaps started"), "stopped")
UNCERTAIN_ERRORS = (
    "start_lost",
    "start_pending",
    "start_unknown",
    "start_unrecorded",
    "start_uncertain",
    "start_interrupted",
)

# The width of the timeline, in SVG units.
WIDTH = 1000.0
MIN_BAR = 3.0
# The maximum number of rows with names; more are drawn as thin lines.
MAX_NAMED = 60
DAY = 86_400
# Seconds. A repeated call can include earlier runs; an older time is ignored.
FARTHEST = 366 * DAY
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY)
MAX_TICKS = 5
# Half of the width of a tick's label, as a part of the scale.
EDGE = 0.05
MAX_DETAILS = 2000


@dataclass(frozen=True)
class Bar:
    """A bar of the timeline. `kind` is queue, kernel or run."""

    kind: str
    left: float
    width: float
    title: str


@dataclass(frozen=True)
class Tick:
    """A tick of the scale. `place` is first or last if its label would not fit when centred."""

    left: float
    place: str
    words: str


@dataclass(frozen=True)
class Project:
    """A project, with its title and URL."""

    id: str
    title: str
    url: str


@dataclass(frozen=True)
class Failure:
    """An error and the names of the parts that failed with it."""

    error: str
    hint: str
    names: list[str]


@dataclass(frozen=True)
class Row:
    """A step or set for the template."""

    number: int
    name: str
    label: str
    details: str
    state: str
    colour: str
    bars: list[Bar]
    waited: list[str]
    ran: str
    started: str
    url: str | None
    error: str | None
    hint: str
    project: Project | None


def write_report(
    tool_id: str,
    result: Mapping[str, Any],
    language: str | None = None,
    projects: Mapping[str, Project] = MappingProxyType({}),
) -> str:
    """Return the HTML report of a result of hex_run_pipeline or hex_run_batch. Times are in the local time zone.

    Args:
        tool_id: One of the two.
        result: The result.
        language: The language of the page.
        projects: The projects by ID.
    """
    environment = Environment(
        loader=PackageLoader("hex_blocks.cli"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = Page(result, result[PARTS[tool_id]], language, projects)
    return environment.get_template("report.html.j2").render(
        page=page,
        is_batch=PARTS[tool_id] == "sets",
        language=(language or "en").replace("_", "-"),
        say=page.say,
        labelled=partial(labelled, language=language),
        width=WIDTH,
        version=__version__,
    )


class Page:
    """The values that the template shows."""

    def __init__(
        self,
        result: Mapping[str, Any],
        parts: Sequence[Mapping[str, Any]],
        language: str | None,
        projects: Mapping[str, Project],
    ) -> None:
        self._language = language
        self._day = DAYS.get(language or "", "%m-%d")
        self._projects = projects
        self._work_began, work_ended = (seconds_of(result[name]) or 0.0 for name in ("startedAt", "endedAt"))
        known = [self._moment(part, name) for part in parts for name in ("startedAt", "startTime", "endTime")]
        moments = [self._work_began, work_ended, *(moment for moment in known if moment is not None)]
        self._first, self._last = min(moments), max(moments)
        self._scale = WIDTH / max(self._last - self._first, 1.0)
        self.began, self.ended = self.day_and_time(self._work_began), self.day_and_time(work_ended)
        # By the same clock as all other times, which is a fast one on a sandbox.
        self.took = self.duration(max(0.0, work_ended - self._work_began))
        self.succeeded = bool(result["succeeded"])
        completed = sum(part.get("status") == "COMPLETED" and not part.get("error") for part in parts)
        values = {"completed": number(completed, language), "total": number(len(parts), language)}
        self.verdict = self.say("{completed} of {total} completed", **values)
        self.key = str(result["idempotencyKey"])
        self.rows = [self._row(place, part) for place, part in enumerate(parts, 1)]
        self.drawn = {bar.kind for row in self.rows for bar in row.bars}
        self.failures = _failures(self.rows)
        self.told_above = {failure.error for failure in self.failures}
        used = {row.project for row in self.rows if row.project}
        self.project = next(iter(used)) if len(used) == 1 else None
        self.named = len(self.rows) <= MAX_NAMED
        self.ticks = list(self._ticks())
        self.waited = self._waited(parts)
        counts = Counter((row.state, row.colour) for row in self.rows)
        self.counts = [(state, colour, number(count, language)) for (state, colour), count in counts.most_common()]

    def say(self, english: str, **values: Any) -> str:
        """Return a sentence in the report's language."""
        return sentence(english, self._language, **values)

    def day_and_time(self, seconds: float) -> str:
        """Return a time as local date and time with the time zone."""
        moment = datetime.fromtimestamp(seconds).astimezone()
        said, zone = moment.strftime(MOMENTS.get(self._language or "", "%Y-%m-%d %H:%M:%S")), f"{moment:%z}"
        return f"{said} (UTC{zone[:3]}:{zone[3:]})"

    def time(self, seconds: float) -> str:
        """Return a time with as much of the date as the report needs."""
        moment = datetime.fromtimestamp(seconds).astimezone()
        return f"{moment:{self._day} %H:%M:%S}" if self._last - self._first > DAY else f"{moment:%H:%M:%S}"

    def duration(self, seconds: float) -> str:
        """Return a duration as text."""
        # 59.5 seconds and more are rounded to a minute.
        if seconds < 59.95:
            return self.say("{seconds} sec", seconds=number(round(seconds, 1), self._language))
        minutes, rest = divmod(round(seconds), 60)
        if minutes < 60 and rest:
            return self.say("{minutes} min {seconds} sec", minutes=minutes, seconds=rest)
        if minutes < 60:
            return self.say("{minutes} min", minutes=minutes)
        hours, minutes = divmod(minutes, 60)
        return self.say("{hours} h {minutes} min", hours=hours, minutes=minutes)

    def _moment(self, part: Mapping[str, Any], name: str) -> float | None:
        """Return a time, or None if it is invalid or out of the possible range."""
        seconds = seconds_of(part.get(name))
        return seconds if seconds is not None and abs(seconds - self._work_began) <= FARTHEST else None

    def _row(self, place: int, part: Mapping[str, Any]) -> Row:
        error = part.get("error") or {}
        name = str(part.get("name") or place)
        word, colour = _state(part)
        url = str(part.get("runUrl") or "")
        # Only http and https: a link must not run JavaScript.
        link = url if url.startswith(("https://", "http://")) else None
        began = self._moment(part, "startTime")
        elapsed = part.get("elapsedSeconds")
        return Row(
            number=place,
            name=name,
            # Only values are shown beside the timeline; the parameter names are the same in all rows.
            label=", ".join(str(value) for value in (part.get("inputParams") or {}).values())[:MAX_NAME_LENGTH] or name,
            # Only if the name of the set was cut.
            details=_details(part.get("inputParams")) if len(name) >= MAX_NAME_LENGTH else "",
            state=word.said(self._language),
            colour=colour,
            bars=list(self._bars(part)),
            waited=[f"{self.say(WAITS[name])} ({self.duration(seconds)})" for name, seconds in _waits(part)],
            ran=self.duration(float(elapsed)) if isinstance(elapsed, int | float) else "",
            started=self.time(began) if began is not None else "",
            url=link,
            error=error.get("message"),
            hint=str(error.get("hint") or ""),
            project=self._projects.get(str(part.get("projectId"))),
        )

    def _bars(self, part: Mapping[str, Any]) -> Iterator[Bar]:
        asked, began, ended = (self._moment(part, name) for name in ("startedAt", "startTime", "endTime"))
        if asked is not None and part.get("waits") and asked > self._work_began:
            causes = ", ".join(self.say(WAITS[name]) for name, _ in _waits(part))
            waited = sum(seconds for _, seconds in _waits(part))
            title = self.say("waited {time} for {causes}", time=self.duration(waited), causes=causes)
            yield self._bar("queue", self._work_began, asked, title)
        if asked is None:
            return
        if part.get("runId") is None:
            yield self._bar("run", asked, asked, _state(part)[0].said(self._language))
            return
        if ended is None and part.get("status") in ENDS:
            # A cancelled run may not have an end in Hex yet.
            ended = self._moment(part, "endedAt")
        end = self._last if ended is None else ended
        kernel_at = end if began is None else began
        if kernel_at > asked:
            title = self.say("waited {time} for its kernel", time=self.duration(kernel_at - asked))
            yield self._bar("kernel", asked, kernel_at, title)
        if began is not None:
            title = self.say("ran for {time}", time=self.duration(max(0.0, end - began)))
            yield self._bar("run", began, end, title)

    def _bar(self, kind: str, start: float, end: float, title: str) -> Bar:
        left = (start - self._first) * self._scale
        width = max((end - start) * self._scale, MIN_BAR)
        # A bar at the end must stay within the width.
        return Bar(
            kind, round(min(left, WIDTH - width), 2), round(width, 2), labelled(self.time(start), title, self._language)
        )

    def _ticks(self) -> Iterator[Tick]:
        """Return the ticks of the timeline, at round times."""
        span = self._last - self._first
        step = next((each for each in TICKS if span / each <= MAX_TICKS), DAY * math.ceil(span / DAY / MAX_TICKS))
        offset = (datetime.fromtimestamp(self._first).astimezone().utcoffset() or timedelta()).total_seconds()
        tick = -(-(self._first + offset) // step) * step - offset
        while tick <= self._last:
            shown = datetime.fromtimestamp(tick).astimezone()
            words = (
                f"{shown:{self._day} %H:%M}" if span > DAY else f"{shown:%H:%M:%S}" if step < 60 else f"{shown:%H:%M}"
            )
            left = (tick - self._first) * self._scale
            place = "first" if left < WIDTH * EDGE else "last" if left > WIDTH * (1 - EDGE) else ""
            yield Tick(round(left, 2), place, words)
            tick += step

    def _waited(self, parts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
        """Return the causes of waiting, each with the longest time that a part waited."""
        longest: dict[str, float] = {}
        for part in parts:
            for name, seconds in _waits(part):
                longest[name] = max(longest.get(name, 0.0), seconds)
        longest.pop(EARLIER_STEP, None)
        return [(self.say(WAITS[name]), self.duration(seconds)) for name, seconds in longest.items()]


def _failures(rows: Sequence[Row]) -> list[Failure]:
    """Return the errors that parts ended with, most frequent first."""
    by_error: dict[str, list[Row]] = {}
    for row in rows:
        if row.error:
            by_error.setdefault(row.error, []).append(row)
    found = [
        # A hint with the URL of one run does not apply to the others; each row has its own link.
        Failure(error, failed[0].hint if len({row.hint for row in failed}) == 1 else "", [row.name for row in failed])
        for error, failed in by_error.items()
        if len(failed) > 1
    ]
    return sorted(found, key=lambda each: -len(each.names))


def _state(part: Mapping[str, Any]) -> tuple[Phrase, str]:
    error = part.get("error")
    if error and not part.get("runId"):
        return UNCERTAIN if error.get("error") in UNCERTAIN_ERRORS else REFUSED
    return STATES.get(str(part.get("status")), UNKNOWN)


def _waits(part: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(wait["for"], float(wait["seconds"])) for wait in part.get("waits") or [] if wait["for"] in WAITS]


def _details(parameters: Any) -> str:
    said = json.dumps(parameters, ensure_ascii=False) if parameters else ""
    return said if len(said) <= MAX_DETAILS else said[:MAX_DETAILS] + "…"
