"""Who calls: told by the bearer token, which is the caller's own Hex token or the server's secret.

A caller is known by a keyed hash of the token. Tokens stand in memory only, of a bounded number of callers, for work
that is going on; where the operator gives a key, they are written down encrypted for work that goes on without them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr

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
    """A caller: a name that tells nothing of the token, and the connection that its calls use.

    Attributes:
        token: The caller's own Hex token; None where the server's is used.
    """

    id: str
    connection: Connection = field(repr=False)
    token: SecretStr | None = field(default=None, repr=False)

    @property
    def own_token(self) -> bool:
        """Whether the caller brought a Hex token."""
        return self.token is not None


class Callers:
    """Everybody who calls.

    Args:
        server: The connection that calls without a token of their own use.
        salt: What tokens are hashed with.
        secret: What a caller must bring to use the server's connection; None where anyone may who reaches it.
        vault: What tokens are encrypted with.
        has_token: Whether the server has a Hex token of its own.

    Attributes:
        connection: The server's.
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

    def of_header(self, authorization: str | None) -> Caller:
        """Return the caller of a request.

        Raises:
            ProblemError: Nobody whom this server serves.
        """
        scheme, _, brought = (authorization or "").strip().partition(" ")
        brought = brought.strip()
        if not authorization:
            if self._secret is not None:
                raise ProblemError("bearer_missing", headers=CHALLENGE)
            return self.server()
        if scheme.lower() != "bearer":
            raise ProblemError("bearer_refused", headers=CHALLENGE)
        if self.is_secret(brought):
            return self.server()
        if not _HEX_TOKEN.fullmatch(brought):
            raise ProblemError("bearer_refused", headers=CHALLENGE)
        return self.of_token(SecretStr(brought))

    def is_secret(self, brought: str) -> bool:
        """Whether this is the server's secret."""
        return self._secret is not None and hmac.compare_digest(brought.encode(), self._secret.encode())

    def server(self) -> Caller:
        """Return the caller who uses the server's own Hex token."""
        if not self._has_token:
            raise ProblemError("server_without_token", headers=CHALLENGE)
        return Caller(SERVER, self.connection)

    def of_token(self, token: SecretStr) -> Caller:
        """Return the caller with a Hex token."""
        name = hmac.new(self._salt, token.get_secret_value().encode(), hashlib.sha256).hexdigest()[:32]
        with self._lock:
            caller = self._known.pop(name, None)
            if caller is None:
                caller = Caller(name, connection_of_caller(token.get_secret_value(), self.connection), token)
            self._known[name] = caller
            left = self._known.popitem(last=False)[1] if len(self._known) > MOST_CALLERS else None
        if left:
            left.connection.close()
        return caller

    def known(self) -> list[str]:
        """Return the callers whose work can be done here without anything that is written down."""
        with self._lock:
            return [*([SERVER] if self._has_token else []), *self._known]

    def recall(self, name: str, sealed: bytes | None) -> Caller | None:
        """Return a caller for work that goes on; None where the token is not to be had."""
        if name == SERVER:
            return Caller(SERVER, self.connection) if self._has_token else None
        with self._lock:
            if name in self._known:
                return self._known[name]
        token = self.vault.opened(sealed) if sealed else None
        return self.of_token(SecretStr(token)) if token else None

    def sealed(self, caller: Caller) -> bytes | None:
        """Return a caller's token encrypted; None where there is no key, or no token to keep."""
        if not self.vault.has_key or caller.token is None:
            return None
        return self.vault.sealed(caller.token.get_secret_value())

    def close(self) -> None:
        """Close the network connections of all callers."""
        with self._lock:
            for caller in self._known.values():
                caller.connection.close()
            self._known.clear()
