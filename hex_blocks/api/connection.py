"""The connection to Hex: a token, its base URL, and the settings of requests."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from hex_blocks.api.base_url import DEFAULT_BASE_URL, allowed_by_environment, base_url, shown
from hex_blocks.api.profiles import chosen_profile, token_of
from hex_blocks.api.secret import HoldsSecret, Secret, revealed
from hex_blocks.api.shared import SharedObjects
from hex_blocks.api.timing import check_seconds
from hex_blocks.api.tokens import token_fault
from hex_blocks.clock import Clock, SystemClock
from hex_blocks.errors.classes import hex_error

if TYPE_CHECKING:
    from hex_blocks.api.hex_api import HexApi
    from hex_blocks.api.limits.groups import Limits

TOKEN_VARIABLE = "HEX_API_TOKEN"  # noqa: S105
BASE_URL_VARIABLE = "HEX_API_BASE_URL"

# How many connections for calls with other tokens or base URLs are kept open.
_MAX_DERIVED = 16
# Replaces a token that is not text. `token_fault` refuses it.
INVALID_TOKEN = "\0"  # noqa: S105


class Connection:
    """A token and the base URL it belongs to.

    Args:
        api_key: A Hex API token, personal or of a workspace. Default: HEX_API_TOKEN, else the token of the default
            profile, with that profile's base URL.
        base_url: The host where you open Hex, with or without /api/v1. Default: HEX_API_BASE_URL, else app.hex.tech.
        profile: The name of a profile of `hex-blocks login`, instead of a token and a base URL.
        allowed_hosts: Hosts that may receive the token, in addition to hex.tech and HEX_BLOCKS_ALLOWED_HOSTS.
        pinned: Whether to ignore a base URL among a call's inputs.
        timeout: Seconds that one request may take, from connecting to the last byte of the reply.
        patience: Seconds that one request may wait in total, for its turn and between retries.
        clock: The clock for all waits. Default: the system's.
        limits: Request limits that replace Hex's, for workspaces that have others: by group, pairs of requests and
            seconds, as in {"all": ((60, 60),)}.

    Raises:
        TypeError: A profile was given together with a token or a base URL.
        ValueError: `timeout` or `patience` is not a possible number of seconds.
    """

    def __init__(
        self,
        api_key: str | HoldsSecret | None = None,
        base_url: str | None = None,
        *,
        profile: str | None = None,
        allowed_hosts: tuple[str, ...] = (),
        pinned: bool = False,
        timeout: float = 60.0,
        patience: float = 120.0,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        if profile is not None and (api_key is not None or base_url is not None):
            raise TypeError("give a profile, or a token and a base URL")
        self._profile = profile
        self._loaded = _explicit_credentials(api_key, base_url, profile)
        self._source = None if self._loaded is None else TOKEN_VARIABLE if api_key is None else "call"
        del api_key  # so that no traceback with local variables shows it
        self.allowed_hosts = (*allowed_hosts, *allowed_by_environment())
        self.pinned = pinned
        check_seconds("timeout", timeout)
        check_seconds("patience", patience, may_be_zero=True)
        self.timeout = timeout
        self.patience = patience
        self.clock: Clock = clock or SystemClock()
        # Shared with the connections of `with_inputs`.
        self.shared = SharedObjects()
        self.limits = limits
        self._api: HexApi | None = None
        self._derived: dict[tuple[Secret, str], Connection] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        if self._loaded is None:
            return f"Connection(profile={self._profile!r})"
        return f"Connection(base_url={shown(self.given_base_url)!r})"

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the open network connections. The connection can be used again afterwards."""
        with self._lock:
            connections = [self, *self._derived.values()]
            self._derived = {}
        for connection in connections:
            if connection._api is not None:
                connection._api.close()

    @property
    def given_base_url(self) -> str:
        """The base URL as it was given, not checked.

        Raises:
            TokenError: The profile does not exist, or its token is not available.
            InputError: The configuration cannot be read.
        """
        return self._credentials[1]

    @property
    def source(self) -> str:
        """Where the token comes from: `call`, HEX_API_TOKEN, the name of a profile, or `none`."""
        if self._source:
            return self._source
        chosen = chosen_profile(self._profile)
        return chosen.name if chosen else "none"

    @property
    def _token(self) -> Secret:
        return self._credentials[0]

    @property
    def _credentials(self) -> tuple[Secret, str]:
        """The token and the base URL. Those of a profile are read on first use."""
        if self._loaded is None:
            chosen = chosen_profile(self._profile)
            none = Secret(""), os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
            self._loaded = none if chosen is None else (token_of(chosen), chosen.base_url)
        return self._loaded

    @property
    def base_url(self) -> str:
        """The full base URL, ending in /v1.

        Raises:
            InputError: It is not a URL (`bad_base_url`), or its host may not receive a token (`host_not_allowed`).
        """
        return base_url(self.given_base_url, self.allowed_hosts)

    @property
    def api(self) -> HexApi:
        """The API client, created on first use.

        Raises:
            TokenError: There is no token (`token_missing`), or it cannot be one (`token_malformed`).
            InputError: The base URL is not allowed, or the configuration cannot be read.
        """
        if self._api is None:
            from hex_blocks.api.hex_api import HexApi

            if not self._token.get_secret_value():
                raise hex_error("token_missing")
            if fault := token_fault(self._token.get_secret_value()):
                raise hex_error("token_malformed", reason=fault)
            made = HexApi(self.base_url, self._token, self.clock, self.limits)
            with self._lock:
                self._api = self._api or made
        return self._api

    def with_inputs(self, api_key: Secret | None, base_url: str | None) -> Connection:
        """Return the connection for a call's `apiKey` and `baseUrl`, or this one if neither is given.

        The most recently used connections are kept, so that repeated calls share their network connections.
        """
        if self.pinned:
            base_url = None
        if api_key is None and base_url is None:
            return self
        wanted = (api_key or self._token, base_url or self.given_base_url)
        with self._lock:
            found = self._derived.pop(wanted, None) or Connection(
                *wanted,
                allowed_hosts=self.allowed_hosts,
                pinned=self.pinned,
                timeout=self.timeout,
                patience=self.patience,
                clock=self.clock,
                limits=self.limits,
            )
            found.shared = self.shared
            self._derived[wanted] = found
            while len(self._derived) > _MAX_DERIVED:
                self._derived.pop(next(iter(self._derived)))
        return found


def _explicit_credentials(
    api_key: str | HoldsSecret | None, base_url: str | None, profile: str | None
) -> tuple[Secret, str] | None:
    """Return the token and the base URL of the call or the environment, or None if a profile is to be used."""
    url = base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
    if api_key is not None:
        return _secret_token(api_key), url
    in_environment = _secret_token(os.environ.get(TOKEN_VARIABLE, ""))
    given = bool(in_environment.get_secret_value()) or base_url is not None
    return (in_environment, url) if profile is None and given else None


def _secret_token(given: str | HoldsSecret) -> Secret:
    """Return a token without surrounding space and quotes, as a secret."""
    given = revealed(given)
    if not isinstance(given, str):
        return Secret(INVALID_TOKEN)
    given = given.strip()
    # Docker and other tools pass on the quotes in a file of environment variables.
    if len(given) > 1 and given[0] == given[-1] and given[0] in "\"'":
        given = given[1:-1].strip()
    return Secret(given)
