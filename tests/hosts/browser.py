"""Runs steps in a browser and takes screenshots."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SCRIPT = Path(__file__).with_name("browser.js")


def browse(*steps: dict[str, str], language: str = "en-US", before: str = "", seconds: float = 120) -> Any:
    """Run steps of browser.js in a browser, and return their results and the errors of pages.

    Args:
        *steps: The steps, in order.
        language: The language of the browser.
        before: A script that runs at the beginning of each page.
        seconds: The timeout.
    """
    command: Sequence[str] = [shutil.which("node") or "node", str(_SCRIPT), str(CHROMIUM), language]
    given = json.dumps({"steps": steps, "before": before})
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)
