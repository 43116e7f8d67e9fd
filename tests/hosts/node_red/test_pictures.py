"""Pictures of the editor for the guide: HEX_BLOCKS_PICTURES=docs/pictures keeps them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks.sandbox import Sandbox
from tests.hosts.browser import CHROMIUM
from tests.hosts.chat import Chat
from tests.hosts.node_red.conftest import NodeRed
from tests.hosts.node_red.test_editor import look
from tests.hosts.node_red.test_examples import bring, inject

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs a browser"), pytest.mark.timeout(240)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get("HEX_BLOCKS_PICTURES", tmp_path)).absolute()


def test_the_report_is_pictured(red: NodeRed, httpserver: HTTPServer, fast_sandbox: Sandbox, pictures: Path) -> None:
    del fast_sandbox
    chat = Chat(httpserver)
    inject(red, bring(red, "report-every-morning", chat))
    chat.wait(1, red.log)
    statuses = """
      RED.actions.invoke('core:toggle-sidebar');
      $('.red-ui-palette-search input').val('hex').trigger('keyup').trigger('change');
      const shown = () => $('.red-ui-flow-node-status-label').map((_, each) => $(each).text()).get().filter(Boolean);
      while (shown().length < 2) await sleep(100);
      await sleep(500);
      return shown();
    """
    assert look(red, statuses, pictures / "node-red-flow.png") == ["done", "done"]
    form = """
      RED.editor.edit(RED.nodes.filterNodes({ type: 'hex-run' })[0]);
      while (!$('.hex-form .hex-field').length) await sleep(100);
      await sleep(1500);
      return $('.hex-field:visible').length > 1;
    """
    assert look(red, form, pictures / "node-red-form.png") is True
    assert (pictures / "node-red-form.png").stat().st_size > 10_000
