"""Callers, identified by their bearer token: their own Hex token or the server's secret.

A caller's ID is a keyed hash of the token. Tokens are only held in memory, for a limited number of callers. If the
operator sets a key, tokens are also stored encrypted, so that jobs and hooks can continue after a restart.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hex_blocks.api.secret import Secret
from hex_blocks.hosts.mcp.callers import connection_of_caller
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.vault import Vault

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection

SERVER = "server"
MOST_CALLERS = 512
CHALLENGE = {"WWW-Authenticate": "Bearer"}
_HEX_TOKEN = re.compile(r"hxt[a-z]_\S+", re.ASCII)


@dataclass(frozen=True)
class Caller:
    """A caller.

    Attributes:
        id: An ID from which the token cannot be derived.
        connection: The connection of the caller's calls.
        token: The caller's own Hex token; None if the server's is used.
    """

    id: str
    connection: Connection = field(repr=False)
    token: Secret | None = field(default=None, repr=False)

    @property
    def own_token(self) -> bool:
        """Whether the caller uses a Hex token of its own."""
        return self.token is not None


class Callers:
    """All callers of the service.

    Args:
        server: The connection for callers who use the server's Hex token.
        salt: The key of the hashes.
        vault: Encrypts and decrypts tokens.
        secret: The secret that callers must send to use the server's connection; None if no secret is needed.
        has_token: Whether the server has a Hex token of its own.

    Attributes:
        connection: The server's connection.
    """

    def __init__(
        self, server: Connection, salt: bytes, vault: Vault, *, secret: str | None = None, has_token: bool = True
    ) -> None:
        self.connection = server
        self._salt = salt
        self._secret = secret
        self._has_token = has_token
        self._known: OrderedDict[str, Caller] = OrderedDict()
        self._lock = threading.Lock()
        self.vault = vault

    def from_header(self, authorization: str | None) -> Caller:
        """Return the caller of a request, from its Authorization header.

        Raises:
            ProblemError: The token is missing, or is neither a Hex token nor the server's secret.
        """
        scheme, _, presented = (authorization or "").strip().partition(" ")
        presented = presented.strip()
        if not authorization:
            if self._secret is not None:
                raise ProblemError("bearer_missing", headers=CHALLENGE)
            return self.server()
        if scheme.lower() != "bearer":
            raise ProblemError("bearer_refused", headers=CHALLENGE)
        if self.is_secret(presented):
            return self.server()
        if not _HEX_TOKEN.fullmatch(presented):
            raise ProblemError("bearer_refused", headers=CHALLENGE)
        return self.from_token(Secret(presented))

    def is_secret(self, presented: str) -> bool:
        """Return whether a bearer token is the server's secret."""
        return self._secret is not None and hmac.compare_digest(presented.encode(), self._secret.encode())

    def server(self) -> Caller:
        """Return the caller for all requests that use the server's Hex token.

        Raises:
            ProblemError: The server has no Hex token (`server_without_token`).
        """
        if not self._has_token:
            raise ProblemError("server_without_token", headers=CHALLENGE)
        return Caller(SERVER, self.connection)

    def from_token(self, token: Secret) -> Caller:
        """Return the caller with a Hex token."""
        name = hmac.new(self._salt, token.get_secret_value().encode(), hashlib.sha256).hexdigest()[:32]
        with self._lock:
            caller = self._known.pop(name, None)
            if caller is None:
                caller = Caller(name, connection_of_caller(token.get_secret_value(), self.connection), token)
            self._known[name] = caller
            evicted = self._known.popitem(last=False)[1] if len(self._known) > MOST_CALLERS else None
        if evicted:
            evicted.connection.close()
        return caller

    def known(self) -> list[str]:
        """Return the IDs of the callers whose tokens are in memory."""
        with self._lock:
            return [*([SERVER] if self._has_token else []), *self._known]

    def restore(self, name: str, encrypted: bytes | None) -> Caller | None:
        """Return the caller of a job or hook; None if the token is not available.

        Args:
            name: The caller's ID.
            encrypted: The caller's encrypted token, if it is stored.
        """
        if name == SERVER:
            return Caller(SERVER, self.connection) if self._has_token else None
        with self._lock:
            if name in self._known:
                return self._known[name]
        token = self.vault.decrypt(encrypted) if encrypted else None
        return self.from_token(Secret(token)) if token else None

    def encrypted_token(self, caller: Caller) -> bytes | None:
        """Return a caller's token encrypted; None if there is no key, or the caller uses the server's token."""
        if not self.vault.has_key or caller.token is None:
            return None
        return self.vault.encrypt(caller.token.get_secret_value())

    def close(self) -> None:
        """Close the network connections of all callers."""
        with self._lock:
            for caller in self._known.values():
                caller.connection.close()
            self._known.clear()
