"""Connections of what a builder's user entered: a token, and the region where the workspace is."""

from __future__ import annotations

import threading

from pydantic import SecretStr

from hex_blocks.api.connection import Connection
from hex_blocks.errors.classes import hex_error

CUSTOM = "custom"
REGIONS = {
    "app": "https://app.hex.tech",
    "eu": "https://eu.hex.tech",
    "hc": "https://hc.hex.tech",
}
MOST_KEPT = 64

_kept: dict[tuple[SecretStr, str], Connection] = {}
_lock = threading.Lock()


def connection_of(api_key: object, region: object = None, base_url: object = None) -> Connection:
    """Return the connection of a token in a region; the same one each time, so that its limits are counted once.

    Args:
        api_key: The token. One that is blank is none: that of the environment belongs to whoever runs the builder.
        region: One of REGIONS, or `custom`. Blank: `custom` where a base URL is given, else `app`.
        base_url: The host of a `custom` region, with or without /api/v1.

    Raises:
        TokenError: The token is missing.
        InputError: The region is not known, or is `custom` without a base URL.
    """
    token = api_key if isinstance(api_key, SecretStr) else SecretStr(str(api_key or ""))
    del api_key  # so that no traceback with local variables shows it
    if not token.get_secret_value().strip():
        raise hex_error("token_missing_in_builder")
    wanted = (token, _base_url(_text(region).lower(), _text(base_url)))
    with _lock:
        found = _kept.pop(wanted, None) or Connection(*wanted, pinned=True)
        _kept[wanted] = found
        while len(_kept) > MOST_KEPT:
            # What still runs on it keeps it; it is only not found again.
            del _kept[next(iter(_kept))]
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
