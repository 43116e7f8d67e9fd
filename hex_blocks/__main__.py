"""The command `hex-blocks`, and `python -m hex_blocks`."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # The number of a stream that was closed (2>&-) would go to the next file opened, and what is said into that file.
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    try:
        from hex_blocks.cli import main as command_line
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
