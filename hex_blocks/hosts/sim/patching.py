"""The patch that makes Sim know the new files: one line each, before a line that its files have."""

from __future__ import annotations

# File by file, the lines that are put in, each with the line of Sim's that it is put before.
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
# Where a hunk says it begins. Git looks for its lines wherever they stand; a hunk at the first line would have to
# stand there.
_FIRST, _APART = 10, 100


def patch() -> str:
    """Return the patch, in Git's form."""
    return "".join(_of_file(path, lines) for path, lines in LINES.items())


def _of_file(path: str, lines: tuple[tuple[str, str], ...]) -> str:
    hunks = (_hunk(number, added, before) for number, (added, before) in enumerate(lines))
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{''.join(hunks)}"


def _hunk(number: int, added: str, before: str) -> str:
    begins = _FIRST + number * _APART
    return f"@@ -{begins},1 +{begins + number},2 @@\n+{added}\n {before}\n"
