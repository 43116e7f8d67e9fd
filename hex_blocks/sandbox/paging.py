"""Pages of lists with cursors. A cursor identifies an item, so the list may change while it is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from hex_blocks.sandbox.error_replies import Refusal


class Ordered(Protocol):
    """An object with a unique number that never changes."""

    @property
    def order(self) -> int:
        """The number, higher for objects that were created later."""
        ...


T = TypeVar("T", bound=Ordered)
Key = str | float
Place = tuple[Key, int]


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list, and the cursors of the pages before and after it."""

    items: Sequence[T]
    after: str | None
    before: str | None

    @property
    def pagination(self) -> dict[str, str | None]:
        """The pagination object of Hex's replies."""
        return {"after": self.after, "before": self.before}


@dataclass(frozen=True)
class Sort(Generic[T]):
    """An order of a list. `name` is part of the cursors, so that the cursor of another list is refused."""

    name: str
    key: Callable[[T], Key]
    descending: bool = False

    def place(self, item: T) -> Place:
        """Return the sort key of an item. Items with equal keys are ordered by their numbers."""
        return self.key(item), item.order


def page(
    items: Iterable[T],
    sort: Sort[T],
    *,
    limit: int,
    after: str | None = None,
    before: str | None = None,
    from_end: bool = False,
) -> Page[T]:
    """Return a page. Without a cursor it is the first one, or with `from_end` the last one.

    Raises:
        Refusal: The cursor is not one of this list (status 400).
    """
    if after is not None and before is not None:
        raise Refusal(400, "Give after or before, not both")
    ranked = sorted(items, key=sort.place, reverse=sort.descending)
    start, end = 0, len(ranked)
    if after is not None:
        place = _read(after, sort)
        start = next((at for at, item in enumerate(ranked) if _passed(place, item, sort)), len(ranked))
        end = start + limit
    elif before is not None:
        place = _read(before, sort)
        end = next((at for at, item in enumerate(ranked) if not _precedes(item, place, sort)), len(ranked))
        start = end - limit
    elif from_end:
        start = end - limit
    else:
        end = limit
    start, end = max(0, start), min(len(ranked), end)
    found = ranked[start:end]
    return Page(
        found,
        after=_write(found[-1], sort) if found and end < len(ranked) else None,
        before=_write(found[0], sort) if found and start > 0 else None,
    )


def _passed(place: Place, item: T, sort: Sort[T]) -> bool:
    """Return whether an item is after a place."""
    return sort.place(item) < place if sort.descending else sort.place(item) > place


def _precedes(item: T, place: Place, sort: Sort[T]) -> bool:
    """Return whether an item is before a place."""
    return sort.place(item) > place if sort.descending else sort.place(item) < place


def _write(item: T, sort: Sort[T]) -> str:
    text = json.dumps([sort.name, *sort.place(item)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, sort: Sort[Any]) -> Place:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, key, order = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise Refusal(400, "The cursor is not one of this API") from None
    if name != sort.name or not isinstance(key, str | int | float) or not isinstance(order, int):
        raise Refusal(400, "The cursor belongs to another list or another order")
    return key, order
