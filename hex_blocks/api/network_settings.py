"""Reads the proxy and the trusted certificates from environment variables and checks them.

The variables are those that requests and curl read: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE
and CURL_CA_BUNDLE.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from hex_blocks.errors.classes import HexError, hex_error
from hex_blocks.i18n.texts import phrase

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXY_SCHEMES = ("http", "https")
# The HTTP status of a proxy that requires a user name and a password.
PROXY_LOGIN_REQUIRED = 407
_TUNNEL_REFUSAL = re.compile(r"Tunnel connection failed: (\d{3})")


class Proxy:
    """The proxy for requests to a base URL, as the environment or the operating system sets it. Read once.

    Attributes:
        settings: All proxies that are set, by scheme, as requests expects them.
        address: The address of the proxy that applies, or None if there is none.

    Raises:
        HexError: The address cannot be used (`bad_proxy`).
    """

    def __init__(self, base_url: str) -> None:
        self.settings = get_environ_proxies(base_url)
        self.address = select_proxy(base_url, self.settings)
        self._scheme = urlsplit(base_url).scheme
        if self.address and (reason := _address_fault(self.address)):
            raise self._unusable(reason)

    def connection_error(self, host: str, error: BaseException) -> HexError:
        """Return the error of a proxy that did not connect to a host, from the exception of requests."""
        refusal = _TUNNEL_REFUSAL.search(str(error))
        if refusal is None:
            return hex_error("no_network", host=host, reason=phrase("the proxy refused the connection"))
        if int(refusal[1]) == PROXY_LOGIN_REQUIRED:
            return self.login_error()
        reason = phrase("the proxy refused the connection with status {status}", status=int(refusal[1]))
        return hex_error("no_network", host=host, reason=reason)

    def login_error(self) -> HexError:
        """Return the error of a proxy that requires a user name and a password, or does not accept those given."""
        if "@" in (self.address or ""):
            return self._unusable(phrase("it does not accept the user name and password"))
        return self._unusable(phrase("it asks for a user name and password"))

    def _unusable(self, reason: str) -> HexError:
        # The address is not shown because it may contain a password.
        names = [each for name in (self._scheme, "all") for each in (f"{name}_proxy", f"{name.upper()}_PROXY")]
        variable = next((name for name in names if os.environ.get(name)), None)
        return hex_error("bad_proxy", variable=variable or phrase("the system's settings"), reason=reason)


def _address_fault(address: str) -> str | None:
    """Return why the address of a proxy cannot be used, or None if it can."""
    try:
        parts = parse_url(address if "://" in address else f"http://{address}")
    except (LocationParseError, ValueError):
        return phrase("it is not an address")
    if parts.scheme not in PROXY_SCHEMES:
        return phrase("it begins with neither {one} nor {other}", one="http://", other="https://")
    return None if parts.host else phrase("it is not an address")


def trusted_certificates() -> str | bool:
    """Return the file or folder of trusted certificates that is set, or True for those that come with requests."""
    return next((found for name in BUNDLE_VARIABLES if (found := os.environ.get(name))), True)


def certificates_error(trusted: str | bool) -> HexError | None:
    """Return the error of trusted certificates that cannot be read (`bad_certificates`), or None if they can.

    Args:
        trusted: What `trusted_certificates` returned.
    """
    if isinstance(trusted, bool):
        return None
    is_folder = Path(trusted).is_dir()
    try:
        ssl.create_default_context(cafile=None if is_folder else trusted, capath=trusted if is_folder else None)
    except ssl.SSLError:
        reason: str = phrase("it holds no certificates in PEM form")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    else:
        return None
    variable = next(name for name in BUNDLE_VARIABLES if os.environ.get(name))
    return hex_error("bad_certificates", variable=variable, path=trusted, reason=reason)
