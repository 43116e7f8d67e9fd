"""The package: whole, reproducible, in Node-RED's languages, and as its library wants it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from hex_blocks.hosts.exports import request_for, write_files
from hex_blocks.hosts.node_red.export import NAME, TARGET
from hex_blocks.hosts.node_red.nodes import nodes_of
from hex_blocks.hosts.node_red.words import LANGUAGES
from hex_blocks.i18n.texts import languages
from tests.calling import our_tools
from tests.hosts.node_red.conftest import NodeRed

# The names that flows of others use.
TYPES = {
    "hex-run",
    "hex-results",
    "hex-status",
    "hex-find",
    "hex-ask",
    "hex-notebook",
    "hex-projects",
    "hex-cells",
    "hex-threads",
    "hex-collections",
    "hex-people",
    "hex-data-connections",
    "hex-semantic",
    "hex-guides",
}


def test_the_nodes_have_the_names_that_flows_use() -> None:
    request = request_for(TARGET, our_tools())
    assert {node.type for node in nodes_of(request.tools, our_tools().groups)} == TYPES


def test_the_same_registry_gives_the_same_bytes() -> None:
    request = request_for(TARGET, our_tools())
    assert TARGET.files(request) == TARGET.files(request)
    assert TARGET.pack is not None
    assert TARGET.pack(request, TARGET.files(request)) == TARGET.pack(request, TARGET.files(request))


def test_every_node_has_an_example_that_stands_alone() -> None:
    files = TARGET.files(request_for(TARGET, our_tools()))
    used: set[str] = set()
    for name, content in files.items():
        if name.startswith("examples/"):
            flow = json.loads(content)
            ids = {each["id"] for each in flow}
            assert len(ids) == len(flow)
            wires = {to for each in flow for wire in each.get("wires", []) for to in wire}
            assert wires <= ids
            used |= {each["type"] for each in flow}
    assert TYPES | {"hex-watch", "hex-connection"} <= used


def test_the_words_are_in_every_language_of_both(red: NodeRed) -> None:
    for language in languages():
        status, told = red.ask("GET", f"/locales/{NAME}/hex-blocks?lng={LANGUAGES[language]}")
        assert status == 200
        words = told["hex-blocks"]
        assert set(words["type"]) == TYPES | {"hex-watch", "hex-connection"}
        title = our_tools()["hex_list_projects"].title(language)
        assert words["operation"]["list_projects"] == title


def test_the_editor_gets_every_node(red: NodeRed) -> None:
    status, sets = red.ask("GET", "/nodes")
    assert status == 200
    ours = [each for each in sets if each["module"] == NAME]
    assert [each.get("err") for each in ours] == [None]
    assert set(ours[0]["types"]) == TYPES | {"hex-watch", "hex-connection"}


def test_the_archive_holds_what_the_folder_holds(packed: bytes) -> None:
    files = TARGET.files(request_for(TARGET, our_tools()))
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        assert {name.removeprefix("package/") for name in archive.getnames()} == set(files)


def test_the_scorecard_of_the_library_passes(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    write_files(TARGET, TARGET.files(request_for(TARGET, our_tools())), folder)
    npm = Path(os.environ["HEX_BLOCKS_HOST_ENVIRONMENT"]) / "npm" / "node_modules"
    # It asks a registry and a catalogue; neither is asked here.
    stub = tmp_path / "stub.js"
    stub.write_text(
        "const Module = require('node:module'); const load = Module._load;"
        "const data = { modules: [], 'dist-tags': { latest: '5.0.7', 'v4-maintenance': '4.1.15' },"
        " versions: { '5.0.7': { engines: { node: '>=22.9' } } } };"
        "const axios = Object.assign(async () => ({ data }), { get: async () => ({ data }) });"
        "Module._load = (name, ...more) => (name === 'axios' ? axios : load(name, ...more));"
    )
    card = tmp_path / "card.json"
    node = shutil.which("node") or "node"
    command = [
        node,
        "-r",
        str(stub),
        str(npm / "node-red-dev" / "bin" / "run"),
        "validate",
        "-p",
        str(folder),
        "-o",
        str(card),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert card.is_file(), done.stdout + done.stderr
    read = json.loads(card.read_text())
    failed = re.findall(r'"(\w+)": ?\{"test": ?false', json.dumps(read))
    assert not failed, (failed, read, done.stdout[-2000:])


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_help_is_translated(language: str) -> None:
    files = TARGET.files(request_for(TARGET, our_tools()))
    page = files[f"locales/{LANGUAGES[language]}/hex-blocks.html"].decode()
    assert our_tools()["hex_run_and_wait"].description(language) in page
