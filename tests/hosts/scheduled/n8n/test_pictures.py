"""Pictures of n8n's editor for the guide: HEX_BLOCKS_PICTURES=docs/pictures keeps them."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from pathlib import Path

import pytest

from tests.hosts.browser import CHROMIUM, browse
from tests.hosts.scheduled.n8n.test_full import Home, home, needs_n8n, sandbox, stop  # noqa: F401

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs a browser"), pytest.mark.timeout(500)]
STARTED_WITHIN = 240.0
OWNER = {"email": "ada@example.com", "firstName": "Ada", "lastName": "Okafor", "password": "Tarn-7-Harbour"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get("HEX_BLOCKS_PICTURES", tmp_path)).absolute()


def wait_until_it_answers(address: str, home: Home) -> None:  # noqa: F811
    until = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{address}/rest/settings", timeout=5):
                return
        except OSError:
            assert time.monotonic() < until, home.log.read_text()[-3000:]
            time.sleep(1)


def test_the_report_is_pictured(home: Home, pictures: Path) -> None:  # noqa: F811
    packed = home.folder / ".n8n" / "nodes" / "node_modules" / "n8n-nodes-hex-blocks"
    home.bring("workflow", json.loads((packed / "examples" / "daily-report.json").read_text()) | {"id": "daily-report"})
    address = f"http://127.0.0.1:{home.port}"
    running = home.start()
    try:
        wait_until_it_answers(address, home)
        sign_up = f"""
          for (;;) {{
            const said = fetch('/rest/owner/setup', {{
              method: 'POST', headers: {{ 'content-type': 'application/json', 'browser-id': 'pictures' }},
              body: {json.dumps(json.dumps(OWNER))},
            }});
            // It answers before it is ready.
            const status = await said.then((answer) => answer.status, () => 0);
            if (status === 200) return status;
            await sleep(1000);
          }}
        """
        nodes = "document.querySelectorAll('[data-test-id=canvas-node]').length > 3"
        told = browse(
            {"go": f"{address}/favicon.ico", "until": "document.readyState === 'complete'"},
            {"run": sign_up},
            {"go": f"{address}/workflow/daily-report", "until": nodes},
            {"run": "await sleep(3000); return true;", "picture": str(pictures / "n8n-1-workflow.png")},
            {
                "run": """
                  const node = [...document.querySelectorAll('[data-test-id=canvas-node]')]
                    .find((each) => each.textContent.includes('Run Report'));
                  const inner = node.querySelector('[data-test-id=canvas-default-node]');
                  for (const kind of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick'])
                    inner.dispatchEvent(new MouseEvent(kind, { bubbles: true, view: window }));
                  while (!document.querySelector('[data-test-id=parameter-item]')) await sleep(200);
                  await sleep(2500);
                  return document.body.innerText.includes('Wait for Completion');
                """,
                "picture": str(pictures / "n8n-2-node.png"),
            },
            before="localStorage.setItem('n8n-browserId', 'pictures');",
            seconds=300,
        )
    finally:
        stop(running)
    assert told["outcomes"] == [200, True, True]
