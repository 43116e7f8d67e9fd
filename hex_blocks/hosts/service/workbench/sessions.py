"""Sessions of the workbench. The cookie holds a session ID, not a token, and is valid for the pages only.

Sessions are held in memory: they end with the process, and after twelve hours.
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
SESSION_SECONDS = 12 * 3600.0
MAX_SESSIONS = 10_000


@dataclass
class Session:
    """A session of a signed-in user.

    Attributes:
        id: The session ID in the cookie.
        caller: The caller who signed in.
        until: When the session ends.
    """

    id: str = field(repr=False)
    caller: Caller
    until: float

    @property
    def csrf(self) -> str:
        """The CSRF token of the session's forms, which pages of other origins cannot know."""
        return hmac.new(self.id.encode(), b"csrf", hashlib.sha256).hexdigest()


class Sessions:
    """All sessions of a process.

    Args:
        clock: The clock that decides when sessions end.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, caller: Caller) -> Session:
        """Start a session of a caller and return it."""
        session = Session(secrets.token_urlsafe(32), caller, self._clock.time() + SESSION_SECONDS)
        with self._lock:
            self._sessions[session.id] = session
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    def of(self, request: Request) -> Session | None:
        """Return the session of a request; None if there is none or it has ended."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is not None and session.until < self._clock.time():
            self.end(session)
            return None
        return session

    def end(self, session: Session) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(session.id, None)


def has_csrf_token(session: Session, presented: str) -> bool:
    """Return whether a form's CSRF token is that of this session."""
    return hmac.compare_digest(session.csrf.encode(), presented.encode())


def set_cookie_of(answer: Response, session: Session, *, secure: bool, path: str) -> None:
    """Set the cookie of a session. Scripts cannot read it, and browsers do not send it from other sites."""
    answer.set_cookie(
        COOKIE, session.id, max_age=int(SESSION_SECONDS), path=path, secure=secure, httponly=True, samesite="strict"
    )


def delete_cookie_of(answer: Response, *, path: str) -> None:
    """Delete the cookie of a session."""
    answer.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")
