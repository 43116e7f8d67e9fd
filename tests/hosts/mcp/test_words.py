"""Prompts and resources."""

from __future__ import annotations

import pytest

pytest.importorskip("mcp", reason="run by make test-hosts")

from mcp.shared.exceptions import MCPError

PROMPTS = {
    "run_report": {"project": "Revenue report", "parameters": "region EMEA"},
    "compare_parameter_sets": {"project": "Revenue report", "sets": "region EMEA, US and APAC"},
    "find_failed_runs": {},
}


def text_of(result) -> str:
    return str(result.contents[0].text)


def test_prompts_for_the_common_jobs_are_listed(ask):
    prompts = ask(lambda client: client.list_prompts()).prompts

    assert {prompt.name for prompt in prompts} == set(PROMPTS)
    assert all(prompt.title and prompt.description for prompt in prompts)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_says_what_was_given_and_which_tools_to_use(name, ask, registry):
    result = ask(lambda client: client.get_prompt(name, PROMPTS[name]))
    said = result.messages[0].content.text

    assert all(value in said for value in PROMPTS[name].values())
    assert "hex_find_project" in said
    assert not [
        word
        for word in said.split()
        if word.startswith("hex_") and word.strip(".,;:()") not in {*registry, "hex_find_tool", "hex_call_tool"}
    ]


@pytest.mark.parametrize(
    ("name", "arguments"), [("no_such_prompt", {}), ("run_report", {}), ("run_report", {"project": " "})]
)
def test_a_prompt_that_cannot_be_given_is_refused(name, arguments, ask):
    refused = ask(lambda client: client.get_prompt(name, arguments))

    assert isinstance(refused, MCPError)
    assert refused.error.code == -32602


def test_braces_in_arguments_stay_as_they_are(ask):
    result = ask(
        lambda client: client.get_prompt("run_report", {"project": "{parameters}", "parameters": "{0.__class__}"})
    )

    assert "{0.__class__}" in result.messages[0].content.text


def test_reference_pages_are_listed_by_group(ask, registry):
    resources = ask(lambda client: client.list_resources()).resources

    assert [str(each.uri) for each in resources] == [
        "hex://reference",
        *(f"hex://reference/{group}" for group in registry.groups),
    ]


def test_every_page_can_be_read_and_names_its_tools(ask, registry):
    for group in registry.groups:
        page = text_of(ask(lambda client, group=group: client.read_resource(f"hex://reference/{group}")))
        assert all(f"`{tool.id}`" in page for tool in registry.values() if tool.group == group)
        assert "apiKey" not in page


def test_the_overview_names_every_tool(ask, registry):
    page = text_of(ask(lambda client: client.read_resource("hex://reference")))

    assert all(f"`{tool_id}`" in page for tool_id in registry)


def test_a_tool_has_a_page(ask):
    templates = ask(lambda client: client.list_resource_templates()).resource_templates
    page = text_of(ask(lambda client: client.read_resource("hex://tools/hex_cancel_run")))

    assert templates[0].uri_template == "hex://tools/{name}"
    assert page.startswith("## Cancel a run (`hex_cancel_run`)")


@pytest.mark.parametrize(
    "uri", ["hex://tools/none", "hex://reference/none", "file:///etc/passwd", "hex://tools/../block"]
)
def test_there_is_no_other_page(uri, ask):
    refused = ask(lambda client: client.read_resource(uri))

    assert isinstance(refused, MCPError)
    assert refused.error.code == -32002
