"""Plant faults in copies of the core, one at a time, and tell how many of them the comparison finds.

    python -m tests.hosts.javascript.planted [CASES]

CASES is how many generated calls per tool are compared before a fault counts as not found. Default: 40.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hex_blocks.hosts.javascript.data import core_data, core_files, runs_in_javascript
from hex_blocks.i18n.texts import languages
from tests.calling import our_tools
from tests.hosts.javascript.cases import case_for
from tests.hosts.javascript.node import Node, StoppingClock, in_javascript, in_python
from tests.hosts.javascript.test_same import difference, examples
from tests.hosts.javascript.test_stories import STORIES, told


class Plant(NamedTuple):
    """A fault: in which file of the core, what stands there, and what is put in its place."""

    file: str
    right: str
    wrong: str


PLANTS = (
    Plant("text.js", "let length = value.length;", "return value.length;\n  let length = value.length;"),
    Plant("text.js", "if (letter === 'ı') return letter;", "return letter.toLowerCase();"),
    Plant("values.js", "1: true, false: false", "false: false"),
    Plant("inputs.js", "if (there > 0 && there < group.length)", "if (there > 0 && there < group.length - 1)"),
    Plant("faults.js", "value === null || value === undefined || (typeof", "value === undefined || (typeof"),
    Plant("inputs.js", "value < field.minimum", "value <= field.minimum"),
    Plant("faults.js", "withoutTokens(cut(value, MAX_SEARCHED))", "cut(value, MAX_SEARCHED)"),
    Plant("ids.js", "signed: 'project',\n  run: 'run',", "signed: 'project',\n  run: 'project',"),
    Plant("requests.js", ".replaceAll('%20', '+')", ""),
    Plant("requests.js", "const NOT_QUOTED = /[!'()*]/g;", "const NOT_QUOTED = /[!'()]/g;"),
    Plant("requests.js", "while (entries.length < value.length) entries", "if (entries.length < value.length) entries"),
    Plant("requests.js", "field.trueSends === 'null' ? null : ''", "null"),
    Plant("replies.js", "this.nullable = this.nullable || Boolean(field.nullable) || Boolean(field.newer);", ""),
    Plant("replies.js", "if (value === '' && this.required) this.noteAbsent(found);", ""),
    Plant("replies.js", "Number.isSafeInteger(value);\n}", "true;\n}"),
    Plant("outputs.js", "if (output.countOf) kept[name] = (kept[output.countOf] || []).length;", ""),
    Plant("lists.js", "if (this.read.has(identity)) continue;", ""),
    Plant("lists.js", "Math.min(this.size, this.most - this.read.size)", "this.size"),
    Plant("refusals.js", ".slice(0, MAX_DETAILS)", ""),
    Plant(
        "refusals.js", "typeof body.message === 'string' && CODES.has(body.code)", "typeof body.message === 'string'"
    ),
    Plant("retry_after.js", "Math.ceil(Math.min", "Math.floor(Math.min"),
    Plant("api.js", "const HIDDEN = '[hidden]';", "const HIDDEN = '';"),
    Plant("api.js", "isRead || NOT_SENT.has(error.key)", "true"),
    Plant("base_url.js", "host.endsWith(entry.slice(1))", "host.endsWith(entry.slice(2))"),
    Plant("watcher.js", "const STRETCH = 1 / 60;", "const STRETCH = 1 / 6;"),
    Plant("recovering.js", "const SETTLE_SECONDS = 5;", "const SETTLE_SECONDS = 0;"),
    Plant("waiting.js", "if (!this.options.cancelOnTimeout)", "if (this.options.cancelOnTimeout)"),
    Plant("finding.js", ".normalize('NFKC')", ""),
)


def found(plant: Plant | None, mine: list[tuple[Any, Any]], stories: dict[str, Any]) -> str | None:
    """Tell what finds a fault: an example, a generated call or a story; None where nothing does."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in core_files().items():
            text = content.decode()
            if plant and name == plant.file:
                assert text.count(plant.right) == 1, f"{plant.right!r} stands {text.count(plant.right)} times in {name}"
                text = text.replace(plant.right, plant.wrong)
            (Path(folder) / name).write_text(text)
        node = started(Path(folder))
        try:
            for case, outcome in mine:
                if difference(outcome, in_javascript(node, case)):
                    return str(case["tool"])
            for name, outcome in stories.items():
                its = told(
                    STORIES[name], lambda case, clock: in_javascript(node, case, shared=True, on_wait=clock.wait)
                )
                if difference(outcome, its):
                    return f"story {name}"
        except AssertionError as error:
            return f"it fails: {str(error).splitlines()[0]}"
        finally:
            node.close()
    return None


def told_in_python(folder: Path) -> Callable[[Any, StoppingClock], Any]:
    """Return what runs a story in Python, with its record in a folder."""
    return lambda case, clock: in_python(case, folder, clock)


def started(folder: Path) -> Node:
    """Start a Node process with a copy of the core."""
    node = Node(folder)
    tools = [tool for tool in our_tools().values() if runs_in_javascript(tool)]
    node.do("load", data=core_data(our_tools(), tools, languages()))
    return node


def all_cases(cases: int) -> Iterator[Any]:
    """Return the worked examples and the generated calls of every tool."""
    for tool in our_tools().values():
        if runs_in_javascript(tool):
            yield from examples(tool)
            yield from (case_for(tool, f"planted/{tool.id}/{number}") for number in range(cases))


def main() -> int:
    """Plant every fault; 0 where at least nine of ten are found."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        mine = [(case, in_python(case, Path(folder) / str(number))) for number, case in enumerate(all_cases(cases))]
        stories = {name: told(story, told_in_python(Path(folder) / name)) for name, story in STORIES.items()}
    # A case in which the core is not the same as it stands would find every fault.
    if by := found(None, mine, stories):
        print(f"Without a fault, the runtimes are not the same: {by}")
        return 1
    missed = 0
    for plant in PLANTS:
        by = found(plant, mine, stories)
        missed += by is None
        print(f"{plant.file}: {plant.right.splitlines()[0][:60]}: {by or 'NOT FOUND'}", flush=True)
    print(f"{len(PLANTS) - missed} of {len(PLANTS)} planted faults found")
    return 0 if missed * 10 <= len(PLANTS) else 1


if __name__ == "__main__":
    sys.exit(main())
