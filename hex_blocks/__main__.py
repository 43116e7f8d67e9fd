"""The command `hex-blocks`, and `python -m hex_blocks`."""

from __future__ import annotations

import io
import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # If the shell closed a stream (2>&-), the next file that is opened would get its descriptor, and messages would be
    # written into that file. So closed streams are opened on the null device.
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))
    # Characters that the terminal's encoding does not have are shown escaped instead of raising an error.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        from hex_blocks.cli import main as command_line
    except KeyboardInterrupt:
        # Too early to know the user's language.
        print("Stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
