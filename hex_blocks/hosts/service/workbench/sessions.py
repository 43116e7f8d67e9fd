"""Who looks at the pages: a session in a cookie, which is no token and opens nothing but the pages.

Sessions stand in memory: they end with the process, and with the hours.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from hex_blocks.clock import Clock
from hex_blocks.hosts.service.callers import Caller

COOKIE = "hex_blocks_session"
FIELD = "csrf"
HOURS = 12 * 3600.0
MOST = 10_000


@dataclass
class Session:
    """Somebody's visit.

    Attributes:
        caller: Who is signed in.
        until: When it ends.
    """

    id: str = field(repr=False)
    caller: Caller
    until: float

    @property
    def csrf(self) -> str:
        """What every form of the session brings, which no page of others can know."""
        return hmac.new(self.id.encode(), b"csrf", hashlib.sha256).hexdigest()


class Sessions:
    """All visits.

    Args:
        clock: Tells when they end.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, caller: Caller) -> Session:
        """Begin a visit."""
        session = Session(secrets.token_urlsafe(32), caller, self._clock.time() + HOURS)
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > MOST:
                self._sessions.popitem(last=False)
        return session

    def of(self, request: Request) -> Session | None:
        """Return the visit of a request; None where there is none, or it has ended."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is not None and session.until < self._clock.time():
            self.end(session)
            return None
        return session

    def end(self, session: Session) -> None:
        """End a visit."""
        with self._lock:
            self._sessions.pop(session.id, None)


def is_of(session: Session, brought: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(session.csrf.encode(), brought.encode())


def remember(answer: Response, session: Session, *, secure: bool, path: str) -> None:
    """Put a session into its cookie, which no script and no page of others gets at."""
    answer.set_cookie(
        COOKIE, session.id, max_age=int(HOURS), path=path, secure=secure, httponly=True, samesite="strict"
    )


def forget(answer: Response, *, path: str) -> None:
    """Take the cookie away."""
    answer.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")
