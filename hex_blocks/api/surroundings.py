"""What the environment says of the way to Hex: the proxy, and whom to trust. And what is wrong with it."""

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
# Not known is mostly a name without a network, which does not come back within seconds.
PROXY_UNKNOWN = phrase("the name of the proxy is not known")
ASKS_WHO = 407
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


class Proxy:
    """The proxy on the way to Hex, if any. Read once.

    Attributes:
        settings: All proxies of the environment, by what they are for, as requests reads them.
        address: The one that is used; None where there is none.
    """

    def __init__(self, base_url: str) -> None:
        self.settings = get_environ_proxies(base_url)
        self.address = select_proxy(base_url, self.settings)
        self._scheme = urlsplit(base_url).scheme
        if self.address and (reason := _fault_of(self.address)):
            raise self._unusable(reason)

    def fault(self, host: str, error: BaseException) -> HexError:
        """Return the error of a connection to a host that the proxy did not make."""
        refusal = _TUNNEL.search(str(error))
        if refusal is None:
            return hex_error("no_network", host=host, reason=phrase("the proxy refused the connection"))
        if int(refusal[1]) == ASKS_WHO:
            return self.asks_who()
        reason = phrase("the proxy refused the connection with status {status}", status=int(refusal[1]))
        return hex_error("no_network", host=host, reason=reason)

    def asks_who(self) -> HexError:
        """Return the error of a proxy that wants to know whose request it is."""
        if "@" in (self.address or ""):
            return self._unusable(phrase("it does not accept the user name and password"))
        return self._unusable(phrase("it asks for a user name and password"))

    def _unusable(self, reason: str) -> HexError:
        # The address may hold a password, so it is not repeated.
        names = [each for name in (self._scheme, "all") for each in (f"{name}_proxy", f"{name.upper()}_PROXY")]
        variable = next((name for name in names if os.environ.get(name)), None)
        return hex_error("bad_proxy", variable=variable or phrase("the system's settings"), reason=reason)


def _fault_of(address: str) -> str | None:
    """Say what is wrong with a proxy's address; None where nothing is."""
    try:
        parts = parse_url(address if "://" in address else f"http://{address}")
    except (LocationParseError, ValueError):
        return phrase("it is not an address")
    if parts.scheme not in PROXY_SCHEMES:
        return phrase("it begins with neither {one} nor {other}", one="http://", other="https://")
    return None if parts.host else phrase("it is not an address")


def trusted() -> str | bool:
    """Return the file or folder of the certificates that are trusted; True for those that are brought along."""
    return next((found for name in BUNDLE_VARIABLES if (found := os.environ.get(name))), True)


def fault_of_trusted(place: str | bool) -> HexError | None:
    """Return the error of certificates that cannot be read; None where they can."""
    if isinstance(place, bool):
        return None
    is_folder = Path(place).is_dir()
    try:
        ssl.create_default_context(cafile=None if is_folder else place, capath=place if is_folder else None)
    except ssl.SSLError:
        reason: str = phrase("it holds no certificates in PEM form")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    else:
        return None
    variable = next(name for name in BUNDLE_VARIABLES if os.environ.get(name))
    return hex_error("bad_certificates", variable=variable, path=place, reason=reason)
