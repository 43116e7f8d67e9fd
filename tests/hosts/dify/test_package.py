"""The package by the marketplace's public rules, and its declarations by those of Dify's daemon."""

from __future__ import annotations

import io
import re
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from hex_blocks import Registry
from hex_blocks.hosts.builders.forms import HIDDEN_TOOLS
from hex_blocks.hosts.exports import archives, request_for, targets
from tests.conftest import REPOSITORY
from tests.hosts.own_package import metadata_folder

MOST_BYTES = 50 * 1024 * 1024
LONGEST = 1024
NAME = re.compile(r"[a-z0-9_-]{1,64}")
TYPES = {"string", "number", "boolean", "select"}
FORBIDDEN = re.compile(r"(^|/)(\.env|\.git|\.venv|__pycache__|\.idea|\.vscode|\.DS_Store)(/|$)|\.(pyc|log|so|exe)$")
SECRET = re.compile(rb"hxt[pw]_[A-Za-z0-9]{8,}")
LANGUAGES = {"en_US", "zh_Hans", "pt_BR", "ja_JP"}


@pytest.fixture(scope="module")
def request_of_all(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        if own := metadata_folder(tmp_path_factory.mktemp("own")):
            patch.syspath_prepend(str(own))
        yield lambda **options: request_for(targets()["dify"], Registry.load(plugins=False), **options)


@pytest.fixture(scope="module")
def made(request_of_all):
    return targets()["dify"].files(request_of_all())


@pytest.fixture(scope="module")
def all_made(request_of_all):
    return targets()["dify"].files(request_of_all(tools=["all"]))


def read(made: Any, path: str) -> Any:
    return yaml.safe_load(made[path])


def tools_of(made: Any) -> list[Any]:
    return [read(made, path) for path in read(made, "provider/hex.yaml")["tools"]]


def test_about_thirty_tools_are_shown_and_all_where_asked(made, all_made, registry):
    hidden = set(HIDDEN_TOOLS) | {tool.id for tool in registry.values() if tool.experimental}

    assert len(tools_of(made)) == 30
    assert {tool["identity"]["name"] for tool in tools_of(all_made)} == set(registry) - hidden


def test_the_package_is_a_zip_sorted_by_name(request_of_all, made, tmp_path):
    ((path, content),) = archives(targets()["dify"], request_of_all(), made, tmp_path / "hex").items()

    assert path.name == "hex.difypkg"
    assert len(content) < MOST_BYTES
    with ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == sorted(made)


def test_it_has_what_the_marketplace_asks_for(made):
    manifest = read(made, "manifest.yaml")

    assert NAME.fullmatch(manifest["author"])
    assert NAME.fullmatch(manifest["name"])
    assert "dify" not in manifest["author"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert f"_assets/{manifest['icon']}" in made
    assert manifest["privacy"] in made
    readme = made["README.md"].decode()
    assert all(word in readme for word in ("Set up", "API token", "Requirements", "Source: https://"))
    assert made["LICENSE"] == (REPOSITORY / "LICENSE").read_bytes()


def test_it_has_only_what_is_needed_and_no_secret(made):
    assert [path for path in made if FORBIDDEN.search(path)] == []
    for path, content in made.items():
        held = {path: content}
        if path.endswith(".whl"):
            with ZipFile(io.BytesIO(content)) as wheel:
                held = {name: wheel.read(name) for name in wheel.namelist()}
            assert not [name for name in held if name.startswith("tests/")]
        else:
            assert not SECRET.search(content), path


def test_dependencies_are_bounded_and_none_is_by_address(made):
    lines = made["requirements.txt"].decode().splitlines()

    for line in lines:
        assert "://" not in line
        if line.startswith("./"):
            assert line.removeprefix("./") in made
        else:
            assert re.match(r"\w+>=[\d.]+,<[\d.]+", line)


def test_every_declaration_is_in_bounds(all_made):
    for tool in tools_of(all_made):
        module = all_made[tool["extra"]["python"]["source"]].decode()
        assert f'tool_id = "{tool["identity"]["name"]}"' in module
        names = [each["name"] for each in tool["parameters"]]
        assert len(set(names)) == len(names)
        assert not {"text", "json", "files"} & set(tool["output_schema"]["properties"])
        for each in tool["parameters"]:
            assert each["type"] in TYPES, each
            assert each["form"] in ("llm", "form")
            assert bool(each.get("llm_description")) == (each["form"] == "llm")
            assert ("options" in each) == (each["type"] == "select")
            assert each["form"] == "llm" or not each["required"]


def test_words_are_in_difys_languages_and_short(all_made):
    said = list(texts(read(all_made, "manifest.yaml"))) + list(texts(read(all_made, "provider/hex.yaml")))
    said += [each for tool in tools_of(all_made) for each in texts(tool)]

    assert all("en_US" in each and set(each) <= LANGUAGES for each in said)
    assert all(len(words) < LONGEST for each in said for words in each.values())
    assert sum(set(each) == LANGUAGES for each in said) > 100


def texts(value: Any) -> Any:
    if isinstance(value, dict) and "en_US" in value:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def test_what_is_for_people_is_not_the_models(made):
    (tool,) = [each for each in tools_of(made) if each["identity"]["name"] == "hex_run_and_wait"]
    forms = {each["name"]: each["form"] for each in tool["parameters"]}

    assert {name for name, form in forms.items() if form == "llm"} == {"projectId", "inputParams"}
    assert {"timeout", "failOnRunError", "idempotencyKey"} <= set(forms)
    assert not {"apiKey", "baseUrl", "cancelOnInterrupt"} & set(forms)


def test_a_switch_with_three_states_is_chosen_not_ticked(made):
    (tool,) = [each for each in tools_of(made) if each["identity"]["name"] == "hex_run_notebook"]
    parameters = {each["name"]: each for each in tool["parameters"]}

    assert [each["value"] for each in parameters["useCachedSqlResults"]["options"]] == ["true", "false"]
    assert "default" not in parameters["useCachedSqlResults"]
