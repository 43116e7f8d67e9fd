"""Encryption of what is stored: the tokens of callers, and the secrets of hooks if there is a key."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_PLAIN, _ENCRYPTED = b"p:", b"f:"


class Vault:
    """Encrypts and decrypts with the operator's key.

    Args:
        key: The key, any text; None if there is no key.
    """

    def __init__(self, key: str | None) -> None:
        self._fernet = _fernet(key) if key else None

    @property
    def has_key(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def encrypt(self, content: str) -> bytes:
        """Return a text encrypted, or unencrypted if there is no key; callers check `has_key` if that must not be."""
        if self._fernet is None:
            return _PLAIN + content.encode()
        return _ENCRYPTED + self._fernet.encrypt(content.encode())

    def decrypt(self, encrypted: bytes) -> str | None:
        """Return the text that `encrypt` was given; None if the key has changed since."""
        from cryptography.fernet import InvalidToken

        if encrypted.startswith(_PLAIN):
            return encrypted.removeprefix(_PLAIN).decode()
        if self._fernet is None:
            return None
        try:
            return self._fernet.decrypt(encrypted.removeprefix(_ENCRYPTED)).decode()
        except InvalidToken:
            return None


def _fernet(key: str) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
