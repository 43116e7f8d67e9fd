"""Limits of tools in Dify, and the names of inputs that only these tools have."""

from __future__ import annotations

from hex_blocks.hosts.builders.calling import WaitLimits

# Dify ends a block after 600 seconds, in some installations after 300.
WAIT = WaitLimits(usual=240.0, longest=540.0)
LIST_LIMIT = 25
WATCH = "hex_watch_runs"
WATCH_NAME = "watchName"
