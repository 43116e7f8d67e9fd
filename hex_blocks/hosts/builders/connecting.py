"""Connections from what users of a builder enter: a token and the region of the workspace."""

from __future__ import annotations

import threading

from hex_blocks.api.connection import Connection
from hex_blocks.api.secret import Secret, revealed
from hex_blocks.errors.classes import hex_error

CUSTOM = "custom"
REGIONS = {
    "app": "https://app.hex.tech",
    "eu": "https://eu.hex.tech",
    "hc": "https://hc.hex.tech",
}
MAX_CONNECTIONS = 64

_connections: dict[tuple[Secret, str], Connection] = {}
_lock = threading.Lock()


def connection_of(api_key: object, region: object = None, base_url: object = None) -> Connection:
    """Return the connection for a token in a region, the same one each time, so that all calls share its rate limits.

    Args:
        api_key: The token. It must not be blank: a token in the environment belongs to the operator of the builder.
        region: A key of REGIONS, or `custom`. Default: `custom` if a base URL is given, otherwise `app`.
        base_url: The host of the region `custom`, with or without /api/v1.

    Raises:
        TokenError: The token is missing.
        InputError: The region is unknown, or is `custom` without a base URL.
    """
    token = Secret(str(revealed(api_key) or ""))
    del api_key  # so that tracebacks with local variables do not show it
    if not token.get_secret_value().strip():
        raise hex_error("token_missing_in_builder")
    wanted = (token, _base_url(_text(region).lower(), _text(base_url)))
    with _lock:
        found = _connections.pop(wanted, None) or Connection(*wanted, pinned=True)
        _connections[wanted] = found
        while len(_connections) > MAX_CONNECTIONS:
            # Calls that use this connection keep it; later calls get a new one.
            del _connections[next(iter(_connections))]
    return found


def _base_url(region: str, base_url: str) -> str:
    region = region or (CUSTOM if base_url else "app")
    if region == CUSTOM:
        if not base_url:
            raise hex_error("base_url_missing")
        return base_url
    if region not in REGIONS:
        raise hex_error("region_unknown", region=region, known=", ".join([*REGIONS, CUSTOM]))
    return REGIONS[region]


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
