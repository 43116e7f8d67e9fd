"""What is written down only encrypted: tokens of callers, and secrets of hooks where there is a key."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_PLAIN, _SEALED = b"p:", b"f:"


class Vault:
    """Encrypts under the operator's key.

    Args:
        key: Of any form; None to encrypt nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._box = _box(key) if key else None

    @property
    def has_key(self) -> bool:
        """Whether there is a key."""
        return self._box is not None

    def sealed(self, words: str) -> bytes:
        """Return a text encrypted, or as it is where there is no key: look first where that must not be."""
        if self._box is None:
            return _PLAIN + words.encode()
        return _SEALED + self._box.encrypt(words.encode())

    def opened(self, sealed: bytes) -> str | None:
        """Return a text that was sealed; None where the key is another one by now."""
        from cryptography.fernet import InvalidToken

        if sealed.startswith(_PLAIN):
            return sealed.removeprefix(_PLAIN).decode()
        if self._box is None:
            return None
        try:
            return self._box.decrypt(sealed.removeprefix(_SEALED)).decode()
        except InvalidToken:
            return None


def _box(key: str) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
