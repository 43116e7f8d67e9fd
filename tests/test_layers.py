"""Imports run one way: commands and hosts at the top, errors and texts at the bottom, and never in a circle.

Every import counts: those at the top of a module, lazy ones inside functions, those for types only, and
`import_module` of a name that is written out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hex_blocks"
# From the bottom up: a room may import itself and those before it.
ROOMS = (
    ("i18n", "clock"),
    ("postgres",),
    ("errors",),
    ("api",),
    ("tools",),
    ("runs",),
    ("handlers",),
    ("run",),
    ("client",),
    ("dev",),
    ("hosts",),
    ("cli",),
)
# The package's own names are lazy, the command is what `python -m` runs, and the sandbox stands beside.
OUTSIDE = ("__init__", "__main__", "sandbox")
LONGEST = 400
MOST_ENTRIES = 16
NETWORKED = ("requests", "urllib3", "httpx", "http.client", "urllib.request", "socket")

Edges = dict[str, set[str]]


def modules() -> dict[str, ast.Module]:
    """Read every module of the package, by its name below the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def name_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


TREES = modules()


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield whatever a module imports, by its whole name; of a package the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and called(node) == "import_module":
            yield from (str(given.value) for given in node.args[:1] if isinstance(given, ast.Constant))


def called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def module_of(name: str) -> str | None:
    """Return the module of ours that an import is of: itself, or the one that holds the name."""
    if not name.startswith(f"{PACKAGE.name}."):
        return None
    below = name.removeprefix(f"{PACKAGE.name}.")
    return below if below in TREES else (below.rpartition(".")[0] or "__init__")


def edges() -> Edges:
    """Return the modules that each module imports."""
    found = {name: {module_of(each) for each in imported(tree)} for name, tree in TREES.items()}
    return {name: {each for each in targets if each and each != name} for name, targets in found.items()}


EDGES = edges()


def room_of(module: str) -> int | None:
    """Return the place of a module's room, counted from the bottom; None for what stands outside."""
    first = module.split(".")[0]
    return next((number for number, room in enumerate(ROOMS) if first in room), None)


def test_every_module_has_a_room() -> None:
    assert [name for name in TREES if room_of(name) is None and name.split(".")[0] not in OUTSIDE] == []


def test_the_package_has_few_entries() -> None:
    entries = {name.split(".")[0] for name in TREES}

    assert len(entries) <= MOST_ENTRIES


def test_imports_run_from_the_top_to_the_bottom() -> None:
    rooms = {name: room_of(name) for name in TREES}
    upward = [
        (one, other)
        for one, targets in EDGES.items()
        for other in sorted(targets)
        if (here := rooms[one]) is not None and (there := rooms[other]) is not None and there > here
    ]

    assert upward == []


def test_modules_import_each_other_in_no_circle() -> None:
    # A package stands for what it needs itself, not for what is inside it.
    inside = {
        name: {each for each in targets if each != "__init__" and not name.startswith(f"{each}.")}
        for name, targets in EDGES.items()
    }

    assert set(TopologicalSorter(inside).static_order()) == set(TREES)


def test_the_sandbox_stands_alone() -> None:
    of_the_sandbox = {each for name, targets in EDGES.items() if name.startswith("sandbox") for each in targets}
    by_others = {name for name, targets in EDGES.items() if any(each.startswith("sandbox") for each in targets)}

    allowed = {"clock", "i18n.texts", "i18n.formats", "__init__"}
    assert {name for name in of_the_sandbox if not name.startswith("sandbox")} <= allowed
    assert {name.split(".")[0] for name in by_others if not name.startswith("sandbox")} <= {"cli"}


def test_only_the_adapter_talks_to_hex() -> None:
    talking = {name for name, tree in TREES.items() if any(of_the_network(each) for each in imported(tree))}

    assert {name.split(".")[0] for name in talking} - {"cli", "dev", "hosts", "sandbox"} == {"api"}


def of_the_network(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in NETWORKED)


@pytest.mark.parametrize("module", sorted(TREES))
def test_a_module_takes_only_public_names_of_others_and_is_of_a_size_to_read(module: str) -> None:
    tree = TREES[module]
    private = [name for name in imported(tree) if module_of(name) and name.rpartition(".")[2].startswith("_")]
    starred = [name for name in imported(tree) if name.endswith(".*")]
    lines = max((node.end_lineno or 0 for node in tree.body), default=0)

    assert [name for name in private if not name.endswith("__")] == []
    assert starred == []
    assert lines <= LONGEST


def test_no_module_only_hands_on_the_names_of_others() -> None:
    only_imports = [
        name
        for name, tree in TREES.items()
        if any(isinstance(node, ast.ImportFrom) and "__future__" not in str(node.module) for node in tree.body)
        and all(isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) or is_all(node) for node in tree.body)
    ]

    assert only_imports == []


def is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
