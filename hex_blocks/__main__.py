"""The command `hex-blocks`, and `python -m hex_blocks`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from hex_blocks.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
