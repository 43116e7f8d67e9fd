"""A browser that does something in a page and takes pictures of it."""

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
    """Do steps in a browser, as browser.js has them; return what came of them and the errors of the pages.

    Args:
        steps: What is done, one after the other.
        language: The browser's.
        before: A script that each page begins with.
        seconds: How long it may take.
    """
    command: Sequence[str] = [shutil.which("node") or "node", str(_SCRIPT), str(CHROMIUM), language]
    given = json.dumps({"steps": steps, "before": before})
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)
