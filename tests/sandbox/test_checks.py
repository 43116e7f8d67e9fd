"""The tables that say what a request may hold."""

from __future__ import annotations

import pytest

from hex_blocks.sandbox.validation import Flag, Kind, ListOf, MapOf, Number, Obj, Text, Variants, read_query

THING = Obj({"name*": Text(least=1, most=3), "note^": Text(), "kind": Text(choices=("a", "b"))}, closed=True)


@pytest.mark.parametrize(
    ("kind", "value", "problems"),
    [
        (Kind(), object(), []),
        (Text(), "x", []),
        (Text(), 1, ["body must be a string"]),
        (Text(least=2), "x", ["body must have at least 2 character(s)"]),
        (Text(most=2), "xxx", ["body must have at most 2 characters"]),
        (Text(choices=("a", "b")), "c", ["body must be one of a, b"]),
        (Text(uuid=True), "01234567-89AB-cdef-0123-456789abcdef", []),
        (Text(uuid=True), "01234567-89AB-cdef-0123-456789abcdef\n", ["body must be a UUID"]),
        (Number(), 1.5, []),
        (Number(), True, ["body must be a number"]),
        (Number(), "1", ["body must be a number"]),
        (Number(whole=True), 2.0, []),
        (Number(whole=True), 2.5, ["body must be a whole number"]),
        (Number(whole=True), float("inf"), ["body must be a whole number"]),
        (Number(least=1), 0, ["body must be at least 1"]),
        (Number(most=1), 2, ["body must be at most 1"]),
        (Flag(), False, []),
        (Flag(), 0, ["body must be a boolean"]),
        (ListOf(Flag()), [True, 1], ["body[1] must be a boolean"]),
        (ListOf(Flag()), {}, ["body must be an array"]),
        (ListOf(Flag(), most=1), [True, True], ["body must have at most 1 items"]),
        (MapOf(Text()), {"a": "b", "c": 1}, ["body.c must be a string"]),
        (MapOf(Text()), [], ["body must be an object"]),
        (THING, {"name": "x", "note": None, "kind": "a"}, []),
        (THING, {"name": None}, ["body.name must be a string"]),
        (THING, {"nmae": "x"}, ["body.name is missing", "body.nmae is not a known key"]),
        (THING, "x", ["body must be an object"]),
        (Obj({}), {"anything": 1}, []),
        (Variants({"a": THING, "b": THING}), {"a": {"name": "x"}}, []),
        (Variants({"a": THING, "b": THING}), {"a": {}}, ["body.a.name is missing"]),
        (Variants({"a": THING, "b": THING}), {}, ["body must be an object with exactly one of a, b"]),
        (Variants({"a": THING, "b": THING}), {"a": 1, "b": 2}, ["body must be an object with exactly one of a, b"]),
        (Variants({"a": THING, "b": THING}), None, ["body must be an object with exactly one of a, b"]),
    ],
)
def test_a_value_is_told_what_is_wrong_with_it(kind, value, problems):
    assert list(kind.problems(value, "body")) == problems


FIELDS = {"id*": Text(), "limit": Number(most=9, default=5), "all": Flag(default=False), "names": ListOf(Text())}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({}, {}),
        ({"limit": ["7"]}, {"limit": 7}),
        ({"limit": ["-2.5"]}, {"limit": -2.5}),
        ({"all": ["true"]}, {"all": True}),
        ({"all": ["True"]}, {"all": True}),
        ({"all": ["FALSE"]}, {"all": False}),
        ({"names": ["a,b", "c"], "names[]": ["d"]}, {"names": ["a", "b", "c", "d"]}),
        ({"offset": ["3"]}, {}),
    ],
)
def test_a_query_is_read(query, values):
    defaults = {"id": "x", "limit": 5, "all": False, "names": None}

    assert read_query(FIELDS, {"id": ["x"], **query}) == (defaults | values, [])


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({}, "query.id is missing"),
        ({"id": ["x", "y"]}, "query.id is given more than once"),
        ({"id": ["x"], "limit": ["ten"]}, "query.limit must be a number"),
        ({"id": ["x"], "limit": ["٣"]}, "query.limit must be a number"),
        ({"id": ["x"], "limit": ["10"]}, "query.limit must be at most 9"),
        ({"id": ["x"], "all": ["1"]}, "query.all must be true or false"),
    ],
)
def test_a_query_is_told_what_is_wrong_with_it(query, problem):
    assert read_query(FIELDS, query)[1] == [problem]


BODY = Obj(
    {
        "all": Flag(),
        "limit": Number(),
        "name": Text(),
        "list": ListOf(Number()),
        "map": MapOf(Flag()),
        "one": Variants({"a": Obj({"on": Flag()}), "b": Obj({})}),
        "free": Obj({}),
    }
)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"all": "True", "limit": "7", "name": "7"}, {"all": True, "limit": 7, "name": "7"}),
        ({"all": "yes", "limit": "0x7"}, {"all": "yes", "limit": "0x7"}),
        ({"all": False, "limit": None, "other": "1"}, {"all": False, "limit": None, "other": "1"}),
        ({"list": ["1", 2, "x"], "map": {"a": "FALSE"}}, {"list": [1, 2, "x"], "map": {"a": False}}),
        ({"one": {"a": {"on": "true"}}, "free": {"on": "true"}}, {"one": {"a": {"on": True}}, "free": {"on": "true"}}),
        ({"list": "1", "map": 1, "one": []}, {"list": "1", "map": 1, "one": []}),
        (["true"], ["true"]),
    ],
)
def test_booleans_and_numbers_in_text_are_made_real(sent, meant):
    assert BODY.unquoted(sent) == meant
