"""What tests of the command share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hex_blocks.cli.shared_sandbox import shared
from hex_blocks.clock import FastClock
from hex_blocks.sandbox import TOKENS, Sandbox

SPEED = 120


@pytest.fixture
def running() -> Iterator[Sandbox]:
    """A sandbox that all calls with --sandbox share."""
    with Sandbox(clock=FastClock(SPEED)) as made, shared(made, TOKENS.personal, SPEED):
        yield made
