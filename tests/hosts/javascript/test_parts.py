"""The parts of the core in which JavaScript and Python differ by themselves, each compared on all there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from gettext import c2py
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from hex_blocks.errors.classes import InputError, hex_error
from hex_blocks.hosts.javascript.data import (
    CORE,
    HELPERS,
    LISTED,
    core_data,
    core_files,
    runs_in_javascript,
    said_in_core,
)
from hex_blocks.i18n.texts import languages, nearest
from hex_blocks.runs.yaml_text import NotYamlError, load_yaml
from hex_blocks.tools.spec.values import is_date_time
from tests.calling import our_tools
from tests.hosts.javascript.chance import Chance
from tests.hosts.javascript.node import Node, in_javascript
from tests.hosts.javascript.project_files import any_value, dumped, spoilt

REPOSITORY = Path(__file__).parents[3]
Json = Any
NOT_IN_JAVASCRIPT = {"hex_run_batch", "hex_run_pipeline"}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    started = Node()
    tools = [tool for tool in our_tools().values() if runs_in_javascript(tool)]
    started.do("load", data=core_data(our_tools(), tools, languages()))
    yield started
    started.close()


def test_letters_lose_their_case_as_in_python(node: Node) -> None:
    # Letters that this Python does not know yet, Node may know.
    letters = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
    folded = node.do("casefold", texts=letters)["folded"]
    wrong = [letter for letter, its in zip(letters, folded, strict=True) if its != letter.casefold()]
    assert not wrong


def test_moments_are_read_as_in_python(node: Node) -> None:
    days = (
        "2026-03-02",
        "20260302",
        "2026-W10",
        "2026W101",
        "2026-W53-1",
        "2020-W53-5",
        "2026-02-29",
        "0000-01-01",
        "26-1-1",
    )
    between = ("T", " ", "x")
    times = (
        "07",
        "0700",
        "07:00",
        "07:00:59",
        "070059",
        "07:00:59.5",
        "07:00:59,123456789",
        "24:00",
        "7:00",
        "07:0000",
        "",
    )
    zones = ("", "Z", "z", "+01", "+0100", "+01:00", "-01:00:30", "+01:00:30.5", "+24:00", "+1:00")
    texts = ["".join(each) for each in product(days, between, times, zones)]
    good = node.do("dates", texts=texts)["good"]
    wrong = [text for text, its in zip(texts, good, strict=True) if its != is_date_time(text)]
    assert not wrong


def test_the_nearest_words_are_those_of_python(node: Node) -> None:
    names = sorted({name for tool in our_tools().values() for name in tool.spec.inputs})
    words = [name[:-2] + "x" for name in names] + [name.upper() for name in names] + ["", "project", "ID" * 150]
    long = ["a" * 250 + name for name in names[:20]]
    for possible, asked in ((names, words), (long, ["a" * 240 + "x"]), ([*names, ""], ["limt", "😀"])):
        found = node.do("matches", words=asked, possible=possible, cutoff=0.6)["found"]
        assert found == [get_close_matches(word, possible, 3) for word in asked]


def read_in_python(text: str) -> Json:
    try:
        return {"value": json.loads(json.dumps(load_yaml(text)))}
    except NotYamlError as error:
        return {"refused": str(error)}


def test_yaml_that_programs_write_is_read_as_in_python(node: Node) -> None:
    chance = Chance("yaml")
    shared = any_value(chance)
    texts = [dumped(chance, any_value(chance)) for _ in range(2000)]
    texts += [dumped(chance, {"a": shared, "b": [shared, any_value(chance)]}) for _ in range(200)]
    read = node.do("yaml", texts=texts)["read"]
    wrong = [(text, its) for text, its in zip(texts, read, strict=True) if its != read_in_python(text)]
    assert not wrong, wrong[:3]


def test_spoilt_yaml_is_read_as_in_python_or_refused(node: Node) -> None:
    chance = Chance("spoilt yaml")
    texts = [spoilt(chance, dumped(chance, any_value(chance))) for _ in range(4000)]
    read = node.do("yaml", texts=texts)["read"]
    both = [(text, read_in_python(text), its) for text, its in zip(texts, read, strict=True)]
    wrong = [each for each in both if "value" in each[2] and each[1] != each[2]]
    assert not wrong, wrong[:3]
    # Python reads a little more: keys after a question mark, empty keys.
    strict = [each for each in both if "refused" in each[2] and "value" in each[1]]
    assert len(strict) < len(texts) / 100, strict[:3]


@pytest.mark.parametrize(
    "text",
    ["[" * 101 + "]" * 101, "a: &a 1\nb: [" + "*a, " * 1001 + "]", "x" * 20_000_001, "a: &a [*a]", "x: \0"],
    ids=lambda text: f"{text[:20]!r} of {len(text)}",
)
def test_yaml_is_read_within_bounds(node: Node, text: str) -> None:
    [told] = node.do("yaml", texts=[text])["read"]
    assert "refused" in told
    assert "refused" in read_in_python(text)


def test_whole_numbers_that_javascript_cannot_hold_are_refused(node: Node) -> None:
    case = {
        "tool": "hex_run_project",
        "calls": [
            {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "inputParams": {"n": 2**53}},
            {"projectId": "5a8591dd-4039-49df-9202-96385ba3eff8", "inputParams": '{"n": 9007199254740993}'},
        ],
        "script": [],
        "language": "en",
        "connection": {"apiKey": "hxtp_some_token_of_hex", "baseUrl": "https://app.hex.tech"},
    }
    outcome = in_javascript(node, case)
    faults = [each["error"]["faults"][0] for each in outcome["outcomes"]]
    assert [fault["fault"] for fault in faults] == ["too_large", "too_large"]
    assert "9007199254740991" in faults[0]["message"]
    assert outcome["asked"] == []


@pytest.mark.parametrize("limit", [10**30, -(10**30), 101, 0])
def test_a_number_out_of_bounds_is_refused_with_the_limit_of_its_input(node: Node, limit: int) -> None:
    case = {
        "tool": "hex_list_projects",
        "calls": [{"limit": limit}],
        "script": [],
        "language": "en",
        "connection": {"apiKey": "hxtp_some_token_of_hex", "baseUrl": "https://app.hex.tech"},
    }
    [fault] = in_javascript(node, case)["outcomes"][0]["error"]["faults"]

    with pytest.raises(InputError) as raised:
        our_tools()["hex_list_projects"].check({"limit": limit})

    bound, _, _ = raised.value.faults[0].message().partition(", not ")
    assert fault["message"].startswith(bound)


def test_all_tools_but_a_few_run_in_javascript() -> None:
    assert {tool.id for tool in our_tools().values() if not runs_in_javascript(tool)} == NOT_IN_JAVASCRIPT


def test_helpers_are_what_the_core_asks_with() -> None:
    asked = {name: tools_named_in(content) for name, content in core_files().items()}
    assert set(asked.pop("listings.js")) == set(LISTED)
    assert set(HELPERS) == set().union(*asked.values()) - {"hex_run_and_wait", "hex_get_run_results"}


def tools_named_in(content: bytes) -> set[str]:
    return {name for name in re.findall(r"'(hex_[a-z_]+)'", content.decode()) if name in our_tools()}


def test_all_that_the_core_says_can_be_translated() -> None:
    template = (REPOSITORY / "locales" / "hex_blocks.pot").read_text(encoding="utf-8")
    known = set(re.findall(r'msgid(?:_plural)? "(.*)"', template.replace('"\n"', "")))
    texts = core_data(our_tools(), [], ["de"], more=["no such sentence"])["texts"]["de"]
    assert texts["{count} entry read"] == ["{count} Eintrag gelesen", "{count} Einträge gelesen"]
    unknown = {said for said in said_in_core() if json.dumps(said, ensure_ascii=False)[1:-1] not in known}
    assert not unknown


FORMULAS = (
    "0",
    "n != 1",
    "(n > 1)",
    "n==1 || n%10==1 ? 0 : 1",
    "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2",
    "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5",
    "!(n == 1) + n * 0 / 7 - 0",
)


def test_formulas_of_plurals_are_read_as_gettext_reads_them(node: Node) -> None:
    numbers = [*range(130), 1000, 1001, 1_000_000]
    for formula in FORMULAS:
        form = c2py(formula)
        assert node.do("formula", formula=formula, numbers=numbers)["forms"] == [form(number) for number in numbers]


@pytest.mark.parametrize("formula", ["", "n n", "n ==", "(n", "n ? 1", "process.exit()", "m > 1", "n = 1"])
def test_what_is_no_formula_is_refused(node: Node, formula: str) -> None:
    assert "formula of plurals" in node.do("formula", formula=formula, numbers=[1])["refused"]


@pytest.mark.parametrize("language", languages())
def test_numbers_have_their_form_as_in_python(node: Node, language: str) -> None:
    counts = [0, 1, 2, 5, 21, 1.5, 0.5, 2.5]
    told = node.do("hints", key="rate_limited", name="seconds", counts=counts, language=language)["hints"]
    assert told == [hex_error("rate_limited", seconds=count).hint(language) for count in counts]


def test_the_nearest_language_is_the_one_that_python_finds(node: Node) -> None:
    wanted = ["de", "DE", "de-AT", "de_CH.UTF-8", "en-GB", "pt", "pt-PT", "pt-br", "fr-CA", "es_419", "nl", ""]
    wanted += ["zh", "zh-CN", "zh_SG", "zh-TW", "zh-HK", "zh_MO", "zh-Hant", "zh-Hant-HK", "zh_Hans_TW", "zh-US", "x"]
    assert node.do("nearest", wanted=wanted)["found"] == [nearest(each) or "en" for each in wanted]


def test_the_core_is_free_of_timers_files_and_environment() -> None:
    for name, content in core_files().items():
        text = re.sub(r"^ \*.*$", "", content.decode(), flags=re.MULTILINE)
        assert len(text.splitlines()) <= 400, name
        assert set(re.findall(r"require\('([^']*)'\)", text)) <= {f"./{each[:-3]}" for each in core_files()}, name
        if name != "node_host.js":
            assert not re.search(r"\b(setTimeout|setInterval|process|Buffer|fetch)\b[.(]", text), name


def test_a_token_is_in_nothing_that_is_printed(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node
    script = tmp_path / "print.js"
    data = json.dumps(core_data(our_tools(), []))
    script.write_text(
        f"""
        const {{ createCore }} = require({json.dumps(str(CORE / "core.js"))});
        const {{ clock }} = require({json.dumps(str(CORE / "node_host.js"))});
        const http = async () => ({{ status: 401, headers: {{}}, body: '{{"reason": "hxtp_marked_tamarind_token"}}' }});
        const core = createCore({data}, {{ http, clock }});
        const connection = core.connect({{ apiKey: 'hxtp_marked_tamarind_token' }});
        const inspect = (value) => require('node:util').inspect(value, {{ depth: 20, showHidden: true }});
        core.call('hex_list_projects', {{}}, connection).catch((error) => {{
          console.log(inspect(error), error.stack, JSON.stringify(error), inspect(core), inspect(connection));
          console.log(inspect(connection.api()), JSON.stringify(connection.api()));
        }});
        """
    )
    done = subprocess.run([node, str(script)], capture_output=True, text=True, check=True)
    assert "token_refused" in done.stdout
    assert "tamarind" not in done.stdout + done.stderr


def test_the_types_of_the_core_hold() -> None:
    npm = Path(os.environ["HEX_BLOCKS_HOST_ENVIRONMENT"]) / "npm" / "node_modules"
    command = [
        shutil.which("node") or "node",
        str(npm / "typescript" / "bin" / "tsc"),
        "-p",
        str(Path(__file__).with_name("tsconfig.json")),
    ]
    done = subprocess.run([*command, "--typeRoots", str(npm / "@types")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
