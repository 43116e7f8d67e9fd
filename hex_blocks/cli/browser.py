"""Opening a page of Hex in the user's browser."""

from __future__ import annotations

import os


def open_page(address: str) -> bool:
    """Open a page in the desktop's browser or the one that BROWSER names; return False if there is neither.

    A text browser, in which Hex's pages do not work, is only used if BROWSER names it.
    """
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER"):
        return False
    return browser.open(address)
