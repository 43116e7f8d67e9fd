"""Converts an OpenAPI 3.1 document to the versions 3.0 and 2.0 (Swagger), whatever its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

Schema = dict[str, Any]
Document = dict[str, Any]

VERSIONS = ("3.1", "3.0", "2.0")
# Keywords of schemas that 3.0 does not have.
_NOT_IN_3_0 = ("contentMediaType", "contentEncoding", "examples", "$schema")
_BODY_NAME = "body"


def in_version(document: Document, version: str) -> Document:
    """Return an OpenAPI 3.1 document in one of VERSIONS."""
    if version == "3.0":
        return to_3_0(document)
    return to_2_0(document) if version == "2.0" else document


def to_3_0(document: Document) -> Document:
    """Return an OpenAPI 3.1 document in version 3.0."""
    result = with_schemas(document, schema_3_0)
    info = {key: value for key, value in result["info"].items() if key != "summary"}
    license_ = {key: value for key, value in info.get("license", {}).items() if key != "identifier"}
    if license_:
        # 3.0 has a URL instead of an identifier.
        info["license"] = {**license_, "url": f"https://spdx.org/licenses/{license_['name']}.html"}
    return {**result, "openapi": "3.0.3", "info": info}


def schema_3_0(schema: Schema) -> Schema:
    """Return a schema of JSON Schema 2020-12 in the dialect of 3.0. Schemas inside it are not changed."""
    converted = {keyword: value for keyword, value in schema.items() if keyword not in _NOT_IN_3_0}
    types = schema.get("type", [])
    if isinstance(types, list):
        plain = [each for each in types if each != "null"]
        converted.pop("type", None)
        # In 3.0 a schema has one type; a schema without a type allows all values, including null.
        if len(plain) == 1:
            converted["type"] = plain[0]
            if "null" in types:
                converted["nullable"] = True
        converted |= {"items": {}} if plain == ["array"] and "items" not in converted else {}
    if "enum" in converted:
        converted["enum"] = [each for each in converted["enum"] if each is not None]
    if schema.get("examples"):
        converted["example"] = schema["examples"][0]
    if schema.get("contentEncoding") == "base64":
        converted["format"] = "byte"
    return converted


def with_schemas(document: Document, change: Callable[[Schema], Schema]) -> Document:
    """Return a document with `change` applied to every schema in it, outer schemas first."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: change_schema(each, change) if key == "schema" else each if key == "example" else walk(each)
            for key, each in value.items()
        }

    result: Document = walk(document)
    return result


def change_schema(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return a schema with `change` applied to it and to the schemas inside it."""
    result = change(schema)
    if "properties" in result:
        result["properties"] = {name: change_schema(part, change) for name, part in result["properties"].items()}
    if result.get("items"):
        result["items"] = change_schema(result["items"], change)
    return result


def to_2_0(document: Document) -> Document:
    """Return an OpenAPI 3.1 document in version 2.0."""
    older = with_schemas(to_3_0(document), _schema_2_0)
    server = urlsplit(older["servers"][0]["url"])
    components = older["components"]
    return {
        "swagger": "2.0",
        "info": older["info"],
        "host": server.netloc,
        "basePath": server.path.rstrip("/") or "/",
        "schemes": [server.scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "security": older["security"],
        "securityDefinitions": {
            name: {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": f"Bearer TOKEN. {scheme['description']}",
            }
            for name, scheme in components["securitySchemes"].items()
        },
        "tags": older["tags"],
        "paths": {
            path: {method: _operation_2_0(operation) for method, operation in item.items()}
            for path, item in older["paths"].items()
        },
        **({"responses": _responses_2_0(components["responses"])} if components.get("responses") else {}),
    }


def _schema_2_0(schema: Schema) -> Schema:
    converted = {keyword: value for keyword, value in schema.items() if keyword not in ("nullable", "writeOnly")}
    return converted | ({"x-nullable": True} if schema.get("nullable") else {})


def _operation_2_0(operation: dict[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in operation.items() if key not in ("requestBody", "parameters", "responses")}
    parameters = [_parameter_2_0(each) for each in operation.get("parameters", [])]
    if body := operation.get("requestBody"):
        (content,) = body["content"].values()
        parameters.append(
            {"name": _BODY_NAME, "in": "body", "required": body["required"], "schema": _with_example(content)}
        )
    produced = {kind for response in operation["responses"].values() for kind in response.get("content", {})} - {
        "application/problem+json"
    }
    if parameters:
        result["parameters"] = parameters
    if produced and produced != {"application/json"}:
        result["produces"] = sorted(produced)
    return result | {"responses": _responses_2_0(operation["responses"])}


def _with_example(content: dict[str, Any]) -> Schema:
    return {**content["schema"], **({"example": content["example"]} if content.get("example") else {})}


def _parameter_2_0(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter with the keywords of its schema at the top level; 2.0 has no example there."""
    schema = {key: value for key, value in parameter["schema"].items() if key not in ("example", "description")}
    return {key: value for key, value in parameter.items() if key != "schema"} | schema


def _responses_2_0(responses: dict[str, Any]) -> dict[str, Any]:
    return {status: _response_2_0(response) for status, response in responses.items()}


def _response_2_0(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        return {"$ref": response["$ref"].replace("#/components/responses/", "#/responses/")}
    result = {"description": response["description"]}
    if content := response.get("content"):
        result["schema"] = next(iter(content.values()))["schema"]
    if headers := response.get("headers"):
        result["headers"] = {
            name: {"description": header["description"], **header["schema"]} for name, header in headers.items()
        }
    return result
