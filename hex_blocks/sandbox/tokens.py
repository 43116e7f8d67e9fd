"""The tokens of a new sandbox. They are not secret and only work in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """One token for each kind of caller."""

    personal: str = "hxtp_sandbox_ada_admin"
    editor: str = "hxtp_sandbox_eli_editor"
    workspace: str = "hxtw_sandbox_workspace"
    expired: str = "hxtp_sandbox_expired"
    no_permission: str = "hxtp_sandbox_no_permission"


TOKENS = Tokens()
