"""The handler of hex_check_connection: the token's owner, kind and expiry, and the requests left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hex_blocks.errors.classes import HexDownError, TokenError
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

# Hours before its expiry at which a token causes a warning, as Hex notifies its owner.
WARNED_AT_HOURS = (24, 72)
# Hex does not document the unit of `exp`. Larger numbers are milliseconds: as seconds, this is in the year 5138.
MAX_SECONDS = 1e11
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
USER_FIELDS = ("id", "name", "email", "role")


@handler(uses=("hex_get_current_user", "hex_list_projects"))
def check_connection(call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the owner, kind and expiry of the token.

    Raises:
        TokenError: Hex refused the token.
    """
    me = _me(call)
    expires = _seconds((me.get("token") or {}).get("exp"))
    hours = None if expires is None else round(max(0.0, expires - call.connection.clock.time()) / 3600, 1)
    expires_at = None if expires is None else datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for limit in WARNED_AT_HOURS:
        if hours is not None and hours <= limit:
            call.warn("token_expires_soon", hours=limit, moment=expires_at)
            break
    return {
        "ok": True,
        "tokenKind": _kind(me),
        "user": {name: me.get(name) for name in USER_FIELDS} if me.get("id") else None,
        "orgId": (me.get("org") or {}).get("id"),
        "expiresAt": expires_at,
        "hoursLeft": hours,
        "baseUrl": call.connection.base_url,
        # Counted by this program: Hex does not report its own count.
        "requestsLeft": call.connection.api.budget.left(),
    }


def _me(call: ToolCall) -> dict[str, Any]:
    """Return Hex's description of the token; empty, with a warning, if Hex fails but the token works."""
    try:
        me: dict[str, Any] = call.request({}, "hex_get_current_user") or {}
    except HexDownError as error:
        if error.status is None or error.status < 500:
            raise
        try:
            call.request({"limit": 1}, "hex_list_projects")
        except TokenError as refused:
            # The token is valid, even without permission to list projects.
            if refused.status != 403:
                raise
        call.warn("token_owner_unknown", reason=error.message(call.language))
        return {}
    return me


def _kind(me: dict[str, Any]) -> str:
    """Return the kind of the token. Only personal tokens have a user; not all tokens have a prefix that shows it."""
    if me.get("id"):
        return "PERSONAL"
    return "WORKSPACE" if me.get("org") else "UNKNOWN"


def _seconds(moment: Any) -> float | None:
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return None
    seconds = moment / 1000 if moment > MAX_SECONDS else float(moment)
    return seconds if 0 <= seconds <= LAST_MOMENT else None
