"""Objects that all calls on one connection share, such as the run watcher."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


class SharedObjects:
    """Objects by key, each created on first use. Thread-safe."""

    def __init__(self) -> None:
        self._objects: dict[Hashable, object] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object of a key, created with `make` if there is none."""
        with self._lock:
            if key not in self._objects:
                self._objects[key] = make()
            return cast("T", self._objects[key])

    def put(self, key: Hashable, value: object) -> None:
        """Set the object of a key."""
        with self._lock:
            self._objects[key] = value
