from __future__ import annotations

import json

import pytest

TARGETS = ["openai", "anthropic", "gemini", "json-schema"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_what_is_exported_is_json(target, strict, here):
    done = here("export", target, *strict)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_tools_are_chosen_by_name_and_by_set(here):
    done = here("export", "anthropic", "--tools", "hex_cancel_run,people", "--no-search", "--read-only")

    names = [tool["name"] for tool in json.loads(done.stdout)]

    assert "hex_list_users" in names
    assert not {"hex_cancel_run", "hex_delete_group"} & set(names)


def test_it_says_which_of_anthropics_are_not_strict(here):
    done = here("export", "anthropic", "--strict", "--tools", "all")

    plain = [tool["name"] for tool in json.loads(done.stdout) if not tool.get("strict")]

    assert plain
    assert f"Not strict, since a request may hold only so many optional inputs: {', '.join(plain)}" in done.stderr


def test_responses_are_openais(here):
    assert here("export", "gemini", "--responses").returncode == 2
    assert json.loads(here("export", "openai", "--responses").stdout)[0]["name"] == "hex_find_project"


def test_a_mistyped_name_is_wrong_use(here):
    done = here("export", "openai", "--tools", "projcts")

    assert done.returncode == 2
    assert "Did you mean projects" in done.stderr
