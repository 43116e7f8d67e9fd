"""The nodes, the saved flows and the examples in Node-RED 4 on Node 20: what runs in Node-RED 5 runs there as well."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.hosts.node_red.conftest import NodeRed
from tests.hosts.node_red.test_examples import *  # noqa: F403
from tests.hosts.node_red.test_flows import *  # noqa: F403
from tests.hosts.node_red.test_golden import test_a_saved_node_runs  # noqa: F401
from tests.hosts.node_red.test_package import (  # noqa: F401
    test_the_editor_gets_every_node,
    test_the_words_are_in_every_language_of_both,
)

pytestmark = pytest.mark.skipif(
    "HEX_BLOCKS_HOST_ENVIRONMENT" not in os.environ, reason="run by tests/hosts/run_suites.py scheduled/node_red_4"
)


def test_it_is_the_older_one(red: NodeRed) -> None:
    node = subprocess.run([shutil.which("node") or "node", "--version"], capture_output=True, text=True, check=True)
    assert node.stdout.startswith("v20.")
    status, settings = red.ask("GET", "/settings")
    assert status == 200
    assert settings["version"].startswith("4.")
