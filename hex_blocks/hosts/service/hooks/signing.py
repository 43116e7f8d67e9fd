"""Signatures and retry schedule of deliveries, by Standard Webhooks 1.0.0 (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Seconds before each attempt, after the one before.
SCHEDULE = (
    0.0,
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
# A hook without a successful delivery for this long is disabled.
DISABLE_AFTER = 5 * DAY
JITTER = 0.1
LONGEST_RETRY_AFTER = 24 * HOUR


def new_secret() -> str:
    """Return a new signing secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return the signature of a message, in the form of its header."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secret: str, message_id: str, now: float, body: str) -> dict[str, str]:
    """Return the headers of an attempt: ID, timestamp and signature."""
    timestamp = int(now)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }


def retry_delay(attempts: int, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next attempt; None if there is none.

    Args:
        attempts: The number of attempts so far.
        retry_after: The seconds that the receiver asked to wait.
    """
    if attempts >= len(SCHEDULE):
        return None
    seconds = SCHEDULE[attempts] * (1 + random.uniform(0, JITTER))  # noqa: S311
    return max(seconds, min(retry_after or 0.0, LONGEST_RETRY_AFTER))
