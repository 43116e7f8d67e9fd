"""Calls for the comparison of both runtimes: inputs and replies of every kind, made of a tool's spec by chance."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from hex_blocks import Tool
from hex_blocks.tools.spec.values import InputField
from tests.hosts.javascript.chance import Chance
from tests.hosts.javascript.project_files import NAMES, project_file

Json = Any
UUID = "5a8591dd-4039-49df-9202-96385ba3eff8"
OTHER = "3F0C2B1E-8a4d-4d2f-9b6a-1c5e7f903a21"
ADDRESSES = (
    f"https://app.hex.tech/acme/hex/Weekly-{UUID}",
    f"https://app.hex.tech/acme/hex/{UUID}/draft/logic?view=app",
    f"app.hex.tech/acme/app/{UUID}/latest",
    f"https://app.hex.tech/acme/hex/{UUID}/app?runId={OTHER}",
    f"https://app.hex.tech/api/v1/projects/{UUID}/runs/{OTHER}",
    f"https://app.hex.tech/acme/hex/{UUID}/run/{OTHER}",
    f"https://app.hex.tech/acme/thread/{OTHER}",
    "https://app.hex.tech/acme/app/Weekly-revenue-0123456789abcdefABCDEF/latest",
    f"https://app.hex.tech/api/v1/collections/{UUID}#x",
    f"https://app.hex.tech/x?cellId={UUID}&threadId={OTHER}&projectId=%35a8591dd-4039-49df-9202-96385ba3eff8",
    "https://[::1/hex/x",
    "https://app.hex.tech/acme",
    "hex.tech/users/" + UUID,
)
IDS = (
    UUID,
    OTHER,
    UUID.replace("-", ""),
    f"“{UUID}”",
    f" {{{UUID}}} ",
    f"\u200b{UUID}.",
    f"urn:uuid:{UUID}",
    f'"{UUID}"',
    *ADDRESSES[:5],
)
ODD_TEXTS = (
    "",
    "   ",
    "\u00a0\u2003",
    "null",
    "None",
    "<null>",
    "'none'",
    "undefined",
    "n/a",
    "Y",
    "Ünïcode “quotes”",
    "a" * 300,
    "😀" * 45,
    "tab\there\nline",
    "hxtp_verysecret",
    "..",
    "../../users",
    "x/y?z=1&a=b c+d%20~!*'()",
    "\u202ewrong way",
    "\x00\x1b[31m",
    "٣",
    "１２",
    "ﬁ ſtraße K",
    "half \ud800",
    "True",
    "[1, 2",
    '{"a": }',
    '{"a" 1}',
    "{'a': 1}",
    '"\\x"',
    '"abc',
    "NaN",
    "[" * 70 + "]" * 70,
    '"[\\"a\\"]"',
    '"{\\"a\\": 1}"',
    "1e400",
    "-0",
    "01",
    "@",
    "a@b",
    "ada@example.com",
    "http://x",
    "2026-03-02T07:00Z",
    "2026-03-02",
    "2026-13-02T07:00:00Z",
    "20260302T070000+0100",
    "2026-W10-1T07:00Z",
)
ODD_VALUES: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    1.5,
    -0.25,
    1e-7,
    0.00001234,
    123456789.125,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": {"b": [1, None, "x"]}},
    [1, "2", None, " "],
    {"": 1, "key with space": "v"},
    {"a": [{"b": "half \udc00"}]},
    {"half \ud83d": {"a": 1}},
    "whole \ud83d\ude00".encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
    ["a", "b"],
)
PARAMETERS: tuple[Json, ...] = (
    "EMEA",
    "MARS",
    2026,
    True,
    [1, 2],
    ["EMEA"],
    ["web", "shop"],
    {"a": 1.5},
    None,
    1.5,
    -3,
    3000,
    "2026-03-01",
    "x" * 60,
)
DATES = ("2026-03-02T07:00:00Z", "2026-03-02T07:00:00.123456+01:00", "20260302T0700Z", "2026-03-02 07:00+02")
BASE_URLS = (
    "https://eu.hex.tech",
    "app.hex.tech/api",
    "hex.tech",
    "HTTPS://ACME.Hex.Tech:443/api/v1/",
    "https://evil.example",
    "https://evilhex.tech",
    "https://hex.tech.evil.example",
    "https://app.hex.tech:8443",
    "http://app.hex.tech",
    "https://app.hex.tech@evil.example",
    "https://user:hxtp_secret@app.hex.tech?x#y",
    "https://[::1]/api",
    "https://127.1",
    "https://a..hex.tech",
    "https://app.hex.tech/../x",
    "//app.hex.tech",
    "ftp://x",
    "a b",
)

# Files of the machine are read by hosts, not by the core.
LEFT_OUT = ("file",)
READS_FILE = "hex_get_project_inputs"


def good_value(chance: Chance, name: str, field: InputField) -> Json:
    """Return a value that a field takes, in one of the forms in which it takes it."""
    value = _plain_value(chance, name, field)
    if field.type == "array" and isinstance(value, list) and chance.often(0.2):
        entry = field.items
        separable = entry is not None and entry.type == "string" and (entry.enum or entry.format)
        plain = all(isinstance(each, str) and "," not in each and each.strip() for each in value)
        if separable and value and plain and chance.often(0.5):
            return ", ".join(value)
        written = json.dumps(value)
        return json.dumps(written) if chance.often(0.3) else written
    if field.type == "object" and chance.often(0.25):
        written = json.dumps(value, ensure_ascii=chance.often(0.5))
        return json.dumps(written) if chance.often(0.3) else written
    if field.type == "boolean" and chance.often(0.3):
        return chance.one("yes", "No", "ON", "off", "0", "1", 0, 1, " true ", "TRUE", 1.0)
    if field.type in ("integer", "number", "boolean") and chance.often(0.3):
        written = json.dumps(value)
        return chance.one(written, f" {written} ", f'"{written}"')
    return value


def _plain_value(chance: Chance, name: str, field: InputField) -> Json:
    match field.type:
        case "string":
            return _text(chance, name, field)
        case "integer":
            low, high = int(field.minimum or 0), int(field.maximum or 1000)
            return chance.one(*[chance.random.randint(low, high)] * 8, low, high, low - 1, high + 1)
        case "number":
            low, high = int(field.minimum or 0), int(field.maximum or 1000)
            return chance.one(chance.random.randint(low, high), min(high, low + 0.5))
        case "boolean":
            return chance.one(True, False)
        case "object" if field.fields is not None:
            return _object(chance, field.fields)
        case "object":
            return {name: chance.one(*PARAMETERS) for name in chance.some([*NAMES, "regoin", "YEAR", "nothing"], 0.3)}
        case "array":
            low = field.min_length or 0
            count = chance.random.randint(low, max(low, min(field.max_length or 3, 3)))
            entry = field.items
            return [good_value(chance, f"{name}[]", entry) if entry else chance.one(1, "x", {}) for _ in range(count)]
        case _:
            return chance.one("text", 3, {"a": 1}, [1, 2], True)


def _object(chance: Chance, fields: dict[str, InputField]) -> Json:
    return {
        name: good_value(chance, name, field) for name, field in fields.items() if field.required or chance.often(0.4)
    }


def _text(chance: Chance, name: str, field: InputField) -> str:
    if field.enum:
        value = chance.one(*field.enum)
        alike = value.lower().replace("i", "ı").replace("k", "K").replace("s", "ſ").replace("ss", "ß")
        return str(
            chance.one(value, value.lower(), f" {value} ", f'"{value}"', *([alike] if chance.often(0.2) else []))
        )
    match field.format:
        case "uuid":
            return str(chance.one(*IDS[:7], UUID, UUID, chance.one(*ADDRESSES)))
        case "email":
            return "ada@example.com"
        case "date-time":
            return str(chance.one(*DATES))
        case "uri":
            return "https://example.com/a?b=c"
        case "json-object":
            return '{"region": "EMEA", "n": 3}'
        case "base64":
            return "aGVsbG8="
    if field.max_length and chance.often(0.3):
        # As long as allowed, or a little longer, in characters that are two units each for some.
        return "😀" * (field.max_length + int(chance.one(0, 0, 1)))
    text = str(chance.one("some text", "Ünïcode ✓", "x y&z=ä/ö", UUID, "a+b%2F c'd(e)!*~"))
    return text.ljust(field.min_length or 0, "x")[: field.max_length or 200]


def inputs_for(chance: Chance, tool: Tool) -> dict[str, Json]:
    """Return inputs of a tool: good ones, or some of them spoilt."""
    fields = {
        name: field for name, field in tool.spec.inputs.items() if field.place != "connection" and name not in LEFT_OUT
    }
    if chance.often(0.3):
        given: dict[str, Json] = copy.deepcopy(chance.one(*tool.raw["examples"])["inputs"])
    else:
        share = chance.one(0.1, 0.3, 0.7)
        given = {}
        for name, field in fields.items():
            if field.required or chance.often(share):
                given[name] = good_value(chance, name, field)
        given = _held_together(chance, tool, given)
    for name in LEFT_OUT:
        given.pop(name, None)
    if chance.often(0.2):
        given |= {name: chance.one(None, "", "  ") for name in chance.some(list(fields), 0.2) if name not in given}
    if chance.often(0.5):
        for _ in range(chance.one(1, 1, 2)):
            _spoil(chance, fields, given)
    if chance.often(0.1):
        given["baseUrl"] = chance.one(*BASE_URLS)
    if chance.often(0.03):
        given["apiKey"] = chance.one("hxtp_another_token_here", "your-token-here", "Bearer hxtp_x", '"hxtp_x', "hxtp_ä")
    return given


def _held_together(chance: Chance, tool: Tool, given: dict[str, Json]) -> dict[str, Json]:
    """Mend what may not be given together, mostly."""
    if chance.often(0.15):
        return given
    rules = tool.spec.constraints
    fields = tool.spec.inputs
    for group in rules.all_or_none:
        if any(name in given for name in group):
            given |= {name: good_value(chance, name, fields[name]) for name in group if name not in given}
    for group in rules.at_most_one:
        for name in [name for name in group if name in given][1:]:
            if not fields[name].required:
                del given[name]
    for group in rules.at_least_one:
        if not any(name in given and given[name] is not False for name in group):
            name = chance.one(*group)
            given[name] = True if fields[name].type == "boolean" else good_value(chance, name, fields[name])
    return given


def _spoil(chance: Chance, fields: dict[str, Any], given: dict[str, Json]) -> None:
    kind = chance.one("value", "value", "value", "name", "missing", "deep")
    names = [name for name in given if name in fields]
    if kind == "name" or not names:
        given[chance.one("projectID", "limt", "proj", "x", "runid", "é", "a" * 90)] = chance.one("1", None, "", {})
    elif kind == "missing":
        del given[chance.one(*names)]
    elif kind == "value":
        given[chance.one(*names)] = odd(chance)
    else:
        name = chance.one(*names)
        given[name] = _spoilt_inside(chance, given[name])


def odd(chance: Chance) -> Json:
    """Return any value at all."""
    return copy.deepcopy(chance.one(*ODD_TEXTS, *ODD_VALUES, *ODD_VALUES, *IDS, *ADDRESSES))


def _spoilt_inside(chance: Chance, value: Json) -> Json:
    if isinstance(value, dict) and value and chance.often(0.8):
        name = chance.one(*value)
        return value | ({name: _spoilt_inside(chance, value[name])} if chance.often(0.7) else {"odd": 1})
    if isinstance(value, list) and value and chance.often(0.8):
        place = chance.random.randrange(len(value))
        return [*value[:place], _spoilt_inside(chance, value[place]), *value[place + 1 :]]
    return odd(chance)


# Replies


def reply_for(chance: Chance, tool: Tool) -> Json:
    """Return an answer of Hex: as it should be, spoilt, or a refusal."""
    request = tool.spec.request
    status = request.success if request else 200
    draw = chance.random.random()
    if draw < 0.2:
        return refusal(chance)
    replies = [example["reply"] for example in tool.raw["examples"] if "reply" in example]
    if not replies:
        return {"status": status, "body": "", "headers": {}}
    reply = copy.deepcopy(chance.one(*replies))
    if draw > 0.4:
        for _ in range(chance.one(1, 1, 2, 4)):
            reply = mutated(chance, reply)
    return {"status": status, "body": json.dumps(reply, ensure_ascii=chance.often(0.5)), "headers": headers(chance)}


def headers(chance: Chance) -> dict[str, str]:
    made: dict[str, str] = chance.one(
        {}, {"Date": "Mon, 02 Mar 2026 08:00:00 GMT"}, {"X-Trace-Id": "trace-from-header"}
    )
    return made


MUTANTS: tuple[Callable[[Chance, Json], Json], ...] = (
    lambda _chance, _value: None,
    lambda chance, _value: odd(chance),
    lambda _chance, value: str(value) if isinstance(value, int | float) else value,
    lambda _chance, value: [value],
    lambda _chance, _value: "",
    lambda _chance, _value: "12.50",
    lambda _chance, _value: "123456789012345",
    lambda _chance, _value: 10**20,
    lambda _chance, _value: 2.5,
    lambda _chance, value: value * 2 if isinstance(value, list) else value,
    lambda chance, value: [*value, odd(chance)] if isinstance(value, list) else value,
    lambda _chance, value: {**value, "unknownField": 1} if isinstance(value, dict) else value,
    lambda _chance, value: f"half \ud83d{value}" if isinstance(value, str) else value,
    lambda _chance, value: f"hxtp_token_of_the_comparison {value}" if isinstance(value, str) else value,
)


def mutated(chance: Chance, value: Json) -> Json:
    """Change one part of a reply, anywhere in it."""
    if isinstance(value, dict) and value and chance.often(0.9):
        name = chance.one(*value)
        if chance.often(0.15):
            return {key: part for key, part in value.items() if key != name}
        return value | {name: mutated(chance, value[name])}
    if isinstance(value, list) and value and chance.often(0.7):
        place = chance.random.randrange(len(value))
        return [*value[:place], mutated(chance, value[place]), *value[place + 1 :]]
    return chance.one(*MUTANTS)(chance, value)


BODIES: tuple[Json, ...] = (
    {"reason": "It is not allowed: über.", "traceId": "trace-1"},
    {"message": "No such thing", "code": "NOT_FOUND", "traceId": "trace-2"},
    {"message": "Only a message"},
    {"message": "Bad", "code": "BAD_REQUEST", "issues": [{"message": "one"}, {"name": "n", "reason": "r"}, "two", 3]},
    {"reason": "The project is not published yet"},
    {"reason": "x", "details": ["a", {"message": "b"}, {"name": "c"}], "problems": [{"reason": "d"}]},
    {"details": "only details", "traceId": 5},
    {
        "reason": "Parameters",
        "invalid": [
            {"paramName": "year", "paramValue": {"a": [1, "ü", 2.5]}, "dataType": "NUMBER", "inputCellType": "TEXT"},
            {"paramName": "r", "paramValue": "x", "dataType": "STRING", "inputCellType": "dropdown"},
            "no object",
        ],
        "notFound": ["gone", 3, None],
    },
    {"invalid": [], "notFound": []},
    {"reason": "many", "issues": [{"message": f"issue {number}"} for number in range(25)]},
    {"reason": "too many", "notFound": [f"name{number}" for number in range(60)]},
    {"reason": "steers \x1b[31m the terminal hxtp_token_of_the_comparison"},
    {"reason": []},
    {"reason": "long " * 300},
    [],
    "a text",
    {},
)
STATUSES = (
    429,
    429,
    503,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    413,
    415,
    418,
    422,
    425,
    429,
    500,
    501,
    502,
    503,
    504,
    302,
    204,
)


def refusal(chance: Chance) -> Json:
    """Return an answer that is none, in one of the ways in which that happens."""
    if chance.often(0.1):
        return {"fault": chance.one("timeout", "ECONNRESET", "ENOTFOUND", "ECONNREFUSED")}
    if chance.often(0.15):
        bad = chance.one("", "<html>login</html>", "no JSON", "[1]", "null", '{"a": 1e999}', '{"a": NaN}', "3", '{"a":')
        return {"status": 200, "body": bad, "headers": chance.one({}, {"Content-Type": "text/html; charset=utf-8"})}
    status = chance.one(*STATUSES)
    waits = chance.one(
        {},
        {},
        {"Retry-After": "3"},
        {"Retry-After": "2.2"},
        {"Retry-After": "Mon, 02 Mar 2026 08:00:30 GMT"},
        {"RateLimit-Reset": "12"},
        {"X-RateLimit-Reset": "1772438420"},
        {"Retry-After": "soon"},
        {"Retry-After": "500"},
    )
    text = chance.one("<p>gateway</p>", "plain words", "", *map(json.dumps, BODIES), *map(json.dumps, BODIES))
    return {"status": status, "body": text, "headers": {**headers(chance), **waits}}


def exported(chance: Chance, tool: Tool) -> Json:
    """Return Hex's answer to an export."""
    if chance.often(0.15):
        return refusal(chance)
    content = chance.one(*[project_file(chance)] * 12, None, "", 12, "secret: hunter2")
    reply = {"filename": "tides.hex.yaml", "content": content, "version": "draft"}
    if tool.id != READS_FILE or chance.often(0.9):
        return {"status": 200, "body": json.dumps(reply, ensure_ascii=chance.often(0.5)), "headers": headers(chance)}
    return {"status": 200, "body": json.dumps(mutated(chance, reply)), "headers": {}}


def scripts_for(chance: Chance, tool: Tool) -> list[Json]:
    """Return what Hex answers, one request after the other."""
    answers = [reply_for(chance, tool)]
    while chance.often(0.4) and len(answers) < 8:
        answers.append(reply_for(chance, tool))
    return answers


def case_for(tool: Tool, seed: str) -> Json:
    """Return one case of a tool."""
    chance = Chance(seed)
    inputs = inputs_for(chance, tool)
    script = scripts_for(chance, tool)
    if tool.id == READS_FILE or inputs.get("checkInputs"):
        script = [exported(chance, tool), *script]
    return {
        "tool": tool.id,
        "calls": [inputs],
        "script": script,
        "language": chance.one("en", "en", "de", "ja", "zh_Hans", "fr"),
        "connection": {
            "apiKey": "hxtp_token_of_the_comparison",
            "baseUrl": chance.one("https://app.hex.tech", "https://app.hex.tech", "https://acme.hex.tech/api/v1"),
        },
    }
