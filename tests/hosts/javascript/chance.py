"""Chance that is the same for the same seed."""

from __future__ import annotations

import random
from typing import Any


class Chance:
    """Draws with a seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def one(self, *options: Any) -> Any:
        return self.random.choice(options)

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, options: list[Any], share: float) -> list[Any]:
        return [each for each in options if self.often(share)]
