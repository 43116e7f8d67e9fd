"""Project files as Hex exports them, made by chance, and YAML text as programs and accidents write it."""

from __future__ import annotations

from typing import Any

import yaml

from tests.hosts.javascript.chance import Chance

Json = Any
WORDS = (
    "a", "no", "Yes", "1", "1.5", "0x1F", "0o17", "2026-06-01", "12:30", "true", "null", "~", "x y", "ünï ✓ 😀", "a: b",
    "a #b", "- a", "", "  lead", "trail ", "two\nlines", "two\n\nlines\n", "tab\tin", "it's", 'say "x"', "[x]", "{a}",
    "*x", "&x", "!t", "|", "%", "@", "a,b", "?", "- ", "#c", ": x", "x:", "'", "\n", "\n\nx", "long word " * 20,
    "select *\nfrom t\n  where x = 1 -- c\n", "\\n", "1e3", "-.5", ".inf", "<<", "=", "-", "--- x", "...",
)  # fmt: skip
KEYS = ("config", "cells", "name", "x y", "12:30", "ünï", "no", "1", "a: b", "-")
ACCIDENTS = (*" \n\t:-#,[]{}'\"|>&*!%@`ab1~.\\", "- ", ": ", "\n  ", "# ", "&a ", "*a", "\r\n", "|-\n", ">+\n")
NAMES = ("region", "year", "ünï", "only_open", "day", "stores", "upload")
KINDS = (
    "TEXT_INPUT", "NUMERIC_INPUT", "SLIDER", "DROPDOWN", "MULTISELECT", "CHECKBOX", "DATE", "BUTTON", "FILE_UPLOAD",
    "TABLE", "HOLOGRAM",
)  # fmt: skip
OUTPUTS = ("STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATA_FRAME", "DYNAMIC", "LIST_STRING", "LIST_NUMBER", None)
CELLS = ("INPUT", "INPUT", "INPUT", "INPUT", "COLLAPSIBLE", "BLOCK", "EXPLORE", "CHARTV2", "CODE", "SQL", "WRITEBACK")


def any_value(chance: Chance, depth: int = 0) -> Json:
    """Return a value of any shape that YAML holds."""
    draw = chance.random.random()
    if depth > 4 or draw < 0.5:
        number = chance.one(chance.random.randint(-5, 5000), round(chance.random.random() * 100, 3))
        return chance.one(chance.one(*WORDS), number, chance.one(True, False, None))
    if draw < 0.75:
        return [any_value(chance, depth + 1) for _ in range(chance.random.randint(0, 4))]
    return {chance.one(*KEYS): any_value(chance, depth + 1) for _ in range(chance.random.randint(0, 4))}


def dumped(chance: Chance, value: Json) -> str:
    """Write a value in one of the ways in which programs do."""
    made: str = yaml.dump(
        value,
        default_flow_style=chance.one(False, False, None, True),
        width=chance.one(20, 40, 80, 1000),
        indent=chance.one(2, 2, 4, 6),
        allow_unicode=chance.one(True, True, False),
        sort_keys=False,
        explicit_start=chance.often(0.2),
        explicit_end=chance.often(0.1),
    )
    return made


def spoilt(chance: Chance, text: str) -> str:
    """Return text with one or a few accidents in it."""
    for _ in range(chance.one(1, 1, 2, 4)):
        place = chance.random.randrange(len(text) + 1)
        kind = chance.random.random()
        if kind < 0.4:
            text = text[:place] + chance.one(*ACCIDENTS) + text[place:]
        elif kind < 0.7:
            text = text[:place] + text[place + chance.one(1, 1, 2, 5) :]
        elif kind < 0.9:
            text = text[:place] + chance.one(*ACCIDENTS) + text[place + 1 :]
        else:
            text = text[:place]
    return text


def project_file(chance: Chance) -> str:
    """Return the text of a project file; now and then it is none."""
    ids = [f"cell-{number}" for number in range(12)]
    document = {
        "schemaVersion": chance.one(3, 3, 3, 4, "3", None, 2.0),
        "meta": chance.one(
            {"title": chance.one("Tides", "", None, 7), "timezone": chance.one("Europe/Lisbon", None)}, {"title": "x"}
        ),
        "projectAssets": {"envVars": [{"name": "MODE", "value": "hunter2"}]},
        "cells": [_cell(chance, ids, 0) for _ in range(chance.random.randint(0, 6))],
    }
    if chance.often(0.4):
        document["appLayout"] = {"tabs": [{"rows": [{"columns": [{"elements": _placed(chance, ids)}]}]}, None]}
    elif chance.often(0.3):
        document["dataAppCellIds"] = chance.some([*ids, 3, None], 0.4)
    if chance.often(0.05):
        del document[chance.one("meta", "schemaVersion", "cells")]
    text = dumped(chance, document)
    return spoilt(chance, text) if chance.often(0.1) else text


def _placed(chance: Chance, ids: list[str]) -> Json:
    return [{"cellId": each, "type": "CELL"} for each in chance.some(ids, 0.5)] + [{"cellId": None}, 3]


def _cell(chance: Chance, ids: list[str], depth: int) -> Json:
    kind = chance.one(*CELLS, "COMPONENT_IMPORT" if chance.often(0.3) else "CODE")
    cell: dict[str, Json] = {"cellType": kind, "cellId": chance.one(*ids), "cellLabel": chance.one("Depot", None, "")}
    if chance.often(0.1):
        del cell["cellId"]
    if kind == "INPUT":
        cell["config"] = _config(chance)
    elif kind in ("COLLAPSIBLE", "BLOCK"):
        inside = chance.random.randint(0, 3) if depth < 3 else 0
        cell["config"] = {"cells": [_cell(chance, ids, depth + 1) for _ in range(inside)]}
    elif kind == "WRITEBACK":
        cell["config"] = {"runInApp": chance.one(False, True, None), "runOnScheduledRun": chance.one(False, "", 0, [])}
    else:
        cell["config"] = {"source": "- cellType: INPUT\n  config: {name: fake}\n", "any": any_value(chance)}
    return cell


def _config(chance: Chance) -> Json:
    kind = chance.one(*KINDS, None)
    moment = {"unit": "DAY", "amount": chance.one(0, 3), "operation": "AGO", "displayName": "today"}
    days = ({"dateString": "2026-03-01"}, {"isoDateString": "2026-03-01T18:30Z", "timezoneName": "UTC"}, moment)
    choices = chance.one(
        ["EMEA", "APAC", True, 1.5, None, [1]],
        [2026, 2027],
        [{"key": "Web shop", "value": "web"}, {"value": 3}, {"key": 1, "value": "x"}, {"key": "only"}],
        {"dfName": "t", "columnName": chance.one("c", None), "variableName": None},
        {"variableName": "known"},
    )
    options = {
        "text": chance.one("Count returns", "", None),
        "optional": chance.one(True, False, None, "yes"),
        "valueOptions": choices,
        "multiValueOptions": choices,
        "min": chance.one(0, 1, -2.5, "1", None),
        "max": chance.one(10, 2000, None),
        "step": chance.one(1, 0.5, None),
        "increment": chance.one(2, None),
        "enableTime": chance.one(True, False, None),
        "useDateRange": chance.one(True, False, None),
        "dynamicDefault": chance.one(None, {"variableName": "today"}),
    }
    default = chance.one(
        any_value(chance), *days, list(days), [days[0]], [], {}, "EMEA", 2026, 12345678901234567890, 2.0, True
    )
    names = (*NAMES, *NAMES, "", None, 5)
    whole = {"name": chance.one(*names), "inputType": kind, "outputType": chance.one(*OUTPUTS), "defaultValue": default}
    whole["options"] = chance.one(None, [1], *[{name: options[name] for name in chance.some([*options], 0.8)}] * 6)
    return {name: value for name, value in whole.items() if chance.often(0.95)}
