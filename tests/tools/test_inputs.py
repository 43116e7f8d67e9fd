"""Inputs as callers send them: what is taken, what is refused, and that every fault is told with its place."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from hex_blocks import Registry
from hex_blocks.api.secret import Secret
from hex_blocks.errors.classes import InputError
from hex_blocks.errors.faults import FAULTS
from hex_blocks.tools.inputs.checker import checker
from hex_blocks.tools.spec.reading import read_tool_spec
from tests.marks import mostly_slow

ID = "5a8591dd-4039-49df-9202-96385ba3eff8"
SECRET = "hxtp_never_to_be_shown"
MEGABYTES = 10 * 1024 * 1024
TOOLS = sorted(file.stem for file in (Path(__file__).parents[2] / "tool_specs").glob("hex_*.json"))

# What the tool of these tests demands.
GIVEN = {"thingId": ID, "label": None}

Check = Callable[[Any], dict[str, Any]]


class Colour(Enum):
    RED = "RED"


FIELDS: dict[str, dict[str, Any]] = {
    "thingId": {"type": "string", "format": "uuid", "required": True},
    "name": {"type": "string", "minLength": 2, "maxLength": 5},
    "text": {"type": "string"},
    "mail": {"type": "string", "format": "email"},
    "at": {"type": "string", "format": "date-time"},
    "link": {"type": "string", "format": "uri"},
    "token": {"type": "string", "secret": True, "minLength": 30},
    "colour": {"type": "string", "enum": ["RED", "BLUE"]},
    "picture": {"type": "string", "enum": ["png", "pdf"]},
    "count": {"type": "integer", "minimum": 1, "maximum": 10},
    "whole": {"type": "integer"},
    "ratio": {"type": "number", "minimum": 0, "maximum": 1},
    "amount": {"type": "number"},
    "flag": {"type": "boolean"},
    "params": {"type": "object"},
    "paramsJson": {"type": "string", "format": "json-object"},
    "anything": {"type": "any"},
    "label": {"type": "string", "required": True, "nullable": True, "nullMeans": "null"},
    "words": {"type": "array", "maxLength": 3, "items": {"type": "string"}},
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
    "owner": {
        "type": "object",
        "fields": {
            "mail": {"type": "string", "format": "email", "required": True},
            "password": {"type": "string", "secret": True, "minLength": 30},
            "nickname": {"type": "string"},
            "place": {"type": "object", "fields": {"floor": {"type": "integer", "required": True}}},
        },
    },
    "rows": {
        "type": "array",
        "items": {
            "type": "object",
            "fields": {
                "key": {"type": "string", "enum": ["A", "B"], "required": True},
                "status": {"type": "string", "nullable": True, "nullMeans": "null"},
                "limit": {"type": "integer", "maximum": 5},
            },
        },
    },
    "either": {"type": "string"},
    "other": {"type": "string"},
    "first": {"type": "string"},
    "second": {"type": "string"},
}


def described(field: dict[str, Any]) -> dict[str, Any]:
    """Give a field the words that a spec demands."""
    nested = {"fields": {name: described(each) for name, each in field.get("fields", {}).items()}}
    items = {"items": described(field["items"])} if "items" in field else {}
    return {"description": "A field."} | field | (nested if "fields" in field else {}) | items


def check_of(**constraints: Any) -> Check:
    """Make the check of a tool that has an input of every kind."""
    inputs = {name: described(field) | {"title": name.title(), "in": "local"} for name, field in FIELDS.items()}
    spec = {
        "id": "hex_check_things",
        "group": "runs",
        "operation": "query",
        "title": "Check things",
        "description": "Check things.",
        "handler": "hex_blocks.nowhere:nothing",
        "constraints": constraints,
        "inputs": inputs,
        "outputs": {},
        "examples": [{"title": "None", "inputs": GIVEN, "outputs": {}}],
    }
    return checker(read_tool_spec(spec, "hex_check_things.json"))


CHECK = check_of()


def checked(**inputs: Any) -> dict[str, Any]:
    """Check inputs beside the one that is required, and give what came of them."""
    return {name: value for name, value in CHECK(GIVEN | inputs).items() if name in inputs}


def refused(inputs: Any, check: Check = CHECK) -> InputError:
    """Check inputs that are not taken."""
    with pytest.raises(InputError) as raised:
        check(inputs)
    return raised.value


def faults(**inputs: Any) -> dict[str, str]:
    """Check inputs that are not taken, and give the key of each fault by its place."""
    return {fault.input: fault.key for fault in refused(GIVEN | inputs).faults}


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\n "], ids=["null", "empty", "space", "white"])
@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if name not in ("thingId", "label")])
def test_null_and_blank_mean_not_given(name: str, nothing: str | None) -> None:
    result = CHECK(GIVEN | {name: nothing})

    assert result == GIVEN


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        ({}, ["thingId", "label"]),
        ({"thingId": None, "label": None}, ["thingId"]),
        ({"thingId": " ", "label": " "}, ["thingId", "label"]),
    ],
    ids=["absent", "null", "blank"],
)
def test_a_required_input_has_to_be_given(inputs: dict[str, Any], missing: list[str]) -> None:
    error = refused(inputs)

    assert (error.key, error.kind) == ("bad_inputs", "input")
    assert [(fault.input, fault.key) for fault in error.faults] == [(name, "missing") for name in missing]


def test_null_is_kept_where_it_means_something() -> None:
    result = checked(label=None, rows=[{"key": "A", "status": None, "limit": None}])

    assert result == {"label": None, "rows": [{"key": "A", "status": None}]}


def test_null_is_left_out_of_nested_objects() -> None:
    assert checked(owner={"mail": "a@b.cd", "nickname": None, "place": ""}) == {"owner": {"mail": "a@b.cd"}}


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("thingId", f"  {ID}\n", ID),
        ("mail", " ada@example.com ", "ada@example.com"),
        ("at", " 2026-01-31T08:00:00Z ", "2026-01-31T08:00:00Z"),
        ("link", " https://example.com ", "https://example.com"),
        ("token", f" {SECRET}{SECRET} ", SECRET * 2),
        ("colour", " RED ", "RED"),
        ("text", "  kept as it is ", "  kept as it is "),
        ("ids", [f" {ID} "], [ID]),
    ],
)
def test_ids_and_the_like_are_trimmed_and_other_text_is_not(name: str, given: Any, taken: Any) -> None:
    assert checked(**{name: given}) == {name: taken}


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("count", "7", 7),
        ("count", " 7 ", 7),
        ("count", "+7", 7),
        ("count", 7.0, 7),
        ("whole", "-3", -3),
        ("ratio", "0.5", 0.5),
        ("ratio", ".5", 0.5),
        ("ratio", 1, 1.0),
        ("amount", "1e3", 1000.0),
        ("amount", "-2.5", -2.5),
        ("flag", "true", True),
        ("flag", " FALSE ", False),
        ("flag", "yes", True),
        ("flag", "Y", True),
        ("flag", "f", False),
        ("flag", "off", False),
        ("flag", "1", True),
        ("flag", "0", False),
        ("params", '{"a": 1}', {"a": 1}),
        ("params", ' {"a": {"b": null}} ', {"a": {"b": None}}),
        ("params", {"a": [1, None]}, {"a": [1, None]}),
        ("paramsJson", '{"a": 1}', '{"a": 1}'),
        ("paramsJson", {"a": 1}, '{"a": 1}'),
        ("anything", "text", "text"),
        ("anything", [1, {"a": None}], [1, {"a": None}]),
        ("words", '["a", "b"]', ["a", "b"]),
        ("words", "a, b", ["a, b"]),
        ("ids", f"{ID}, {ID}", [ID, ID]),
        ("owner", '{"mail": "a@b.cd", "place": {"floor": "3"}}', {"mail": "a@b.cd", "place": {"floor": 3}}),
        ("rows", '[{"key": "a"}]', [{"key": "A"}]),
        ("colour", "blue", "BLUE"),
        ("colour", "Blue", "BLUE"),
        ("picture", "PNG", "png"),
        ("picture", "Pdf", "pdf"),
        ("thingId", ID.replace("-", ""), ID),
        ("thingId", f"{{{ID}}}", ID),
        ("thingId", f'"{ID}"', ID),
        ("thingId", f"\u201c{ID}\u201d", ID),
        ("thingId", f"urn:uuid:{ID}", ID),
        ("thingId", f"{ID}.", ID),
        ("thingId", f"\u200b{ID}/", ID),
        ("thingId", uuid.UUID(ID), ID),
        ("ids", [ID.replace("-", ""), f"'{ID}'"], [ID, ID]),
        ("text", 2026, "2026"),
        ("text", 2026.0, "2026"),
        ("text", -3, "-3"),
        ("text", date(2026, 9, 1), "2026-09-01"),
        ("at", datetime(2026, 9, 1, tzinfo=UTC), "2026-09-01T00:00:00Z"),
        ("colour", Colour.RED, "RED"),
        ("colour", '"RED"', "RED"),
        ("flag", 1, True),
        ("flag", 0, False),
        ("flag", 0.0, False),
        ("count", Decimal(7), 7),
        ("count", '"7"', 7),
        ("amount", Decimal("1.5"), 1.5),
        ("params", json.dumps(json.dumps({"a": 1})), {"a": 1}),
        ("paramsJson", json.dumps(json.dumps({"a": 1})), '{"a": 1}'),
        ("words", json.dumps(json.dumps(["a"])), ["a"]),
        ("words", ("a", "b"), ["a", "b"]),
        ("words", {"b", "a"}, ["a", "b"]),
        ("owner", json.dumps(json.dumps({"mail": "a@b.cd"})), {"mail": "a@b.cd"}),
        ("words", ["", "a", None, " "], ["a"]),
        ("ids", ["", ID], [ID]),
        ("rows", [{"key": "", "limit": None}, {"key": "A"}], [{"key": "A"}]),
        ("words", [7], ["7"]),
    ],
)
def test_what_form_fields_send_is_taken_where_it_is_unambiguous(name: str, given: Any, taken: Any) -> None:
    result = checked(**{name: given})

    assert repr(result) == repr({name: taken})


@pytest.mark.parametrize(
    ("name", "given", "key"),
    [
        ("thingId", "123", "not_uuid"),
        ("thingId", f"{ID}/../users", "not_uuid"),
        ("thingId", 5, "not_uuid"),
        ("text", 5.5, "not_string"),
        ("text", True, "not_string"),
        ("text", {}, "not_string"),
        ("text", "half a pair: \ud83d", "half_character"),
        ("name", "a", "too_short"),
        ("name", "abcdef", "too_long"),
        ("mail", "ada at example.com", "not_email"),
        ("at", "2026-01-31", "not_date_time"),
        ("at", "2026-01-31T08:00:00", "not_date_time"),
        ("at", "yesterday", "not_date_time"),
        ("link", "javascript:alert(1)", "not_uri"),
        ("link", "example.com", "not_uri"),
        ("colour", "GREEN", "not_allowed"),
        ("colour", 1, "not_allowed"),
        ("count", "seven", "not_integer"),
        ("count", "7.5", "not_integer"),
        ("count", 7.5, "not_integer"),
        ("count", "7,000", "not_integer"),
        ("count", "0x7", "not_integer"),
        ("count", "7 8", "not_integer"),
        ("count", True, "not_integer"),
        ("count", [7], "not_integer"),
        ("count", 0, "too_small"),
        ("count", "11", "too_large"),
        ("count", math.nan, "not_integer"),
        ("count", math.inf, "not_integer"),
        ("whole", "9" * 5000, "not_integer"),
        ("ratio", "half", "not_number"),
        ("ratio", "1,5", "not_number"),
        ("ratio", "nan", "not_number"),
        ("ratio", "Infinity", "not_number"),
        ("ratio", math.nan, "not_number"),
        ("ratio", -math.inf, "not_number"),
        ("ratio", False, "not_number"),
        ("ratio", -0.1, "too_small"),
        ("ratio", 1.1, "too_large"),
        pytest.param("amount", 10**400, "not_number", id="amount-400-digits"),
        pytest.param("amount", 10**5000, "not_number", id="amount-5000-digits"),
        pytest.param("count", 10**5000, "too_large", id="count-5000-digits"),
        ("amount", "1e999", "not_number"),
        ("flag", "maybe", "not_boolean"),
        ("flag", 2, "not_boolean"),
        ("flag", 0.5, "not_boolean"),
        ("flag", [], "not_boolean"),
        ("params", "text", "bad_json"),
        ("params", "[1]", "json_not_object"),
        ("params", '"text"', "json_not_object"),
        ("params", "3", "json_not_object"),
        ("params", [1], "not_object"),
        ("params", 5, "not_object"),
        ("params", {1: 2}, "name_not_text"),
        ("params", {"a": b"bytes"}, "not_json"),
        ("params", {"a": math.nan}, "not_number"),
        ("params", '{"a": NaN}', "bad_json"),
        ("paramsJson", "{a: 1}", "bad_json"),
        ("paramsJson", "[1]", "json_not_object"),
        ("paramsJson", {"a": math.inf}, "not_number"),
        ("paramsJson", 3, "json_not_object"),
        ("anything", math.inf, "not_number"),
        ("anything", object(), "not_json"),
        ("words", {"a": 1}, "not_array"),
        ("words", 5, "not_array"),
        ("words", "[1", "bad_json"),
        ("words", ["a", "b", "c", "d"], "too_long"),
        ("owner", "nobody", "bad_json"),
        ("owner", [1], "not_object"),
        ("rows", "A", "bad_json"),
    ],
)
def test_what_is_wrong_or_ambiguous_is_refused(name: str, given: Any, key: str) -> None:
    error = refused(GIVEN | {name: given})

    assert [fault.key for fault in error.faults] == [key]
    assert error.faults[0].input.startswith(name)
    assert error.faults[0].message().startswith(name)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"a" 1}', "line 1, column 6"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a', "Unterminated string starting at line 1, column 2"),
        ('{"a\n"}', "Invalid control character at line 1, column 4"),
    ],
    ids=["colon", "third-line", "nan", "quotes", "end", "line-break"],
)
def test_bad_json_is_refused_with_the_place_of_its_fault(given: str, said: str) -> None:
    error = refused(GIVEN | {"params": given})

    assert said in error.message()
    assert error.message().startswith("The inputs of hex_check_things are not valid. params is not valid JSON")


def test_every_fault_is_told_at_once_with_its_place() -> None:
    found = faults(
        thingId="1",
        count="many",
        flags=True,
        owner={"mail": "nobody", "place": {}, "nick": "x"},
        rows=[{"key": "A"}, {"key": "C", "limit": 6}, {}, 3],
        ids=[ID, "2"],
    )

    assert found == {
        "thingId": "not_uuid",
        "count": "not_integer",
        "flags": "unknown_guess",
        "owner.mail": "not_email",
        "owner.place.floor": "missing",
        "owner.nick": "unknown",
        "rows[1].key": "not_allowed",
        "rows[1].limit": "too_large",
        "rows[2].key": "missing",
        "rows[3]": "not_object",
        "ids[1]": "not_uuid",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("thingid", "thingid is not an input of this tool. Did you mean thingId?"),
        ("colors", "colors is not an input of this tool. Did you mean colour?"),
        ("zzz", "zzz is not an input of this tool."),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name: str, said: str) -> None:
    error = refused(GIVEN | {name: 1})

    assert error.faults[0].message() == said


def test_the_values_allowed_are_named() -> None:
    error = refused(GIVEN | {"colour": "green"})

    assert error.faults[0].message() == 'colour must be one of RED, BLUE, not "green".'


@pytest.mark.parametrize(
    ("constraints", "given", "key", "place"),
    [
        ({"atMostOne": [["either", "other"]]}, {"either": "x", "other": "y"}, "not_together", "either, other"),
        ({"atLeastOne": [["either", "other"]]}, {"either": " "}, "one_of", "either, other"),
        ({"allOrNone": [["first", "second"]]}, {"first": "x"}, "only_together", "first, second"),
    ],
    ids=["at-most-one", "at-least-one", "all-or-none"],
)
def test_what_may_not_be_given_together_is_named(
    constraints: dict[str, Any], given: dict[str, Any], key: str, place: str
) -> None:
    error = refused(GIVEN | given, check_of(**constraints))

    assert [(fault.input, fault.key) for fault in error.faults] == [(place, key)]


@pytest.mark.parametrize(
    ("constraints", "given"),
    [
        ({"atMostOne": [["either", "other"]]}, {"either": "x", "other": None}),
        ({"atMostOne": [["either", "other"]]}, {}),
        ({"atLeastOne": [["either", "other"]]}, {"other": "y"}),
        ({"allOrNone": [["first", "second"]]}, {"first": "", "second": None}),
        ({"allOrNone": [["first", "second"]]}, {"first": "x", "second": "y"}),
    ],
    ids=["one-and-null", "none", "the-other", "none-of-two", "both"],
)
def test_what_may_be_given_together_is_taken(constraints: dict[str, Any], given: dict[str, Any]) -> None:
    result = check_of(**constraints)(GIVEN | given)

    assert result == GIVEN | {name: value for name, value in given.items() if value}


@pytest.mark.parametrize("inputs", [None, [], "text", 3, [("thingId", ID)]], ids=repr)
def test_inputs_have_to_be_an_object(inputs: Any) -> None:
    error = refused(inputs)

    assert [(fault.input, fault.key) for fault in error.faults] == [("inputs", "not_an_inputs_object")]


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({"token": SECRET}, id="short-secret"),
        pytest.param({"token": [SECRET]}, id="secret-in-a-list"),
        pytest.param({"token": {"token": SECRET}}, id="secret-in-an-object"),
        pytest.param({"owner": {"mail": "a@b.cd", "password": SECRET}}, id="nested-secret"),
        pytest.param({"owner": {"mail": "a@b.cd", "password": [SECRET]}}, id="nested-secret-in-a-list"),
        pytest.param({"owner": f'{{"password": "{SECRET}'}, id="broken-json-with-a-secret"),
        pytest.param({"owner": f'"{SECRET}"'}, id="secret-instead-of-an-object"),
        pytest.param({"owner": {"mail": SECRET}}, id="secret-in-the-field-before"),
    ],
)
def test_a_secret_is_in_no_fault(inputs: dict[str, Any]) -> None:
    error = refused(GIVEN | inputs)

    told = [str(error), repr(error), repr(error.faults), json.dumps(error.document())]
    assert [each for each in told if SECRET in each] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("x" * MEGABYTES, id="text"),
        pytest.param("1" * MEGABYTES, id="digits"),
        pytest.param("1" * MEGABYTES + "x", id="digits-and-a-letter"),
        pytest.param("a@" + "." * MEGABYTES + " x", id="nearly-an-address"),
        pytest.param("@" * MEGABYTES, id="at-signs"),
        pytest.param("[" * MEGABYTES, id="brackets"),
        pytest.param('{"a":' * (MEGABYTES // 5), id="braces"),
        pytest.param('"' + "x" * MEGABYTES, id="open-quote"),
        pytest.param('{"a": "' + "x" * MEGABYTES + '"}', id="long-value"),
        pytest.param("," * MEGABYTES, id="commas"),
        pytest.param("x," * (MEGABYTES // 200), id="many-entries"),
        pytest.param(" " * MEGABYTES + "x", id="space"),
    ],
)
def test_ten_megabytes_are_refused_shortly(value: str) -> None:
    error = refused(dict.fromkeys(FIELDS, value))

    assert len(error.message()) < 100_000


def test_a_name_of_ten_megabytes_is_refused_shortly() -> None:
    error = refused(GIVEN | {"x" * MEGABYTES: 1})

    assert [fault.key for fault in error.faults] == ["unknown"]
    assert len(error.message()) < 300


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize("depth", mostly_slow([50, 400, 100_000], 50, 400))
@pytest.mark.parametrize("name", ["params", "paramsJson", "anything", "words"])
def test_deep_nesting_is_refused(name: str, depth: int) -> None:
    error = refused(GIVEN | {name: nested(depth)})

    assert [fault.key for fault in error.faults] == ["json_too_deep"]


@pytest.mark.parametrize("depth", [50, 400, 100_000])
@pytest.mark.parametrize("name", ["params", "paramsJson"])
def test_deep_nesting_in_text_is_refused(name: str, depth: int) -> None:
    error = refused(GIVEN | {name: '{"a": [' * depth + "1" + "]}" * depth})

    assert [fault.key for fault in error.faults] == ["json_too_deep"]


def test_some_nesting_is_taken() -> None:
    value = nested(30)

    assert checked(params=value, anything=[value]) == {"params": value, "anything": [value]}


def outcome(check: Check, inputs: Any) -> str:
    """Check inputs of which it is open whether they are taken; any other exception comes through."""
    try:
        check(inputs)
    except InputError as error:
        return str(error.document()["faults"][0]["fault"])
    return "taken"


def test_inputs_are_not_changed() -> None:
    inputs = GIVEN | {"rows": [{"key": "a", "limit": "3"}], "owner": {"mail": "a@b.cd", "nickname": None}}
    before = json.dumps(inputs)

    CHECK(inputs)

    assert json.dumps(inputs) == before


WRONG_VALUES: list[Any] = [
    0, -1, 1.5, 1e400, 10**30, 10**5000, math.nan, True, False, "x", "null", "{}", "[]", "[1]", '{"a": 1}', "\x00",
    "\ud800", "é" * 100, "%s %d {input} {0} {}", "../..", "1\n2", [], [None], [[]], [{}], [1, "a"], {}, {"a": None},
    {"": ""}, {"\ud800": 1}, {1: 1}, {None: 1}, {"__proto__": {}}, b"bytes", (1, 2), {1, 2}, object(), len, Path(),
]  # fmt: skip


@pytest.mark.parametrize("tool_id", TOOLS)
def test_whatever_is_given_to_every_input_is_taken_or_refused(registry: Registry, tool_id: str) -> None:
    tool = registry[tool_id]

    outcomes = [outcome(tool.check, dict.fromkeys(tool.spec.inputs, value)) for value in WRONG_VALUES]

    assert set(outcomes) <= {"taken", *FAULTS}


def json_values(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Give any JSON, such as it comes of json.loads: with half surrogate pairs and huge numbers."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | text
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
    )


ANY_TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["", " ", "true", "1", "-1.5", "[]", "{}", '{"a": 1}', "RED", ID, "a,b", "2026-01-31T08:00:00Z", "\ud800"]
)
ANY_JSON = json_values(ANY_TEXT)
# The same examples each time, and none kept.
SAME = settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("tool_id", TOOLS)
@pytest.mark.parametrize("examples", mostly_slow([2, 8], 2))
def test_any_json_for_any_input_is_taken_or_refused(registry: Registry, tool_id: str, examples: int) -> None:
    tool = registry[tool_id]
    names = st.sampled_from([*tool.spec.inputs, "unknown"])

    @settings(SAME, max_examples=examples)
    @given(inputs=st.dictionaries(names | ANY_TEXT, ANY_JSON, max_size=6))
    def each_is_checked(inputs: dict[str, Any]) -> None:
        assert outcome(tool.check, inputs) in ("taken", *FAULTS)

    each_is_checked()


many_examples = pytest.mark.parametrize("examples", mostly_slow([25, 200], 25))


@many_examples
def test_any_json_for_every_kind_of_input_is_taken_or_refused(examples: int) -> None:
    @settings(SAME, max_examples=examples)
    @given(inputs=st.dictionaries(st.sampled_from(list(FIELDS)), ANY_JSON | ANY_JSON.map(json.dumps)))
    @example(inputs={"params": {"\ud800": math.inf}})
    def each_is_checked(inputs: dict[str, Any]) -> None:
        assert outcome(CHECK, inputs) in ("taken", *FAULTS)

    each_is_checked()


@many_examples
def test_what_was_taken_once_is_taken_as_it_is(examples: int) -> None:
    @settings(SAME, max_examples=examples)
    @given(inputs=st.dictionaries(st.sampled_from(list(FIELDS)), ANY_JSON))
    def each_is_checked(inputs: dict[str, Any]) -> None:
        taken = {name: value for name, value in inputs.items() if outcome(CHECK, GIVEN | {name: value}) == "taken"}

        once = CHECK(GIVEN | taken)

        assert CHECK(once) == once

    each_is_checked()


@pytest.mark.parametrize("word", ["null", "None", "undefined", "nil", " NULL ", '"null"', "n/a"])
@pytest.mark.parametrize(
    "name", ["count", "amount", "flag", "params", "paramsJson", "at", "mail", "colour", "ids", "rows", "owner"]
)
def test_words_for_nothing_mean_not_given_where_they_cannot_be_meant(name: str, word: str) -> None:
    assert CHECK(GIVEN | {name: word}) == GIVEN


@pytest.mark.parametrize("name", ["text", "words", "either", "anything"])
def test_words_for_nothing_stay_where_they_can_be_meant(name: str) -> None:
    assert name in CHECK(GIVEN | {name: "None"})


@pytest.mark.parametrize("word", ["null", " undefined ", '"null"'])
def test_no_list_of_texts_is_given_by_a_word_that_programs_write_for_nothing(word: str) -> None:
    assert CHECK(GIVEN | {"words": word}) == GIVEN
    assert CHECK(GIVEN | {"words": [word]})["words"] == [word]


def test_an_access_that_is_called_none_is_taken(registry: Registry) -> None:
    given = registry["hex_edit_project_sharing_workspace"].check({"projectId": ID, "workspaceAccess": "none"})

    assert given["workspaceAccess"] == "NONE"


def test_nothing_is_blamed_on_two_of_which_one_was_not_given(registry: Registry) -> None:
    given = {"projectId": ID, "inputParams": "null", "viewId": "None", "dryRun": "None"}

    assert registry["hex_run_project"].check(given) == {"projectId": ID}
    with_view = registry["hex_run_project"].check({"projectId": ID, "inputParams": "null", "viewId": "v"})
    assert with_view == {"projectId": ID, "viewId": "v"}


@pytest.mark.parametrize(
    ("name", "given"),
    [("words", ["", None]), ("ids", [" "]), ("rows", [{"key": "", "limit": None}]), ("rows", [None])],
)
def test_a_list_of_empty_rows_is_not_given(name: str, given: list[Any]) -> None:
    assert CHECK(GIVEN | {name: given}) == GIVEN


def test_faults_keep_their_place_beside_empty_rows() -> None:
    assert faults(ids=["", "x"], rows=[{"key": ""}, {"key": "C"}]) == {
        "ids[1]": "not_uuid",
        "rows[1].key": "not_allowed",
    }


def test_what_python_holds_becomes_what_json_holds() -> None:
    given = {
        "day": date(2026, 9, 1),
        "at": datetime(2026, 9, 1, 8, tzinfo=UTC),
        "time": time(8, 30),
        "x": Decimal("1.5"),
        "whole": Decimal(3),
        "colour": Colour.RED,
        "id": uuid.UUID(ID),
        "list": (1, {2}),
        "zero": 0,
        "blank": "",
        "off": False,
    }

    assert checked(params=given) == {
        "params": {
            "day": "2026-09-01",
            "at": "2026-09-01T08:00:00Z",
            "time": "08:30:00",
            "x": 1.5,
            "whole": 3,
            "colour": "RED",
            "id": ID,
            "list": [1, [2]],
            "zero": 0,
            "blank": "",
            "off": False,
        }
    }


@pytest.mark.parametrize(
    ("given", "place", "key"),
    [
        ({"n": math.nan}, "params.n", "not_number"),
        ({"n": Decimal("NaN")}, "params.n", "not_number"),
        ({"a": {"n": [1, math.inf]}}, "params.a.n[1]", "not_number"),
        ({1: "a"}, "params.1", "name_not_text"),
        ({"a": b"x"}, "params.a", "not_json"),
        ({"a": object()}, "params.a", "not_json"),
        ({"a": [{"b": "half \ud83d"}]}, "params.a[0].b", "half_character"),
        ({"a": {"half \ude00": 1}}, "params.a.half ?", "half_character"),
        ('{"a": "\\ud800"}', "params.a", "half_character"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_own_name(given: Any, place: str, key: str) -> None:
    assert faults(params=given) == {place: key}


RUN = "78c33d18-170c-44d3-a227-b3194f134f73"


@pytest.mark.parametrize(
    ("tool", "inputs"),
    [
        ("hex_get_project", {"projectId": f"https://app.hex.tech/acme/hex/{ID}/draft/logic?view=notebook#cell-1"}),
        (
            "hex_get_project",
            {"projectId": f"eu.hex.tech/acme/hex/{ID}/app"},
        ),
        ("hex_get_project", {"projectId": f"<https://app.hex.tech/api/v1/projects/{ID}/runs/{RUN}>"}),
        (
            "hex_get_run_status",
            {
                "projectId": f"https://app.hex.tech/hex/{ID}/app?runId={RUN}",
                "runId": f"https://app.hex.tech/hex/{ID}/app?runId={RUN}",
            },
        ),
        ("hex_get_thread", {"threadId": f"https://app.hex.tech/example/thread/{ID}"}),
        ("hex_get_data_connection", {"dataConnectionId": f"https://app.hex.tech/acme/settings/connections/{ID}"}),
    ],
)
def test_an_id_is_taken_out_of_an_address(registry: Registry, tool: str, inputs: dict[str, str]) -> None:
    ids = {"runId": RUN}

    assert registry[tool].check(inputs) == {name: ids.get(name, ID) for name in inputs}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"https://app.hex.tech/example/thread/{ID}", "is the address of a thread"),
        ("https://app.hex.tech/acme/app/Revenue-report-02xYzAbCdEfGhIjKlMnOpQ/latest", "is not the project's ID"),
        (f"https://evil.example/{ID}", "must be an ID such as"),
    ],
)
def test_an_address_of_something_else_is_refused_by_what_it_is(registry: Registry, given: str, said: str) -> None:
    error = refused({"projectId": given}, registry["hex_get_project"].check)

    assert said in error.message()


@pytest.mark.parametrize(
    ("name", "given", "key", "limit"),
    [
        ("count", 10**30, "too_large", 10),
        ("count", -(10**30), "too_small", 1),
        ("whole", 2**63, "too_large", 2**63 - 1),
        ("whole", -(2**63), "too_small", 1 - 2**63),
        ("ratio", 2, "too_large", 1),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_limit_of_its_input(
    name: str, given: float, key: str, limit: int
) -> None:
    [fault] = refused(GIVEN | {name: given}).faults

    assert (fault.input, fault.key, fault.values["limit"]) == (name, key, limit)


def test_values_are_of_the_types_of_json_themselves() -> None:
    class Word(str):
        def __str__(self) -> str:
            return "another"

    class Whole(int):
        pass

    taken = checked(text=Word("a word"), count=Whole(3), ratio=1, params={"a": Word("b")})

    assert taken == {"text": "a word", "count": 3, "ratio": 1.0, "params": {"a": "b"}}
    assert [type(each) for each in taken.values()] == [str, int, float, dict]
    assert type(taken["params"]["a"]) is str


@pytest.mark.parametrize("kind", [Secret, SecretStr])
def test_a_secret_object_is_read_as_its_text(kind: Any) -> None:
    assert checked(token=kind("a token of thirty characters or more")) == {
        "token": "a token of thirty characters or more"
    }
    assert checked(token=kind(" ")) == {}
    assert faults(thingId=kind("")) == {"thingId": "missing"}


def test_a_name_that_is_not_text_is_not_an_input() -> None:
    [fault] = refused(GIVEN | {1: 2}).faults

    assert (fault.input, fault.key) == ("1", "unknown")


def test_a_bound_that_is_broken_inside_json_text_shows_what_was_given(registry: Registry) -> None:
    schedule = json.dumps({"cadence": "DAILY", "enabled": True, "daily": {"hour": "24", "minute": -1}})
    inputs = {"dataConnectionId": ID, "schemaRefreshSchedule": schedule}

    with pytest.raises(InputError) as refused:
        registry["hex_update_data_connection"].check(inputs)

    told = {fault.input: fault.values.get("found") for fault in refused.value.faults}
    assert told["schemaRefreshSchedule.daily.hour"] == '"24"'
    assert told["schemaRefreshSchedule.daily.minute"] == "-1"
