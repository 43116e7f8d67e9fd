"""The OpenAPI document in every form, held against what its importers are known to demand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from hex_blocks import Hex
from hex_blocks.hosts.models.schemas import is_hidden
from hex_blocks.hosts.models.toolsets import select_tools
from hex_blocks.hosts.openapi.dialects import in_version, schema_3_0
from hex_blocks.hosts.openapi.document import DocumentRequest, document
from hex_blocks.hosts.openapi.export import HOST_NAMES, NAMES
from hex_blocks.hosts.openapi.importers import DEFAULT_TOOLS, TooManyError, for_host, in_words, pascal_case, shortened
from hex_blocks.i18n.texts import languages
from tests.marks import mostly_slow

PUBLIC = "https://hex.example.com/blocks"


def asked(registry, *tools: str, language: str | None = None, server_url: str = PUBLIC) -> DocumentRequest:
    return DocumentRequest(registry, tuple(select_tools(registry, tools or ("all",))), language, server_url)


def operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in made["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(value, list):
        for each in value:
            yield from parts(each)
    elif isinstance(value, dict):
        yield value
        for key, each in value.items():
            if key not in ("example", "default"):
                yield from parts(each)


@pytest.mark.parametrize("language", mostly_slow(languages(), "en"))
def test_each_tool_is_an_operation_whose_example_fits_its_schema(language, registry):
    made = document(asked(registry, language=language))

    for tool in select_tools(registry, ["all"]):
        operation = made["paths"][f"/v1/tools/{tool.id}"]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        assert operation["operationId"] == tool.id
        assert operation["summary"] == tool.title(language)
        assert [
            error.message for error in Draft202012Validator(content["schema"]).iter_errors(content["example"])
        ] == []
        outputs = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator.check_schema(outputs)


def test_neither_token_nor_base_url_nor_a_file_of_the_machine_is_an_input(registry):
    made = document(asked(registry))

    for _, _, operation in operations(made):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert not {"apiKey", "baseUrl", "path"} & set(content["schema"]["properties"])
            assert not {"apiKey", "baseUrl"} & set(content.get("example", {}))


def test_what_a_call_gives_is_as_the_document_says(registry, hex_connection):
    made = document(asked(registry))
    schema = made["paths"]["/v1/tools/hex_list_projects"]["post"]["responses"]["200"]["content"]["application/json"]

    given = Hex(connection=hex_connection, tools=registry).call("hex_list_projects", {"limit": 3})

    assert [error.message for error in Draft202012Validator(schema["schema"]).iter_errors(given)] == []


def test_operation_ids_are_unique_and_every_path_parameter_is_declared(registry):
    made = document(asked(registry))
    ids = [operation["operationId"] for _, _, operation in operations(made)]

    assert len(ids) == len(set(ids))
    for path, _, operation in operations(made):
        declared = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
        assert re.findall(r"\{(\w+)\}", path) == declared


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"type": ["string", "null"], "enum": ["a", None]}, {"type": "string", "nullable": True, "enum": ["a"]}),
        ({"type": ["string", "number", "null"], "description": "x"}, {"description": "x"}),
        ({"type": ["array", "null"]}, {"type": "array", "nullable": True, "items": {}}),
        ({"type": "string", "examples": [0, 1]}, {"type": "string", "example": 0}),
        ({"type": "string", "contentEncoding": "base64"}, {"type": "string", "format": "byte"}),
        ({"type": "string", "contentMediaType": "application/json"}, {"type": "string"}),
    ],
)
def test_a_schema_is_said_in_the_words_of_3_0(newer, older):
    assert schema_3_0(newer) == older


@pytest.mark.parametrize("version", ["3.0", "2.0"])
def test_older_versions_know_no_word_of_newer_ones(version, registry):
    made = in_version(document(asked(registry)), version)

    for part in parts(made["paths"]):
        if isinstance(part.get("type"), str | list) and "description" in part:
            assert isinstance(part["type"], str)
            assert not {"examples", "contentEncoding", "contentMediaType", "$schema"} & set(part)
            assert version == "3.0" or not {"nullable", "writeOnly"} & set(part)
        assert "nullable" not in part or "type" in part
        assert None not in (part["enum"] if isinstance(part.get("enum"), list) else [])


def test_swagger_names_host_path_and_scheme(registry):
    made = in_version(document(asked(registry)), "2.0")

    assert (made["host"], made["basePath"], made["schemes"]) == ("hex.example.com", "/blocks", ["https"])
    assert all("requestBody" not in operation for _, _, operation in operations(made))


@pytest.mark.parametrize("language", languages())
def test_the_form_for_a_gpt(language, registry):
    tools = DEFAULT_TOOLS["gpt"]
    made = for_host(asked(registry, *tools, language=language), "gpt")

    assert made["openapi"].startswith("3.1")
    assert isinstance(made["components"]["schemas"], dict)
    assert len(made["components"]["securitySchemes"]) == 1
    assert sum(1 for _ in operations(made)) <= 30
    for path, _, operation in operations(made):
        assert len(operation["summary"]) <= 300
        assert 0 < len(operation["description"]) <= 300
        assert all(each["in"] != "header" for each in operation.get("parameters", []))
        tool = registry[path.rpartition("/")[2]] if "/tools/" in path else None
        assert operation["x-openai-isConsequential"] is (tool is not None and tool.operation == "mutation")
    for part in parts(made["paths"]):
        assert "$ref" not in part
        assert not isinstance(part.get("type"), list)
        if isinstance(part.get("description"), str):
            assert len(part["description"]) <= 700


def test_a_gpt_takes_no_more_than_thirty(registry):
    with pytest.raises(TooManyError) as caught:
        for_host(asked(registry, "all"), "gpt")

    assert caught.value.most == 30


def test_descriptions_are_cut_after_a_whole_sentence():
    assert shortened("One. Two is longer. Three.", 12) == "One."
    assert shortened("One. Two is longer. Three.", 300) == "One. Two is longer. Three."
    assert shortened("一つ。二つ。三つ。", 7) == "一つ。二つ。"
    assert shortened("An endless sentence without an end", 10) == "An endles…"


@pytest.mark.parametrize("language", mostly_slow(languages(), "en"))
def test_the_form_for_power_automate(language, registry):
    made = for_host(asked(registry, language=language), "powerautomate")

    assert made["swagger"] == "2.0"
    for _, _, operation in operations(made):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", operation["operationId"])
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert operation["description"].endswith((".", "。"))
        for parameter in operation["parameters"]:
            assert parameter["in"] == "body" or (parameter["x-ms-summary"] and parameter["description"])
            assert parameter["in"] != "path" or parameter["x-ms-url-encoding"] == "single"
            for name, part in parameter.get("schema", {}).get("properties", {}).items():
                assert part["x-ms-summary"], name
    for part in parts(made["paths"]):
        assert not {"anyOf", "oneOf", "allOf", "nullable", "x-nullable", "$ref"} & set(part)
        assert not isinstance(part.get("type"), list)


def test_names_are_put_into_words():
    assert pascal_case("hex_get_run-status") == "HexGetRunStatus"
    assert in_words("projectId") == "Project ID"
    assert in_words("runUrl") == "Run URL"
    assert in_words("limit") == "Limit"


def read_by_dify(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Read a document as Dify's parser of custom tools does, with what it stumbles over.

    It takes the first server, the description before the summary, one media type, and a type only if it is a text.
    """
    server = made["servers"][0]["url"]
    assert urlsplit(server).scheme in ("http", "https")
    tools = []
    for path, method, operation in operations(made):
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", operation["operationId"])
        fields = {each["name"]: each["schema"] for each in operation.get("parameters", [])}
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            fields |= content["schema"]["properties"]
        shown = {}
        for name, schema in fields.items():
            shown[name] = {"integer": "number", "number": "number", "boolean": "boolean"}.get(schema["type"], "string")
            default = schema.get("default")
            assert default is None or isinstance(default, str | int | float | bool)
        name, description = operation["operationId"], operation.get("description") or operation["summary"]
        tools.append({"name": name, "description": description, "url": server + path, "method": method, "form": shown})
    return tools


@pytest.mark.parametrize("language", languages())
def test_the_form_for_dify(language, registry):
    made = for_host(asked(registry, language=language), "dify")

    tools = {tool["name"]: tool for tool in read_by_dify(made)}

    assert tools["hex_run_project"]["url"] == f"{PUBLIC}/v1/tools/hex_run_project"
    assert tools["hex_run_project"]["form"]["inputParams"] == "string"
    for _, _, operation in operations(made):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert {each["type"] for each in content["schema"]["properties"].values()} <= {
                "string",
                "integer",
                "number",
                "boolean",
            }


def test_what_dify_writes_as_json_is_taken(registry):
    """Every example is a call that the service takes, with objects and lists as texts of JSON."""
    made = for_host(asked(registry), "dify")

    for tool in select_tools(registry, ["all"]):
        body = made["paths"][f"/v1/tools/{tool.id}"]["post"]["requestBody"]["content"]["application/json"]
        inputs = tool.spec.examples[0].inputs
        theirs = {name: value for name, value in inputs.items() if name not in ("apiKey", "baseUrl")}
        hidden = {name: value for name, value in theirs.items() if is_hidden(tool.spec.inputs[name])}
        assert tool.check(body["example"] | hidden) == tool.check(theirs)


def test_the_export_holds_every_form(hex_blocks, tmp_path):
    done = hex_blocks("export", "openapi", "--out", str(tmp_path / "out"), "--language", "de")

    assert done.returncode == 0, done.stderr
    made = {file.name: json.loads(file.read_text()) for file in (tmp_path / "out").glob("[a-z]*.json")}
    assert set(made) == {*NAMES.values(), *HOST_NAMES.values()}
    assert made["swagger-2.0.json"]["swagger"] == "2.0"
    assert "Projekt" in made["openapi-3.1.json"]["paths"]["/v1/tools/hex_run_project"]["post"]["summary"]


def test_an_export_of_a_few_tools_has_only_those(hex_blocks, tmp_path):
    hex_blocks("export", "openapi", "--out", str(tmp_path / "out"), "--tools", "hex_ask")

    made = json.loads((tmp_path / "out" / "openapi-gpt.json").read_text())

    assert set(made["paths"]) == {"/v1/tools/hex_ask", "/v1/jobs/{jobId}"}
