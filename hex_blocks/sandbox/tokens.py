"""The tokens that a sandbox knows from its start. Plainly fake: they open nothing but a sandbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """One token for each way that Hex treats a caller."""

    personal: str = "hxtp_sandbox_ada_admin"
    editor: str = "hxtp_sandbox_eli_editor"
    workspace: str = "hxtw_sandbox_workspace"
    expired: str = "hxtp_sandbox_expired"
    no_permission: str = "hxtp_sandbox_no_permission"


TOKENS = Tokens()
