"""The adapter: the only code that talks to Hex.

One HexApi per connection: one requests.Session, the token, the timeouts, and what may be sent twice. Requests
go through the session's transport without its per-call reading of proxies, netrc and cookies; proxies and
certificates of the environment are read once. Redirects are never followed. Answers are not trusted: they are
objects of JSON, whole, of bounded size and depth, or they are errors.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from pydantic import SecretStr
from requests import exceptions as faults
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError

from hex_blocks import __version__
from hex_blocks.api.limits.budget import ARRIVAL_MARGIN, Budget, Limits
from hex_blocks.api.shared import Shared
from hex_blocks.api.transport import Transport
from hex_blocks.clock import Clock
from hex_blocks.errors.classes import BY_STATUS, HexDownError, HexError, hex_error, printable
from hex_blocks.i18n.texts import Phrase, phrase

log = logging.getLogger(__name__)

LARGEST_REPLY = 64 * 1024 * 1024
CHUNK = 256 * 1024
GET_RETRIES = 4
RETRIED_STATUSES = frozenset({408, 425, 502, 503, 504})
# The codes of Hex's newer error bodies. A gateway's JSON has a message at most.
CODES = frozenset(
    {
        "BAD_REQUEST",
        "UNAUTHORIZED",
        "FORBIDDEN",
        "NOT_FOUND",
        "INTERNAL_SERVER_ERROR",
        "UNPROCESSABLE_CONTENT",
        "SERVICE_UNAVAILABLE",
    }
)
# Statuses below 500 with which a gateway may answer after Hex took the request.
GATEWAY_STATUSES = frozenset({408, 425, 429, 499})
# Faults of a request that never left, so that Hex has done nothing.
NOT_SENT = ("no_network", "bad_certificate")
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 8.0
# Hex opens its window again at most this long after closing it, where it does not say when.
RATE_WINDOW = 60.0
KERNEL_WAIT = 20.0
HIDDEN = "[hidden]"
# A shorter token is none of Hex's, and hiding it would spoil what looks like it by chance.
SHORTEST_HIDDEN = 8
DEEPEST = 64
MOST_NAMED = 50
RETRY_HEADERS = ("Retry-After", "RateLimit-Reset", "X-RateLimit-Reset")
# No window of Hex's is longer, so no wait that is longer is believed.
LONGEST_RETRY = 3_600
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")

OnWait = Callable[[float, HexError], None]


@dataclass(frozen=True)
class Timing:
    """How long one call may take, in seconds, and who is told of it.

    connect, read: for one sending, from the first byte to the last. patience: for all waits around sendings.
    stop: ends waits early. on_wait: told of each wait. on_send: called just before each sending.
    """

    connect: float = 5.0
    read: float = 60.0
    patience: float = 120.0
    stop: threading.Event = field(default_factory=threading.Event)
    on_wait: OnWait | None = None
    on_send: Callable[[], None] | None = None


class HexApi:
    """Hex's API at one base URL with one token. Safe under threads."""

    def __init__(self, base_url: str, token: SecretStr, clock: Clock, limits: Limits | None = None) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.clock = clock
        self.budget = Budget(self.host, token.get_secret_value(), clock, limits)
        # What the calls with this token share.
        self.shared = Shared()
        self._session = requests.Session()
        self._transport = Transport()
        self._session.mount(base_url, self._transport)
        self._proxies = get_environ_proxies(base_url)
        self._heard: tuple[str | None, float] = (None, 0.0)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._token = token.get_secret_value().encode()
        self._escape = b"\\" if set(token.get_secret_value()) & set('/"\\') else b"\\u"
        self._headers = {
            "Authorization": f"Bearer {token.get_secret_value()}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"hex-blocks/{__version__}",
        }

    def __repr__(self) -> str:
        return f"HexApi({self.base_url!r})"

    def time_at_hex(self) -> float | None:
        """Tell what time it is by Hex's own clock, to a second, from its last answer; None where it never said."""
        date, heard = self._heard
        seconds = _seconds_of_date(date) if date else None
        return None if seconds is None else seconds + self.clock.monotonic() - heard

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Mapping[str, Any] | None = None,
        group: str | None = None,
        refused_by_503: bool = False,
        error_keys: Mapping[str, str] | None = None,
        timing: Timing | None = None,
    ) -> Any:
        """Send one request and give Hex's JSON; None where it answers nothing.

        path: below the base URL, quoted. query: lists are sent as repeated keys. body: sent as JSON.
        files: sent as multipart, with the body's values as fields. group: Hex's limit group beside the whole.
        A GET is sent again after a fault or a refusal; anything else only where it never left (NOT_SENT), or where
        Hex refused it, in its own words, before doing anything (429, and 503 if `refused_by_503`). Raises HexError.
        """
        timing = timing or Timing()
        prepared = self._prepare(method, path, query, body, files)
        ends_at = self.clock.monotonic() + timing.patience
        retries = 0
        while True:
            self._take_turn(group, ends_at, timing)
            error = self._send(prepared, error_keys or {}, timing, self.clock.monotonic() + timing.read)
            if not isinstance(error, HexError):
                return error.value
            is_lost = "outcome" in error.values
            refused = not is_lost and (error.status == 429 or (error.status == 503 and refused_by_503))
            seconds = float(error.values.get("seconds", RATE_WINDOW))
            if error.status == 429 and not is_lost:
                self.budget.refused(group, seconds)
            if refused:
                delay = seconds + random.uniform(0, 1)  # noqa: S311
            elif retries < GET_RETRIES and self._is_passing(error) and (method == "GET" or error.key in NOT_SENT):
                delay = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**retries) * random.uniform(0.5, 1)  # noqa: S311
                retries += 1
            else:
                raise error
            if self.clock.monotonic() + delay > ends_at:
                raise error
            if timing.on_wait:
                timing.on_wait(delay, error)
            log.info("%s %s: %s, again in %.1f s", method, prepared.path_url, error.key, delay)
            if self.clock.wait(delay, timing.stop):
                raise error

    def _take_turn(self, group: str | None, ends_at: float, timing: Timing) -> None:
        """Count the request and do what comes before its sending; once more where that took long enough to count later.

        Not more often: where it is always slow, a request would be counted for ever and never sent.
        """
        for last in (False, True):
            self.budget.take(group, ends_at, timing.stop, timing.on_wait)
            counted_at = self.clock.monotonic()
            if timing.on_send:
                timing.on_send()
            if last or self.clock.monotonic() - counted_at <= ARRIVAL_MARGIN:
                return

    def _prepare(self, method: str, path: str, query: Any, body: Any, files: Any) -> requests.PreparedRequest:
        # Built by hand: Session.prepare_request reads cookies, netrc and hooks again for each call.
        url = self.base_url + path
        if query:
            url += "?" + urlencode(query, doseq=True)
        prepared = requests.PreparedRequest()
        prepared.method = method
        prepared.url = url
        prepared.headers = requests.structures.CaseInsensitiveDict(self._headers)
        if files:
            fields = {
                name: json.dumps(value) if isinstance(value, bool) else value for name, value in (body or {}).items()
            }
            prepared.prepare_body(data=fields, files=files)
        elif body is not None:
            prepared.body = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
            prepared.headers["Content-Type"] = "application/json"
            prepared.headers["Content-Length"] = str(len(prepared.body))
        elif method in ("POST", "PUT", "PATCH"):
            prepared.headers["Content-Length"] = "0"
        return prepared

    def _send(
        self,
        prepared: requests.PreparedRequest,
        error_keys: Mapping[str, str],
        timing: Timing,
        ends_at: float,
    ) -> _Answer | HexError:
        try:
            response = self._transport.send_within(
                prepared,
                lambda: ends_at - self.clock.monotonic(),
                timeout=(timing.connect, timing.read),
                verify=self._verify,
                proxies=self._proxies,
            )
            self._heard = response.headers.get("Date"), self.clock.monotonic()
            try:
                content = self._read(response)
            finally:
                response.close()
        except faults.SSLError as fault:
            return self._tls_error(fault)
        except faults.ConnectTimeout:
            return hex_error("no_network", host=self.host, reason=phrase("nothing answers there"))
        except (faults.Timeout, ReadTimeoutError):
            return hex_error("timeout", host=self.host, timeout=timing.read)
        except (faults.ProxyError, faults.InvalidProxyURL, faults.InvalidSchema):
            return hex_error("no_network", host=self.host, reason=phrase("the proxy does not let us through"))
        except (faults.RequestException, HTTPError, OSError) as fault:
            return self._network_error(fault)
        except HexError as error:
            return error
        except BaseException as fault:  # noqa: BLE001
            # Ctrl-C may come anywhere below, and the frames there hold the token.
            fault.__cause__ = fault.__context__ = None
            raise fault.with_traceback(None)  # noqa: B904
        status = response.status_code
        if 200 <= status < 300:
            return self._parse(content, response)
        return self._error(prepared.method or "", status, content, response.headers, error_keys)

    def _read(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            size += len(part)
            if size > LARGEST_REPLY:
                raise hex_error("reply_too_large", host=self.host, megabytes=LARGEST_REPLY // 1024**2)
            parts.append(part)
        headers = response.headers
        if not parts and response.status_code != 204 and not {"Content-Length", "Transfer-Encoding"} & headers.keys():
            # Where nothing says how long the body is, an empty one is one that was cut off.
            raise faults.ChunkedEncodingError
        return b"".join(parts)

    def _parse(self, content: bytes, response: requests.Response) -> _Answer | HexError:
        if not content.strip():
            return _Answer(None)
        try:
            value = json.loads(_decoded(content), parse_constant=_no_constant, parse_float=_finite)
            if content.count(b"{") + content.count(b"[") > DEEPEST:
                _check_depth(value)
            if self._token in content or self._escape in content:
                value = self._clean(value)
        except (ValueError, RecursionError):
            kind = response.headers.get("Content-Type", "").split(";")[0]
            if content.lstrip()[:1] == b"<" or "html" in kind:
                return hex_error("not_hex", host=self.host, reason=phrase("it sent a web page instead of JSON"))
            return hex_error("not_hex", host=self.host, reason=phrase("it sent something that is no JSON"))
        if value is not None and not isinstance(value, dict):
            return hex_error("not_hex", host=self.host, reason=phrase("it sent JSON that is no object"))
        return _Answer(value)

    def _clean(self, value: Any) -> Any:
        """Take out of an answer what must not come out: the token, and halves of characters."""
        if isinstance(value, str):
            hidden = value.replace(self._token.decode(), HIDDEN) if len(self._token) >= SHORTEST_HIDDEN else value
            return hidden if hidden.isascii() else _HALF_CHARACTERS.sub("\ufffd", hidden)
        if isinstance(value, dict):
            return {self._clean(name): self._clean(part) for name, part in value.items()}
        return [self._clean(part) for part in value] if isinstance(value, list) else value

    def _is_lost(self, method: str, status: int, said: _Refusal, headers: Mapping[str, str]) -> bool:
        """Whether an answer to a write leaves open what Hex did: it is a gateway's, which may have passed it on."""
        if method == "GET" or said.is_hexs or (status < 500 and status not in GATEWAY_STATUSES):
            return False
        return status != 429 or _told_seconds(headers, self.clock) is None

    def _error(
        self, method: str, status: int, content: bytes, headers: Mapping[str, str], keys: Mapping[str, str]
    ) -> HexError:
        if 300 <= status < 400:
            return hex_error("redirected", status=status, host=self.host)
        said = _Refusal.read(self._clean(_said(content)))
        trace_id = said.trace_id or _plain(headers.get("x-trace-id", ""), 100) or None
        if self._is_lost(method, status, said, headers):
            key = "hex_failed" if status >= 500 and BY_STATUS.get(status) != "hex_down" else "hex_down"
            return hex_error(key, status=status, trace_id=trace_id, outcome="unknown")
        key = keys.get(str(status)) or BY_STATUS.get(status, "hex_failed" if status >= 500 else "request_refused")
        values: dict[str, Any] = {"reason": said.reason or phrase("it gave no reason")}
        if key in ("hex_failed", "hex_down"):
            values = {}
        elif key == "rate_limited":
            values = {"seconds": _seconds_to_wait(headers, self.clock, RATE_WINDOW)}
        elif key == "no_free_kernel":
            values = {"seconds": _seconds_to_wait(headers, self.clock, KERNEL_WAIT)}
        elif key == "not_hex":
            values = {"host": self.host, "reason": phrase("it does not know this request")}
        elif said.parameters and status in (400, 422):
            key, values = "bad_parameters", said.parameters
        elif status == 422 and "publish" in said.reason.lower():
            key = "not_published"
        return hex_error(key, status=status, trace_id=trace_id, **values)

    def _tls_error(self, fault: Exception) -> HexError:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(fault)):
            return hex_error("bad_certificate", host=self.host)
        if self._transport.sent:
            return hex_error("connection_lost", host=self.host)
        return hex_error("no_network", host=self.host, reason=phrase("no secure connection comes about"))

    def _network_error(self, fault: Exception) -> HexError:
        causes = list(_causes(fault))
        if any(isinstance(cause, NameResolutionError) for cause in causes):
            return hex_error("no_network", host=self.host, reason=phrase("its name is not known"))
        if any(isinstance(cause, NewConnectionError) for cause in causes):
            return hex_error("no_network", host=self.host, reason=phrase("nothing answers there"))
        if isinstance(self._verify, str) and not Path(self._verify).exists():
            return hex_error("bad_certificate", host=self.host)
        return hex_error("connection_lost", host=self.host)

    @staticmethod
    def _is_passing(error: HexError) -> bool:
        if error.status is not None:
            return error.status in RETRIED_STATUSES
        return isinstance(error, HexDownError) and error.key in ("timeout", "connection_lost", "no_network")


@dataclass(frozen=True)
class _Answer:
    value: Any


@dataclass(frozen=True)
class _Refusal:
    """What Hex says in an error body, in any of its forms: two JSON families, lists of faults, or bare text.

    is_hexs: whether it is Hex itself that says it.
    """

    reason: str = ""
    trace_id: str | None = None
    parameters: dict[str, Any] | None = None
    is_hexs: bool = False

    @classmethod
    def read(cls, body: Any) -> _Refusal:
        if not isinstance(body, dict):
            return cls(reason=_plain(body) if isinstance(body, str) else "")
        trace_id = body.get("traceId")
        parts = [body.get("reason") or body.get("message")]
        details = body.get("details")
        if isinstance(details, str):
            parts.append(details)
        for part in (details, body.get("issues"), body.get("problems")):
            if isinstance(part, list):
                parts += [_entry(each) for each in part[:20]]
        invalid, not_found = body.get("invalid"), body.get("notFound")
        return cls(
            reason=_plain("; ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))),
            trace_id=_plain(trace_id)[:100] if isinstance(trace_id, str) else None,
            parameters=_parameters(invalid, not_found),
            is_hexs=_is_hexs(body),
        )


def _is_hexs(body: Mapping[str, Any]) -> bool:
    reason, message = body.get("reason"), body.get("message")
    older = isinstance(reason, str) and bool(reason)
    newer = isinstance(message, str) and isinstance(code := body.get("code"), str) and code in CODES
    return older or newer or isinstance(body.get("invalid"), list) or isinstance(body.get("notFound"), list)


def _entry(problem: Any) -> str | None:
    if not isinstance(problem, dict):
        return problem if isinstance(problem, str) else None
    return problem.get("message") or ": ".join(str(problem[name]) for name in ("name", "reason") if problem.get(name))


def _parameters(invalid: Any, not_found: Any) -> dict[str, Any] | None:
    wrong = [
        {name: _plain_value(part.get(name)) for name in ("paramName", "paramValue", "dataType", "inputCellType")}
        for part in (invalid if isinstance(invalid, list) else [])[:MOST_NAMED]
        if isinstance(part, dict)
    ]
    absent = [_plain_value(name) for name in (not_found if isinstance(not_found, list) else [])[:MOST_NAMED]]
    if not wrong and not absent:
        return None
    said = [
        phrase(
            "{name} does not take {value}: it is of type {type}.",
            name=part["paramName"],
            value=part["paramValue"],
            type=part["dataType"],
        )
        for part in wrong
    ] + [phrase("{name} is no input of this project.", name=name) for name in absent]
    details = Phrase(lambda language: _plain(" ".join(each.said(language) for each in said), 2000))
    return {"details": details, "invalid": wrong, "notFound": absent}


def _plain_value(value: Any) -> str | None:
    return None if value is None else _plain(value if isinstance(value, str) else json.dumps(value), 200)


def _plain(said: str, longest: int = 500) -> str:
    """Make text from outside fit for one line of a terminal."""
    shown = printable(said[: longest * 2])
    return shown if len(shown) <= longest else shown[:longest] + "…"


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


def _decoded(content: bytes) -> str:
    """Read JSON's own encoding and no other, as json.loads would from bytes."""
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def _said(content: bytes) -> Any:
    """Read an error body: JSON, or text as it stands; nothing of a web page."""
    said = content.decode("utf-8", "replace").strip()
    try:
        value = json.loads(said)
        _check_depth(value)
    except (ValueError, RecursionError):
        return "" if said.startswith("<") else said
    return value


def _check_depth(value: Any) -> None:
    """Refuse what is nested deeper than anything of Hex's: whoever prints it would fail."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """Give a fault and the ones inside it, wherever requests and urllib3 put them."""
    inside: list[Any] = [fault]
    for _ in range(20):
        if not inside:
            return
        each = inside.pop(0)
        if isinstance(each, BaseException):
            yield each
            inside += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]


def _seconds_to_wait(headers: Mapping[str, str], clock: Clock, otherwise: float) -> int:
    """Read when to come back: Retry-After (seconds or a date), or one of the RateLimit headers."""
    told = _told_seconds(headers, clock)
    seconds = otherwise if told is None else told
    return max(1, math.ceil(min(seconds, LONGEST_RETRY)))


def _told_seconds(headers: Mapping[str, str], clock: Clock) -> float | None:
    told = (_seconds(headers.get(name, ""), clock.time()) for name in RETRY_HEADERS)
    return next((each for each in told if each is not None), None)


def _seconds(value: str, now: float) -> float | None:
    """Read a distance in seconds, a moment (in seconds or milliseconds), or a date; None where it is none."""
    try:
        seconds = float(value)
    except ValueError:
        moment = _seconds_of_date(value)
        return None if moment is None else moment - now
    if not math.isfinite(seconds):
        return None
    if seconds > 1e11:
        seconds /= 1000
    return seconds - now if seconds > 1e9 else max(0.0, seconds)


def _seconds_of_date(value: str) -> float | None:
    """Read a date as HTTP writes it, in seconds since the Unix epoch; None where it is none."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
