"""Generates the patch that registers the files in Sim: each line is added before a known line of Sim's files."""

from __future__ import annotations

# For each file, the lines to add, each with the line of Sim's file that it is added before.
LINES: dict[str, tuple[tuple[str, str], ...]] = {
    "apps/sim/lib/webhooks/polling/registry.ts": (
        (
            "import { hexPollingHandler } from '@/lib/webhooks/polling/hex'",
            "import { hubspotPollingHandler } from '@/lib/webhooks/polling/hubspot'",
        ),
        ("  hex: hexPollingHandler,", "  hubspot: hubspotPollingHandler,"),
    ),
    "apps/sim/lib/webhooks/provider-subscriptions.ts": (("  'hexPlace',", "  'historyId',"),),
    "apps/sim/tools/registry.ts": (
        ("  hexTools,", "} from '@/tools/hex'"),
        ("  ...hexTools,", "  hex_cancel_run: hexCancelRunTool,"),
    ),
    "apps/sim/triggers/constants.ts": (("  'hex',", "  'hubspot',"),),
    "apps/sim/triggers/registry.ts": (
        (
            "import { hexRunFinishedTrigger } from '@/triggers/hex'",
            "import { hubspotPollingTrigger } from '@/triggers/hubspot'",
        ),
        ("  hex_run_finished: hexRunFinishedTrigger,", "  hubspot_poller: hubspotPollingTrigger,"),
    ),
}
# The line numbers of hunks. Git searches for the context anywhere in the file, except for a hunk at line 1.
_FIRST, _APART = 10, 100


def patch() -> str:
    """Return the patch in Git's format."""
    return "".join(_of_file(path, lines) for path, lines in LINES.items())


def _of_file(path: str, lines: tuple[tuple[str, str], ...]) -> str:
    hunks = (_hunk(number, added, before) for number, (added, before) in enumerate(lines))
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{''.join(hunks)}"


def _hunk(number: int, added: str, before: str) -> str:
    begins = _FIRST + number * _APART
    return f"@@ -{begins},1 +{begins + number},2 @@\n+{added}\n {before}\n"
