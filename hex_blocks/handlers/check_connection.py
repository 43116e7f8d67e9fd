"""Whether a connection works: whose token it is, of which kind, how long it lasts, and what may still be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hex_blocks.errors.classes import HexDownError, TokenError
from hex_blocks.tools.handler import handler
from hex_blocks.tools.tool_call import ToolCall

# Hex writes to the token's owner at these hours before its end; so do we.
WARNED_AT_HOURS = (24, 72)
# Hex does not name the unit of a token's end. As seconds this lies in the year 5138, as milliseconds in 1973.
LARGEST_SECONDS = 1e11
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
USER_FIELDS = ("id", "name", "email", "role")


@handler(uses=("hex_get_current_user", "hex_list_projects"))
def check_connection(call: ToolCall, _inputs: dict[str, Any]) -> dict[str, Any]:
    """Ask Hex whose token this is. A token that is refused is an error, as it is everywhere."""
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
        # Our own count of this minute: Hex does not tell what it counts.
        "requestsLeft": call.connection.api.budget.left(),
    }


def _me(call: ToolCall) -> dict[str, Any]:
    """Ask Hex whose token this is. It may fail to say that of a workspace's; another read shows that it is good."""
    try:
        me: dict[str, Any] = call.request({}, "hex_get_current_user") or {}
    except HexDownError as error:
        if error.status is None or error.status < 500:
            raise
        try:
            call.request({"limit": 1}, "hex_list_projects")
        except TokenError as refused:
            # Without the right to read projects the token is good all the same.
            if refused.status != 403:
                raise
        call.warn("token_owner_unknown", reason=error.message(call.language))
        return {}
    return me


def _kind(me: dict[str, Any]) -> str:
    """Return the kind by what Hex says: only a person's token has a user. Old tokens have no telling prefix."""
    if me.get("id"):
        return "PERSONAL"
    return "WORKSPACE" if me.get("org") else "UNKNOWN"


def _seconds(moment: Any) -> float | None:
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return None
    seconds = moment / 1000 if moment > LARGEST_SECONDS else float(moment)
    return seconds if 0 <= seconds <= LAST_MOMENT else None
