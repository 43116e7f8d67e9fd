"""What holds for every tool, tested for each spec there is: a tool that is one request needs no test file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_schema_validator import OAS30Validator
from pytest_httpserver import HTTPServer
from werkzeug import Request

from hex_blocks import Connection, HexError, Registry, Tool
from hex_blocks.cli.new_tool import BLANK
from hex_blocks.clock import DrivenClock
from hex_blocks.errors.classes import KINDS
from hex_blocks.errors.sentences import BY_STATUS, SENTENCES
from hex_blocks.run import handler_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.spec.tool import Example
from tests.calling import hex_on, our_tools
from tests.conftest import TOKEN
from tests.documents import HEX_DOCUMENTS

REPOSITORY = Path(__file__).parents[1]
SPECS: dict[str, Any] = {id_: our_tools()[id_].raw for id_ in sorted(our_tools())}
# Its presence in a reply shows that outputs are those declared, whatever else Hex may add one day.
UNKNOWN_FIELD = {"fieldThatNobodyDeclared": 1}
OPERATIONS_OF_HEX = 52

Json = Any
Answer = Callable[[str, int], "Exchange"]


def is_one_request(raw: Json) -> bool:
    """Whether an example of a spec can be answered with its reply."""
    return (
        "request" in raw
        and not raw.get("experimental")
        and all("reply" in each or raw["request"].get("success") == 204 for each in raw["examples"])
    )


EXAMPLES = [(id_, number) for id_, raw in SPECS.items() for number in range(len(raw["examples"]))]
ANSWERED = [(id_, number) for id_, number in EXAMPLES if is_one_request(SPECS[id_])]
REQUESTS = [id_ for id_, raw in SPECS.items() if is_one_request(raw)]
# What becomes of a start whose outcome is in doubt is a longer story, told in tests/handlers.
PLAIN_REQUESTS = [id_ for id_ in REQUESTS if SPECS[id_]["request"]["operationId"] != "RunProject"]
DEMANDING = [id_ for id_, raw in SPECS.items() if any(each.get("required") for each in raw["inputs"].values())]

every_tool = pytest.mark.parametrize("tool_id", SPECS)
every_request = pytest.mark.parametrize("tool_id", REQUESTS)
every_example = pytest.mark.parametrize(("tool_id", "number"), EXAMPLES)
every_answered_example = pytest.mark.parametrize(("tool_id", "number"), ANSWERED)


@dataclass(frozen=True)
class Exchange:
    """A call of an example: what it was, what arrived at Hex, and what came of it."""

    tool: Tool
    example: Example
    request: Request
    outputs: dict[str, Any]

    @property
    def sent(self) -> dict[str, dict[str, Any]]:
        """The inputs given, by place and by their name in Hex."""
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
        for name, value in self.tool.check(self.example.inputs).items():
            field = self.tool.spec.inputs[name]
            if field.place in places:
                read = json.loads(value) if field.format == "json-object" else value
                read = {"null": None, "empty": ""}[field.true_sends] if field.true_sends else read
                places[field.place][field.wire or name] = read
        return places

    @property
    def body(self) -> Json:
        """The body that arrived; of a form, its fields that are no files."""
        if self.request.form:
            return {name: json.loads(value) for name, value in self.request.form.items()}
        return self.request.get_json() if self.request.is_json else None


@pytest.fixture
def example_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put the files there that examples name."""
    monkeypatch.chdir(tmp_path)
    for raw in SPECS.values():
        paths = [name for name, field in raw["inputs"].items() if field.get("format") == "path"]
        for file in [
            Path(each["inputs"][name]) for each in raw["examples"] for name in paths if name in each["inputs"]
        ]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"the contents of a file")


@pytest.fixture
def no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every request at once, also after a refusal."""
    monkeypatch.setenv("HEX_BLOCKS_BUDGET", "off")


@pytest.fixture
def answer(httpserver: HTTPServer, registry: Registry, connection: Connection, example_files: None) -> Iterator[Answer]:
    """Call the example of a tool against a server that answers as the example says."""

    def exchange(tool_id: str, number: int) -> Exchange:
        tool = registry[tool_id]
        example = tool.spec.examples[number]
        assert tool.spec.request is not None
        status = tool.spec.request.success
        expected = httpserver.expect_request(re.compile(""))
        if status == 204:
            expected.respond_with_data("", status=204)
        else:
            more = UNKNOWN_FIELD if isinstance(example.reply, dict) else {}
            expected.respond_with_json(example.reply | more, status=status)
        outputs = hex_on(connection).call(tool, example.inputs)
        return Exchange(tool, example, httpserver.log[0][0], outputs)

    yield exchange
    for request, _ in httpserver.log:
        request.close()


@pytest.fixture(scope="session", params=HEX_DOCUMENTS)
def hex_document(request: pytest.FixtureRequest) -> Json:
    """Hex's own OpenAPI documents, which are not part of the project."""
    document = json.loads(HEX_DOCUMENTS[request.param].read_bytes())
    schemas = document["components"]["schemas"]
    extended = re.findall(r'"allOf": \[\{"\$ref": "#/components/schemas/(\w+)"\}, ', json.dumps(document))
    # What others extend has to stay open.
    kept_open = {name: schemas[name] for name in extended}
    return closed(document) | {"components": {"schemas": closed(schemas) | kept_open}, "document": request.param}


def as_told_by(document: Json, value: Json, field: Json) -> Json:
    """Give a part of a reply as it is by a document, which may write numbers where a newer one writes text."""
    if isinstance(value, list):
        return [as_told_by(document, each, field.get("items", {})) for each in value]
    if isinstance(value, dict):
        by_wire = {each.get("from", name): each for name, each in field.get("fields", {}).items()}
        return {name: as_told_by(document, part, by_wire.get(name, {})) for name, part in value.items()}
    was_a_number = "words" in field and document["document"] == "before" and isinstance(value, str)
    return int(value) if was_a_number and value.isdigit() else value


def newer_names(fields: Json) -> set[str]:
    """Name the fields of outputs, at any depth, that not every document has."""
    nested = [each.get("fields", {}) | each.get("items", {}).get("fields", {}) for each in fields.values()]
    here = {each.get("from", name) for name, each in fields.items() if each.get("newer")}
    return here | {name for each in nested for name in newer_names(each)}


def operations(document: Json) -> dict[str, Json]:
    """Give Hex's operations by id, each with its method and its path below the base URL."""
    return {
        operation["operationId"]: operation | {"method": method.upper(), "path": path.removeprefix("/v1")}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def schemas_in(schema: Json) -> Iterator[Json]:
    """Give a JSON Schema and all that are nested in it."""
    yield schema
    for nested in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from schemas_in(nested)


def takes(schema: Json, type_: str) -> bool:
    return type_ in ([schema["type"]] if isinstance(schema["type"], str) else schema["type"])


def strict_call(schema: Json, value: Json) -> Json:
    """Write a value as a model in strict form has to: nothing left out, free-form objects as JSON in a string."""
    if "properties" in schema and isinstance(value, dict):
        return {name: strict_call(nested, value.get(name)) for name, nested in schema["properties"].items()}
    if isinstance(value, list):
        return [strict_call(schema["items"], entry) for entry in value]
    return json.dumps(value) if takes(schema, "string") and isinstance(value, dict) else value


def texts_of(value: Json, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Give every title and description in a part of a spec: its place, its kind and itself."""
    for name, nested in value.items() if isinstance(value, dict) else ():
        if name in ("title", "description") and isinstance(nested, str):
            yield place, name, nested
        elif name not in ("example", "examples", "reply"):
            yield from texts_of(nested, f"{place}.{name}".lstrip("."))


def at(body: Json, wire: str) -> Json:
    """Read a dotted path of a body; `[]` after a name reads each entry."""
    step, _, rest = wire.partition(".")
    found = body[step.removesuffix("[]")]
    if not rest:
        return found
    return [at(entry, rest) for entry in found] if step.endswith("[]") else at(found, rest)


def as_in_query(value: Json, style: str) -> list[str]:
    """Write a value as it stands in a query."""
    words = [json.dumps(each) if isinstance(each, bool) else str(each) for each in as_list(value)]
    return [",".join(words)] if style == "comma" else words


def as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def in_every_entry(value: Json, found: Json) -> Json:
    """Repeat a single value as often as it was found."""
    return [value] * len(found) if isinstance(found, list) and not isinstance(value, list) else value


def wires(tool: Tool, place: str) -> set[str]:
    """Name what a tool sends in a place, as Hex names it."""
    return {field.wire or name for name, field in tool.spec.inputs.items() if field.place == place}


def faults_of(document: Json, schema: Json, value: Json, newer: Collection[str] = ()) -> list[str]:
    """Check a value against a schema of Hex's document; the one before need not know what is newer."""
    whole = {"components": document["components"], "allOf": [schema]}
    faults = OAS30Validator(whole).iter_errors(value)
    unknown = newer if document["document"] == "before" else ()
    return [f"{fault.json_path}: {fault.message}" for fault in faults if not is_of(fault, unknown)]


def is_of(fault: ValidationError, names: Collection[str]) -> bool:
    """Whether a fault is of nothing but fields of these names that a schema does not know."""
    if fault.validator != "additionalProperties":
        return False
    known: Json = fault.schema
    given: Json = fault.instance
    return set(given) - set(known.get("properties", {})) <= set(names)


def closed(schema: Json, inside_all_of: bool = False) -> Json:
    """Close all objects of Hex's document, so that a name that Hex does not have is seen.

    A nullable `allOf` is meant to take null, which validators, rightly, do not read from it.
    """
    if isinstance(schema, list):
        return [closed(each, inside_all_of) for each in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(nested, name == "allOf") for name, nested in schema.items()}
    if parts.get("type") == "object" and "properties" in parts and not inside_all_of:
        parts = {"additionalProperties": False, **parts}
    return {"anyOf": [{"enum": [None]}, {"allOf": parts["allOf"]}]} if parts.keys() >= {"nullable", "allOf"} else parts


def read_from_query(document: Json, schema: Json, words: list[str]) -> Json:
    """Read a value of a query as the type that Hex's document gives it."""
    schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if schema.get("type") == "array":
        return [read_from_query(document, schema["items"], [word]) for word in words]
    return words[0] if schema.get("type", "string") == "string" else json.loads(words[0])


@every_tool
def test_a_spec_reads(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]

    assert tool.spec.id == tool_id


@every_tool
def test_a_handler_is_found(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]

    assert callable(handler_of(tool))


@every_example
def test_an_example_passes_its_own_checks(registry: Registry, tool_id: str, number: int) -> None:
    tool = registry[tool_id]
    inputs = tool.spec.examples[number].inputs

    checked = tool.check(inputs)

    assert {name for name, value in inputs.items() if value is not None} == set(checked) - cleared(tool, inputs)


def cleared(tool: Tool, inputs: dict[str, Any]) -> set[str]:
    """Name the inputs that are given as null and mean it."""
    return {name for name, value in inputs.items() if value is None and tool.spec.inputs[name].null_means == "null"}


@every_answered_example
def test_an_example_arrives_with_the_declared_method_and_path(answer: Answer, tool_id: str, number: int) -> None:
    exchange = answer(tool_id, number)

    request = SPECS[tool_id]["request"]
    path = re.sub(r"\{(\w+)\}", lambda name: exchange.sent["path"][name[1]], request["path"])
    assert (exchange.request.method, exchange.request.path) == (request["method"], f"/api/v1{path}")
    assert exchange.request.headers["Authorization"] == "Bearer hxtp_token_of_the_tests"


@every_answered_example
def test_an_example_arrives_with_the_declared_query(answer: Answer, tool_id: str, number: int) -> None:
    exchange = answer(tool_id, number)

    styles = {field.wire or name: field.style for name, field in exchange.tool.spec.inputs.items()}
    assert exchange.request.args.to_dict(flat=False) == {
        wire: as_in_query(value, styles[wire]) for wire, value in exchange.sent["query"].items()
    }


@every_answered_example
def test_an_example_arrives_with_the_declared_body(answer: Answer, tool_id: str, number: int) -> None:
    exchange = answer(tool_id, number)

    found = {wire: at(exchange.body, wire) for wire in exchange.sent["body"]}
    assert found == {wire: in_every_entry(value, found[wire]) for wire, value in exchange.sent["body"].items()}


@every_answered_example
def test_an_example_gives_exactly_its_outputs(answer: Answer, tool_id: str, number: int) -> None:
    exchange = answer(tool_id, number)

    assert exchange.outputs == exchange.example.outputs
    assert list(exchange.outputs)[: len(exchange.tool.spec.outputs)] == list(exchange.tool.spec.outputs)


@pytest.fixture
def impatient(httpserver: HTTPServer, clock: DrivenClock) -> Iterator[Connection]:
    """A connection that sends no request again."""
    origin = httpserver.url_for("").rstrip("/")
    with Connection(TOKEN, f"{origin}/api/v1", allowed_hosts=(origin,), pinned=True, clock=clock, patience=0) as made:
        yield made


@pytest.mark.parametrize("tool_id", PLAIN_REQUESTS)
@pytest.mark.usefixtures("example_files", "no_budget")
@pytest.mark.any_answer
def test_every_error_status_gives_the_declared_error(
    httpserver: HTTPServer, impatient: Connection, registry: Registry, tool_id: str
) -> None:
    tool = registry[tool_id]
    assert tool.spec.request is not None
    declared = {int(status): key for status, key in tool.spec.request.errors.items()}
    expected = BY_STATUS | declared

    answered = {status: error_of(tool, status, httpserver, impatient) for status in expected}

    assert {status: (type(error), error.key) for status, error in answered.items()} == {
        status: (KINDS[SENTENCES[key].kind], key) for status, key in expected.items()
    }
    assert {(error.status, error.trace_id) for error in answered.values()} == {(status, "t-1") for status in expected}


def error_of(tool: Tool, status: int, httpserver: HTTPServer, connection: Connection) -> HexError:
    """Call a tool against a server that answers an error."""
    httpserver.clear()
    httpserver.expect_request(re.compile("")).respond_with_json({"reason": "No.", "traceId": "t-1"}, status=status)
    with pytest.raises(HexError) as raised:
        hex_on(connection).call(tool, tool.spec.examples[0].inputs)
    return raised.value


@every_tool
@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
@pytest.mark.parametrize("connection", [False, True], ids=["without-connection", "with-connection"])
def test_the_input_schema_is_json_schema(registry: Registry, tool_id: str, strict: bool, connection: bool) -> None:
    schema = registry[tool_id].input_schema(strict=strict, connection=connection)

    Draft202012Validator.check_schema(schema)

    assert ({"apiKey", "baseUrl"} <= set(schema["properties"])) is connection


@every_tool
def test_the_output_schema_is_json_schema(registry: Registry, tool_id: str) -> None:
    schema = registry[tool_id].output_schema()

    Draft202012Validator.check_schema(schema)

    assert list(schema["properties"]) == [*SPECS[tool_id]["outputs"], "warnings"]


@every_example
def test_the_inputs_of_an_example_fit_their_schema(registry: Registry, tool_id: str, number: int) -> None:
    tool = registry[tool_id]
    schema = tool.input_schema(connection="baseUrl" in SPECS[tool_id].get("connectionRequired", ()))

    faults = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(
        tool.spec.examples[number].inputs
    )

    assert [fault.message for fault in faults] == []


@every_example
def test_the_outputs_of_an_example_fit_their_schema(registry: Registry, tool_id: str, number: int) -> None:
    tool = registry[tool_id]
    validator = Draft202012Validator(tool.output_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)

    faults = validator.iter_errors(tool.spec.examples[number].outputs)

    assert [fault.message for fault in faults] == []


@every_tool
def test_the_strict_form_leaves_nothing_open(registry: Registry, tool_id: str) -> None:
    schema = registry[tool_id].input_schema(strict=True)
    objects = [each for each in schemas_in(schema) if takes(each, "object")]

    assert [each for each in objects if each.get("additionalProperties") is not False] == []
    assert [each for each in objects if each.get("required", []) != list(each.get("properties", {}))] == []
    assert [each for each in objects if "properties" not in each] == []
    assert [each for each in schemas_in(schema) if takes(each, "array") and "items" not in each] == []


@every_example
def test_a_call_in_strict_form_is_accepted(registry: Registry, tool_id: str, number: int) -> None:
    tool = registry[tool_id]
    inputs = tool.spec.examples[number].inputs
    schema = tool.input_schema(strict=True, connection="baseUrl" in inputs)
    call = strict_call(schema, inputs)

    checked = tool.check(call)

    assert [fault.message for fault in Draft202012Validator(schema).iter_errors(call)] == []
    assert checked == tool.check(inputs) | dict.fromkeys(cleared(tool, call))


@pytest.mark.parametrize("tool_id", DEMANDING)
def test_every_missing_input_is_named(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]
    required = [name for name, field in SPECS[tool_id]["inputs"].items() if field.get("required")]

    with pytest.raises(HexError) as raised:
        tool.check({})

    assert raised.value.key == "bad_inputs"
    assert [fault.input for fault in raised.value.faults if fault.key == "missing"] == required


@every_tool
def test_the_words_of_a_tool_are_whole(tool_id: str) -> None:
    told = list(texts_of(SPECS[tool_id]))

    assert [each for each in told if each[2] != each[2].strip() or not each[2] or BLANK in each[2]] == []
    assert [each for each in told if each[1] == "title" and not re.fullmatch(r"[A-Z\d].*[^.:!]", each[2])] == []
    assert [each for each in told if each[1] == "description" and not re.search(r"[.!?]\)?$", each[2])] == []
    assert [name for name, field in SPECS[tool_id]["inputs"].items() if not field.get("title")] == []


@every_request
def test_the_request_is_an_operation_of_hex(hex_document: Json, tool_id: str) -> None:
    request = SPECS[tool_id]["request"]
    operation = operations(hex_document)[request["operationId"]]

    assert (request["method"], shape(request["path"])) == (operation["method"], shape(operation["path"]))
    assert str(request.get("success", 200)) in operation["responses"]


def shape(path: str) -> str:
    """Give a path without the names in its braces, and with the first of two spellings."""
    return re.sub(r"\{\w+\}", "{}", re.sub(r"\((\S+?)\|\S+?\)", r"\1", path))


@every_request
def test_every_query_parameter_of_hex_is_an_input(hex_document: Json, registry: Registry, tool_id: str) -> None:
    operation = operations(hex_document)[SPECS[tool_id]["request"]["operationId"]]

    documented = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}

    newer = {field.get("wire", name) for name, field in SPECS[tool_id]["inputs"].items() if field.get("newer")}
    assert documented - wires(registry[tool_id], "query") == set()
    assert wires(registry[tool_id], "query") - documented <= newer


@every_answered_example
def test_the_query_of_an_example_is_one_that_hex_documents(
    hex_document: Json, answer: Answer, tool_id: str, number: int
) -> None:
    exchange = answer(tool_id, number)

    operation = operations(hex_document)[SPECS[tool_id]["request"]["operationId"]]
    schemas = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    query = {
        name: read_from_query(hex_document, schemas[name], words)
        for name, words in exchange.request.args.to_dict(flat=False).items()
    }
    assert faults_of(hex_document, {"type": "object", "properties": schemas}, query) == []


@every_answered_example
def test_the_body_of_an_example_is_one_that_hex_documents(
    hex_document: Json, answer: Answer, tool_id: str, number: int
) -> None:
    exchange = answer(tool_id, number)

    operation = operations(hex_document)[SPECS[tool_id]["request"]["operationId"]]
    documented = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = documented.get("schema", {"enum": [None]})
    assert faults_of(hex_document, schema, exchange.body) == []


@every_answered_example
def test_the_reply_of_an_example_is_one_that_hex_documents(hex_document: Json, tool_id: str, number: int) -> None:
    request, example = SPECS[tool_id]["request"], SPECS[tool_id]["examples"][number]
    operation = operations(hex_document)[request["operationId"]]

    content = operation["responses"][str(request.get("success", 200))].get("content", {})
    schema = content.get("application/json", {}).get("schema", {"enum": [None]})

    reply = as_told_by(hex_document, example.get("reply"), {"fields": SPECS[tool_id]["outputs"]})
    assert faults_of(hex_document, schema, reply, newer_names(SPECS[tool_id]["outputs"])) == []


def test_every_operation_of_hex_has_a_tool(hex_document: Json) -> None:
    there = set(operations(hex_document))

    served = {raw["request"]["operationId"] for raw in SPECS.values() if "request" in raw and "experimental" not in raw}

    assert len(there) == OPERATIONS_OF_HEX
    assert sorted(there - served) == []
    assert sorted(served - there) == []


EXAMPLES = [(tool_id, number) for tool_id, raw in SPECS.items() for number in range(len(raw["examples"]))]


@pytest.mark.parametrize(("tool_id", "number"), EXAMPLES)
def test_an_example_runs_on_the_sandbox_as_it_stands(
    registry: Registry, sandbox: Sandbox, clock: DrivenClock, tool_id: str, number: int
) -> None:
    example = registry[tool_id].spec.examples[number]
    options: Json = {"allowed_hosts": (sandbox.origin,), "pinned": True, "clock": clock}

    with Connection(TOKENS.personal, sandbox.base_url, **options) as connection:
        given = {name: value for name, value in example.inputs.items() if name != "apiKey"}
        outputs = hex_on(connection).call(tool_id, given)

    assert set(outputs) - {"warnings"} == set(example.outputs) - {"warnings"}
