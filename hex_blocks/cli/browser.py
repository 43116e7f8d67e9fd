"""Opening a page of Hex in the user's browser."""

from __future__ import annotations

import os


def open_page(address: str) -> bool:
    """Open a page in the desktop's browser or the one that BROWSER names; False where there is neither.

    A browser of the terminal, which Hex's pages do not work in, is only taken where it was named.
    """
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER"):
        return False
    return browser.open(address)
