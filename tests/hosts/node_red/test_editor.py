"""The forms in Node-RED's own editor, in a browser: filled, deployed and run, in three languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.hosts.node_red.words import LABELS
from tests.calling import our_tools
from tests.hosts.browser import CHROMIUM, browse
from tests.hosts.node_red.conftest import CONNECTION, NodeRed

QUICK = "eaac7a41-372e-5b14-a151-abbf25d8ccce"
READY = (
    "window.RED && RED.nodes && RED.nodes.getType && RED.nodes.getType('hex-watch')"
    " && RED.nodes.filterNodes({}).length > 0"
)
LANGUAGES = {"en": "en-US", "de": "de", "ja": "ja"}

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="needs a browser"), pytest.mark.timeout(180)]


def look(red: NodeRed, work: str, picture: Path, language: str = "en-US") -> Any:
    """Do something in the editor and return what came of it; nothing may have gone wrong."""
    told = browse(
        {"go": f"http://127.0.0.1:{red.port}/", "until": READY},
        {"run": work, "picture": str(picture)},
        language=language,
        before=f"localStorage.setItem('editor-language', {json.dumps(language)});",
    )
    assert told["errors"] == []
    return told["outcomes"][0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_shows_the_fields_of_its_operation_in_a_language(red: NodeRed, language: str, tmp_path: Path) -> None:
    red.deploy(
        {"id": "hex", "type": "hex-projects", "connection": CONNECTION, "wires": [[]], "operation": "list_projects"}
    )
    work = """
      RED.editor.edit(RED.nodes.node('hex'));
      while (!$('.hex-form .hex-field').length || $('.red-ui-tray').position().left > 1300) await sleep(100);
      await sleep(800);
      const shown = () => $('.hex-field:visible').map((_, each) => $(each).data('input')).get();
      const before = shown();
      const labels = $('.hex-form label:visible').map((_, each) => $(each).text()).get();
      $('#node-input-operation').val('get_project').trigger('change');
      const after = shown();
      $('#node-input-operation').val('list_projects').trigger('change');
      const options = $('#node-input-operation option').map((_, each) => $(each).text()).get();
      const values = $('.hex-field input[type=text]').map((_, each) => $(each).val()).get().filter(Boolean);
      const wrong = $('.hex-field .input-error').length;
      const connection = $('#node-input-connection').is('select');
      return { before, after, labels, options, values, wrong, connection };
    """
    seen = look(red, work, tmp_path / f"form-{language}.png", LANGUAGES[language])
    assert "statuses" in seen["before"]
    assert "projectId" not in seen["before"]
    assert seen["after"][0] == "projectId"
    # What nobody filled in is not given.
    assert seen["values"] == []
    assert seen["wrong"] == 0
    assert seen["connection"]
    assert LABELS["operation"].said(language) in seen["labels"]
    assert our_tools()["hex_list_projects"].title(language) in seen["options"]


def test_a_node_is_filled_deployed_and_run(red: NodeRed, tmp_path: Path) -> None:
    red.deploy(
        {"id": "in", "type": "http in", "url": "/edited", "method": "post", "wires": [["hex"]]},
        {"id": "hex", "type": "hex-find", "connection": CONNECTION, "wires": [["out"]]},
        {"id": "out", "type": "http response", "wires": []},
    )
    work = """
      RED.editor.edit(RED.nodes.node('hex'));
      while (!$('.hex-form .hex-field').length) await sleep(100);
      await sleep(800);
      $('#node-input-query').typedInput('type', 'str').typedInput('value', 'quick check');
      $('#node-dialog-ok').trigger('click');
      await sleep(800);
      $('#red-ui-header-button-deploy').trigger('click');
      await sleep(2000);
      return { query: RED.nodes.node('hex').query, dirty: RED.nodes.dirty() };
    """
    assert look(red, work, tmp_path / "deployed.png") == {"query": "quick check", "dirty": False}
    assert red.post("/edited")["matches"][0]["id"] == QUICK


def test_a_project_is_picked_from_what_there_is(red: NodeRed, tmp_path: Path) -> None:
    red.deploy({"id": "hex", "type": "hex-run", "connection": CONNECTION, "wires": [[]]})
    work = """
      RED.editor.edit(RED.nodes.node('hex'));
      while (!$('.hex-form .hex-field').length) await sleep(100);
      await sleep(800);
      $('[data-input=projectId] button.red-ui-button').last().trigger('click');
      while ($('.hex-picked option').length < 5) await sleep(100);
      $('.hex-picked').val('%s').trigger('change');
      return $('#node-input-projectId').typedInput('value');
    """
    assert look(red, work % QUICK, tmp_path / "picked.png") == QUICK


def test_every_node_is_dragged_filled_and_kept(red: NodeRed, tmp_path: Path) -> None:
    red.deploy({"id": "hex", "type": "hex-find", "connection": CONNECTION, "wires": [[]]})
    work = """
      const kept = {};
      for (const type of RED.nodes.registry.getNodeTypes().filter((each) => /^hex-(?!connection)/.test(each))) {
        const { node } = RED.view.createNode(type, 200, 200);
        RED.nodes.add(node);
        // As the runtime does while a node works.
        node.status = { fill: 'green', shape: 'dot', text: 'done' };
        RED.editor.edit(node);
        const isMade = () => type === 'hex-watch' || $('.hex-form .hex-field').length;
        while (!$('#node-dialog-ok').length || !isMade()) await sleep(50);
        await sleep(500);
        const fields = $('.hex-field').map((_, each) => $(each).data('input')).get();
        const fill = (each) => $(`#node-input-${each}`).typedInput('type', 'msg').typedInput('value', `its.${each}`);
        fields.forEach(fill);
        $('#node-dialog-ok').trigger('click');
        while ($('#node-dialog-ok').length) await sleep(50);
        await sleep(300);
        const saved = RED.nodes.convertNode(node);
        const wrong = fields.filter((each) => saved[each] !== `its.${each}` || saved[`${each}Type`] !== 'msg');
        kept[type] = { type: saved.type, wrong, status: typeof saved.status, count: fields.length };
      }
      return kept;
    """
    kept = look(red, work, tmp_path / "dragged.png")
    assert {type_: each["type"] for type_, each in kept.items()} == {type_: type_ for type_ in kept}
    assert {type_: each["wrong"] for type_, each in kept.items() if each["wrong"]} == {}
    assert {each["status"] for each in kept.values()} == {"undefined"}
    assert all(each["count"] for type_, each in kept.items() if type_ != "hex-watch")


def test_a_field_named_like_something_of_the_node_reaches_the_tool(red: NodeRed) -> None:
    threads = {"type": "hex-threads", "operation": "list_threads", "typeInput": "nonsense", "typeInputType": "str"}
    assert "type" in red.run(threads)["hexError"]["message"]
    project = {"type": "hex-projects", "operation": "update_project", "projectId": QUICK, "projectIdType": "str"}
    for field in ("status", "statusInput"):
        told = red.run(project | {field: "Exploratory", f"{field}Type": "str"})
        assert told["payload"]["id"] == QUICK, told
