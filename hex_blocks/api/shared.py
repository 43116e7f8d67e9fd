"""What the calls on one connection share, such as the watcher of runs: one of each, made when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


class Shared:
    """Objects by key, each made once. Safe under threads."""

    def __init__(self) -> None:
        self._objects: dict[Hashable, object] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object of a key, made now if there is none."""
        with self._lock:
            if key not in self._objects:
                self._objects[key] = make()
            return cast("T", self._objects[key])

    def put(self, key: Hashable, value: object) -> None:
        """Use an object for a key from now on."""
        with self._lock:
            self._objects[key] = value
