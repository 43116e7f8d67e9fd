"""A connection to Hex: a token and a base URL, and how they are used."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from pydantic import SecretStr

from hex_blocks.api.base_url import DEFAULT_BASE_URL, allowed_by_environment, base_url, shown
from hex_blocks.api.profiles import chosen_profile, token_of
from hex_blocks.api.shared import Shared
from hex_blocks.api.timing import check_seconds
from hex_blocks.api.tokens import token_fault
from hex_blocks.clock import Clock, SystemClock
from hex_blocks.errors.classes import hex_error

if TYPE_CHECKING:
    from hex_blocks.api.hex_api import HexApi
    from hex_blocks.api.limits.budget import Limits

TOKEN_VARIABLE = "HEX_API_TOKEN"  # noqa: S105
BASE_URL_VARIABLE = "HEX_API_BASE_URL"

_MOST_DERIVED = 16
# Stands for what is no text at all, and is refused as no token could be.
NO_TEXT = "\0"


class Connection:
    """A token and the base URL it belongs to.

    api_key: a Hex API token, personal or of a workspace. Default: HEX_API_TOKEN, else the token of the default
    profile, with that profile's base URL.
    base_url: the host where you open Hex, with or without /api/v1; HEX_API_BASE_URL, else app.hex.tech.
    profile: a profile of `hex-blocks login`, in place of a token and a base URL.
    allowed_hosts: hosts beside hex.tech that may receive the token, beside HEX_BLOCKS_ALLOWED_HOSTS.
    pinned: every call goes to this connection's base URL, whatever base URL the call names.
    timeout: seconds that one request may take, from connecting to the last byte of the answer.
    patience: seconds that one request may wait in all, its retries included.
    clock: another one than the machine's.
    limits: Hex's request limits where the workspace has others: {"all": ((60, 60),), "runs": …}, each pair
    requests and seconds.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
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
        self._known = _outside_profiles(api_key, base_url, profile)
        self._source = None if self._known is None else TOKEN_VARIABLE if api_key is None else "call"
        del api_key  # so that no traceback with local variables shows it
        self.allowed_hosts = (*allowed_hosts, *allowed_by_environment())
        self.pinned = pinned
        check_seconds("timeout", timeout)
        check_seconds("patience", patience, may_be_none=True)
        self.timeout = timeout
        self.patience = patience
        self.clock: Clock = clock or SystemClock()
        # What all calls share, those with a token of their own included.
        self.shared = Shared()
        self.limits = limits
        self._api: HexApi | None = None
        self._derived: dict[tuple[SecretStr, str], Connection] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        if self._known is None:
            return f"Connection(profile={self._profile!r})"
        return f"Connection(base_url={shown(self.given_base_url)!r})"

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the network connections that are kept open. The connection can be used again."""
        with self._lock:
            connections = [self, *self._derived.values()]
            self._derived = {}
        for connection in connections:
            if connection._api is not None:
                connection._api.close()

    @property
    def given_base_url(self) -> str:
        """The base URL as it was given. Raises TokenError or InputError where the profile cannot be used."""
        return self._credentials[1]

    @property
    def source(self) -> str:
        """Where the token is from: the call, the environment's variable, or a profile, by its name."""
        if self._source:
            return self._source
        chosen = chosen_profile(self._profile)
        return chosen.name if chosen else "none"

    @property
    def _token(self) -> SecretStr:
        return self._credentials[0]

    @property
    def _credentials(self) -> tuple[SecretStr, str]:
        """The token and the base URL; those of a profile are read when they are first needed."""
        if self._known is None:
            chosen = chosen_profile(self._profile)
            none = SecretStr(""), os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
            self._known = none if chosen is None else (token_of(chosen), chosen.base_url)
        return self._known

    @property
    def base_url(self) -> str:
        """The whole base URL, checked. Raises InputError (`bad_base_url`, `host_not_allowed`)."""
        return base_url(self.given_base_url, self.allowed_hosts)

    @property
    def api(self) -> HexApi:
        """The adapter; made when first used. Raises TokenError or InputError where it cannot be."""
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

    def with_inputs(self, api_key: SecretStr | None, base_url: str | None) -> Connection:
        """Return the connection that a call's own apiKey and baseUrl ask for; this one where they ask for none.

        The few last ones are kept, so that calls in a row share their network connections.
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
            while len(self._derived) > _MOST_DERIVED:
                self._derived.pop(next(iter(self._derived)))
        return found


def _outside_profiles(
    api_key: str | SecretStr | None, base_url: str | None, profile: str | None
) -> tuple[SecretStr, str] | None:
    """Return the token and the base URL of the call or the environment; None where a profile is to be used."""
    there = base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
    if api_key is not None:
        return _sealed(api_key), there
    in_environment = _sealed(os.environ.get(TOKEN_VARIABLE, ""))
    given = bool(in_environment.get_secret_value()) or base_url is not None
    return (in_environment, there) if profile is None and given else None


def _sealed(given: str | SecretStr) -> SecretStr:
    given = given.get_secret_value() if isinstance(given, SecretStr) else given
    if not isinstance(given, str):
        return SecretStr(NO_TEXT)
    given = given.strip()
    # Docker and others hand on the quotes of a file of variables as they stand there.
    if len(given) > 1 and given[0] == given[-1] and given[0] in "\"'":
        given = given[1:-1].strip()
    return SecretStr(given)
