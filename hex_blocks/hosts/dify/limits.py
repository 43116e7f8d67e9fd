"""How long a block of Dify may take, and the names that only Dify's blocks have."""

from __future__ import annotations

from hex_blocks.hosts.builders.asking import Wait

# Dify ends a block after 600 seconds, in some installations after 300.
WAIT = Wait(usual=240.0, longest=540.0)
LIST_LIMIT = 25
WATCH = "hex_watch_runs"
WATCH_NAME = "watchName"
