"""Completion scripts: click's, without a space after a name that needs a value."""

from __future__ import annotations

from click.shell_completion import BashComplete, ZshComplete, add_completion_class

_RETURN = "    return 0\n"
_ADD = "compadd -U -V unsorted -a completions"


class Bash(BashComplete):
    """Completion for Bash."""

    source_template = BashComplete.source_template.replace(
        _RETURN, "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n" + _RETURN
    )


class Zsh(ZshComplete):
    """Completion for Zsh."""

    source_template = ZshComplete.source_template.replace(
        _ADD,
        "compadd -U -V unsorted -S '' -- ${(M)completions:#*=}\n        compadd -U -V unsorted -- ${completions:#*=}",
    )


def register_shells() -> None:
    """Register these with click instead of its own."""
    add_completion_class(Bash)
    add_completion_class(Zsh)
