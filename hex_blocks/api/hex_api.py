"""The API client: sends requests to Hex, retries them where that is safe, and raises Hex's errors.

Nothing else in the project talks to Hex. Proxy settings and trusted certificates are read once per client, not for
each request. Redirects are never followed. Replies are not trusted: each is a complete JSON object of limited size
and depth, or an error.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests import exceptions as faults
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ReadTimeoutError

from hex_blocks import __version__
from hex_blocks.api.limits.budget import ARRIVAL_MARGIN, Budget
from hex_blocks.api.limits.groups import Limits
from hex_blocks.api.network_settings import PROXY_LOGIN_REQUIRED, Proxy, certificates_error, trusted_certificates
from hex_blocks.api.refusals import GATEWAY_STATUSES, Refusal, plain
from hex_blocks.api.replies import (
    LONE_SURROGATES,
    MAX_DEPTH,
    Answer,
    check_depth,
    decode_json_text,
    parse_error_body,
    parse_finite,
    reject_constant,
)
from hex_blocks.api.retry_after import KERNEL_WAIT, RATE_WINDOW, requested_delay, retry_delay, seconds_of_date
from hex_blocks.api.retrying import NAME_UNKNOWN, PROXY_UNKNOWN, Retries, seconds_closed
from hex_blocks.api.secret import Secret
from hex_blocks.api.shared import SharedObjects
from hex_blocks.api.timing import Timing
from hex_blocks.api.transport import Transport
from hex_blocks.clock import Clock
from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.errors.sentences import BY_STATUS
from hex_blocks.i18n.formats import whole
from hex_blocks.i18n.texts import phrase

log = logging.getLogger(__name__)

MAX_REPLY_BYTES = 64 * 1024 * 1024
CHUNK = 256 * 1024
# Errors after which it is unknown whether Hex carried out the request.
REPLY_LOST = frozenset({"timeout", "connection_lost", "not_hex", "reply_too_large"})
NO_CONTENT = 204
# Exports refuse a project without a published version with 400.
NOT_PUBLISHED = re.compile(r"\bno published version\b|\b(?:not|never) (?:been )?published\b", re.IGNORECASE)
HIDDEN = "[hidden]"
# Shorter tokens are not hidden in replies: they are not real tokens, and other text could contain them by chance.
MIN_HIDDEN = 8


class HexApi:
    """A client of Hex's API at one base URL with one token. Thread-safe."""

    def __init__(self, base_url: str, token: Secret, clock: Clock, limits: Limits | None = None) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.clock = clock
        self.budget = Budget(self.host, token.get_secret_value(), clock, limits)
        # What the calls with this token share.
        self.shared = SharedObjects()
        self._session = requests.Session()
        self._transport = Transport()
        self._session.mount(base_url, self._transport)
        self._proxy = Proxy(base_url)
        # The last reply's Date header, and when it arrived.
        self._last_date: tuple[str | None, float] = (None, 0.0)
        self._verify = trusted_certificates() if base_url.startswith("https:") else True
        self._token = token.get_secret_value().encode()
        # Content without this byte string and without the token cannot hold an escaped form of the token.
        self._escape = b"\\" if set(token.get_secret_value()) & set('/"\\') else b"\\u"
        self._headers = {
            "Authorization": f"Bearer {token.get_secret_value()}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"hex-blocks/{__version__}",
        }

    def __repr__(self) -> str:
        return f"HexApi({self.base_url!r})"

    def server_time(self) -> float | None:
        """Return the time of Hex's clock in seconds since the Unix epoch, to a second; None if no reply had a date."""
        date, arrived_at = self._last_date
        seconds = seconds_of_date(date) if date else None
        return None if seconds is None else seconds + self.clock.monotonic() - arrived_at

    def close(self) -> None:
        """Close the open network connections."""
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
        without_reply: bool = False,
        error_keys: Mapping[str, str] | None = None,
        timing: Timing | None = None,
    ) -> Any:
        """Send a request, with retries where they are safe (see `retrying`), and return Hex's JSON.

        Args:
            method: The HTTP method.
            path: The path below the base URL, quoted.
            query: Query parameters; a list is sent as repeated parameters.
            body: Sent as JSON.
            files: Sent as multipart, with the values of the body as fields.
            group: Hex's limit group for the request; the limits of the whole API count as well.
            refused_by_503: Whether a 503 means that Hex did nothing.
            without_reply: Whether Hex replies with 204 and no content.
            error_keys: Error keys by status, as a tool's spec declares them.
            timing: Time limits and callbacks.

        Returns:
            The JSON object, or None if the reply has no content.

        Raises:
            HexError: Hex refused the request, or there was no usable reply.
        """
        timing = timing or Timing()
        prepared = self._prepare(method, path, query, body, files)
        ends_at = self.clock.monotonic() + timing.patience
        retries = Retries(method, refused_by_503=refused_by_503)
        while True:
            self._wait_for_turn(group, ends_at, timing)
            sent_at = self.clock.monotonic()
            error = self._send(prepared, error_keys or {}, timing, sent_at + timing.read, without_reply)
            if log.isEnabledFor(logging.DEBUG):
                ended = error.status or error.key if isinstance(error, HexError) else "done"
                log.debug("%s %s: %s, %.2f s", method, prepared.url, ended, self.clock.monotonic() - sent_at)
            if not isinstance(error, HexError):
                return error.value
            if method != "GET" and error.status is None and error.key in REPLY_LOST:
                error.values["outcome"] = "unknown"
            if error.status == 429 and "outcome" not in error.values:
                self.budget.close_group(group, seconds_closed(error))
            delay = retries.delay(error)
            if delay is None or self.clock.monotonic() + delay > ends_at:
                raise error
            if timing.on_wait:
                timing.on_wait(delay, error)
            log.info("%s %s: %s, again in %.1f s", method, prepared.path_url, error.key, delay)
            if self.clock.wait(delay, timing.stop):
                raise error

    def _wait_for_turn(self, group: str | None, ends_at: float, timing: Timing) -> None:
        """Count the request in the budget and call `on_send`; both again if that took too long for the count to hold.

        At most twice: where `on_send` is always slow, the request would be counted forever and never sent.
        """
        for last in (False, True):
            self.budget.take(group, ends_at, timing.stop, timing.on_wait)
            counted_at = self.clock.monotonic()
            if timing.on_send:
                timing.on_send()
            if last or self.clock.monotonic() - counted_at <= ARRIVAL_MARGIN:
                return

    def _prepare(self, method: str, path: str, query: Any, body: Any, files: Any) -> requests.PreparedRequest:
        # Not with Session.prepare_request, which reads cookies, netrc and hooks again for each request.
        url = self.base_url + path
        if encoded := urlencode(query or {}, doseq=True):
            url += f"?{encoded}"
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
        without_reply: bool,
    ) -> Answer | HexError:
        try:
            response = self._transport.send_within(
                prepared,
                lambda: ends_at - self.clock.monotonic(),
                timing.stop,
                # The result of a write has to be read even if the call is being stopped.
                ends_reading=prepared.method == "GET",
                timeout=(timing.connect, timing.read),
                verify=self._verify,
                proxies=self._proxy.settings,
            )
            self._last_date = response.headers.get("Date"), self.clock.monotonic()
            try:
                content = self._read(response)
            finally:
                response.close()
        except faults.SSLError as fault:
            return self._tls_error(fault)
        except faults.ConnectTimeout:
            if timing.stop.is_set():
                return hex_error("call_stopped", host=self.host)
            return hex_error("no_network", host=self.host, reason=phrase("nothing answers there"))
        except (faults.Timeout, ReadTimeoutError):
            if prepared.method == "GET" and timing.stop.is_set():
                return hex_error("call_stopped", host=self.host)
            return hex_error("timeout", host=self.host, timeout=whole(timing.read))
        except faults.ProxyError as fault:
            return self._proxy_error(fault)
        except (faults.RequestException, HTTPError, OSError) as fault:
            return self._network_error(fault)
        except HexError as error:
            return error
        except BaseException as fault:  # noqa: BLE001
            # Ctrl-C can interrupt anywhere below. The traceback is dropped because its frames hold the token.
            fault.__cause__ = fault.__context__ = None
            raise fault.with_traceback(None)  # noqa: B904
        status = response.status_code
        if 200 <= status < 300:
            answer = self._parse(prepared.method or "", content, response)
            if without_reply and isinstance(answer, Answer) and answer.value is not None:
                return hex_error("not_hex", host=self.host, reason=phrase("it sent content where Hex sends none"))
            return answer
        return self._error(prepared.method or "", status, content, response.headers, error_keys)

    def _read(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise hex_error("reply_too_large", host=self.host, megabytes=MAX_REPLY_BYTES // 1024**2)
            parts.append(part)
        has_length = {"Content-Length", "Transfer-Encoding"} & response.headers.keys()
        if not parts and response.status_code != NO_CONTENT and not has_length:
            # An empty body whose length is not declared was cut off.
            raise faults.ChunkedEncodingError
        return b"".join(parts)

    def _parse(self, method: str, content: bytes, response: requests.Response) -> Answer | HexError:
        if not content.strip():
            if method != "GET" and response.status_code != NO_CONTENT:
                # Hex replies to a write with a body or with 204, so this reply is from a gateway.
                return hex_error("not_hex", host=self.host, reason=phrase("it sent nothing"))
            return Answer(None)
        try:
            value = json.loads(decode_json_text(content), parse_constant=reject_constant, parse_float=parse_finite)
            if content.count(b"{") + content.count(b"[") > MAX_DEPTH:
                check_depth(value)
            if self._token in content or self._escape in content:
                value = self._clean(value)
        except (ValueError, RecursionError):
            kind = response.headers.get("Content-Type", "").split(";")[0]
            if content.lstrip()[:1] == b"<" or "html" in kind:
                return hex_error("not_hex", host=self.host, reason=phrase("it sent a web page instead of JSON"))
            return hex_error("not_hex", host=self.host, reason=phrase("it did not send JSON"))
        if value is not None and not isinstance(value, dict):
            return hex_error("not_hex", host=self.host, reason=phrase("it sent JSON that is not an object"))
        return Answer(value)

    def _clean(self, value: Any) -> Any:
        """Return a reply's value with the token hidden and lone surrogates, which cannot be encoded, replaced."""
        if isinstance(value, str):
            hidden = value.replace(self._token.decode(), HIDDEN) if len(self._token) >= MIN_HIDDEN else value
            return hidden if hidden.isascii() else LONE_SURROGATES.sub("\ufffd", hidden)
        if isinstance(value, dict):
            return {self._clean(name): self._clean(part) for name, part in value.items()}
        return [self._clean(part) for part in value] if isinstance(value, list) else value

    def _is_lost(self, method: str, status: int, refusal: Refusal, headers: Mapping[str, str]) -> bool:
        """Return whether an error reply is from a gateway that may have passed a write on to Hex before."""
        if method == "GET" or refusal.from_hex or (status < 500 and status not in GATEWAY_STATUSES):
            return False
        return status != 429 or requested_delay(headers, self.clock) is None

    def _error(
        self, method: str, status: int, content: bytes, headers: Mapping[str, str], keys: Mapping[str, str]
    ) -> HexError:
        if 300 <= status < 400:
            return hex_error("redirected", status=status, host=self.host)
        refusal = Refusal.read(self._clean(parse_error_body(content)))
        trace_id = refusal.trace_id or plain(headers.get("x-trace-id", ""), 100) or None
        if status == PROXY_LOGIN_REQUIRED and self._proxy.address:
            return self._proxy.login_error()
        if self._is_lost(method, status, refusal, headers):
            key = "hex_failed" if status >= 500 and BY_STATUS.get(status) != "hex_down" else "hex_down"
            return hex_error(key, status=status, trace_id=trace_id, outcome="unknown")
        key = keys.get(str(status)) or BY_STATUS.get(status, "hex_failed" if status >= 500 else "request_refused")
        values: dict[str, Any] = {"reason": refusal.reason or phrase("it gave no reason")}
        if key in ("hex_failed", "hex_down"):
            values = {}
        elif key == "rate_limited":
            values = {"seconds": retry_delay(headers, self.clock, RATE_WINDOW)}
        elif key == "no_free_kernel":
            values = {"seconds": retry_delay(headers, self.clock, KERNEL_WAIT)}
        elif key == "not_hex":
            values = {"host": self.host, "reason": phrase("it does not know this request")}
        elif refusal.parameters and status in (400, 422):
            key, values = "bad_parameters", refusal.parameters
        elif (status == 422 and "publish" in refusal.reason.lower()) or (
            status == 400 and NOT_PUBLISHED.search(refusal.reason)
        ):
            key = "not_published"
        error = hex_error(key, status=status, trace_id=trace_id, **values)
        error.by_hex = refusal.from_hex or status == 429
        return error

    def _proxy_error(self, fault: Exception) -> HexError:
        if any(isinstance(cause, NameResolutionError) for cause in _causes(fault)):
            return hex_error("no_network", host=self.host, reason=PROXY_UNKNOWN)
        return self._proxy.connection_error(self.host, fault)

    def _tls_error(self, fault: Exception) -> HexError:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(fault)):
            return hex_error("bad_certificate", host=self.host)
        if self._transport.sent:
            return hex_error("connection_lost", host=self.host)
        if unreadable := certificates_error(self._verify):
            return unreadable
        return hex_error("no_network", host=self.host, reason=phrase("no secure connection can be made"))

    def _network_error(self, fault: Exception) -> HexError:
        causes = list(_causes(fault))
        if any(isinstance(cause, NameResolutionError) for cause in causes):
            return hex_error("no_network", host=self.host, reason=NAME_UNKNOWN)
        if any(isinstance(cause, NewConnectionError) for cause in causes):
            return hex_error("no_network", host=self.host, reason=phrase("nothing answers there"))
        if not self._transport.sent and (unreadable := certificates_error(self._verify)):
            return unreadable
        return hex_error("connection_lost", host=self.host)


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """Yield a fault and all faults inside it: requests and urllib3 nest them in arguments, reasons and contexts."""
    inside: list[Any] = [fault]
    for _ in range(20):
        if not inside:
            return
        each = inside.pop(0)
        if isinstance(each, BaseException):
            yield each
            inside += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
