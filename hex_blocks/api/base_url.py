"""Checks of base URLs: a token is sent only by https to hosts under hex.tech, or to hosts that the operator allows.

A base URL can come from a workflow or a model, so the accepted syntax is narrow: a host with an optional port and
path. Everything else is refused.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from urllib.parse import urlsplit

from hex_blocks.errors.classes import hex_error, without_tokens
from hex_blocks.i18n.texts import phrase

ALLOWED_HOSTS = "HEX_BLOCKS_ALLOWED_HOSTS"
DEFAULT_BASE_URL = "https://app.hex.tech/api/v1"
DEFAULT_PORTS = {"https": 443, "http": 80}

_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/*"
)
_LONGEST = 2000
_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@lru_cache(maxsize=256)
def base_url(given: str, allowed: tuple[str, ...] = ()) -> str:
    """Return a base URL in full, after checking that a token may be sent there.

    Args:
        given: A URL from a user, a workflow or a model, with or without scheme, /api and /v1.
        allowed: Hosts that the operator allows beyond hex.tech: names, *.names or origins.

    Returns:
        The URL with scheme, host and path, ending in /v1.

    Raises:
        InputError: It is not a URL (`bad_base_url`), or its host may not receive a token (`host_not_allowed`).
    """
    url = given.strip(" ")
    if "://" not in url and not url.startswith("/"):
        url = f"https://{url}"
    parts = _URL.fullmatch(url) if len(url) <= _LONGEST else None
    if parts is None:
        reason = phrase("it must be a plain https address such as https://app.hex.tech")
        raise hex_error("bad_base_url", url=shown(given), reason=reason)
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    if scheme not in DEFAULT_PORTS:
        raise hex_error("bad_base_url", url=shown(given), reason=phrase("it must begin with https://"))
    port = int(parts["port"] or DEFAULT_PORTS[scheme])
    origin = f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")
    if not _may_receive(scheme, host, port, origin, allowed):
        raise hex_error("host_not_allowed", host=shown(host if origin == f"https://{host}" else origin))
    path = parts["path"]
    if not path.endswith("/v1") and path != "/v1":
        path = f"{path}/v1" if path.endswith("/api") else f"{path}/api/v1"
    return origin + path


def allowed_by_environment() -> tuple[str, ...]:
    """Return the hosts in HEX_BLOCKS_ALLOWED_HOSTS: names, *.names or origins, separated by commas or spaces."""
    return tuple(os.environ.get(ALLOWED_HOSTS, "").replace(",", " ").split())


def _may_receive(scheme: str, host: str, port: int, origin: str, allowed: tuple[str, ...]) -> bool:
    if any("://" in entry and _origin(entry) == origin for entry in allowed):
        return True
    labels = host.split(".")
    plain_name = (
        len(host) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    )
    if scheme != "https" or port != DEFAULT_PORTS["https"] or not plain_name:
        return False
    return any(_matches(host, entry.lower()) for entry in ("hex.tech", "*.hex.tech", *allowed) if "://" not in entry)


def _matches(host: str, entry: str) -> bool:
    if entry.startswith("*."):
        return host.endswith(entry[1:]) and host != entry[1:]
    return host == entry


def _origin(entry: str) -> str:
    try:
        parts = urlsplit(entry.lower())
        port = parts.port
    except ValueError:
        return ""
    same = port is None or port == DEFAULT_PORTS.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if same else f":{port}")


def shown(given: str) -> str:
    """Return a URL for an error message: without passwords and query, printable, at most 80 characters."""
    hidden = re.sub(r"^([A-Za-z]+://)?.*@", r"\1…@", given[:_LONGEST].split("?")[0].split("#")[0])
    plain = "".join(character if character.isprintable() else "?" for character in without_tokens(hidden))
    return plain if len(plain) <= 80 else plain[:80] + "…"
