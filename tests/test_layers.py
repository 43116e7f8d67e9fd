"""Imports run one way: hosts and commands at the top, errors and texts at the bottom, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hex_blocks"
# From the bottom up: what stands in a room may import its own room and those above it in this list.
ROOMS = {
    "i18n": ("i18n", "clock"),
    "errors": ("errors",),
    "api": ("api",),
    "tools": ("tools",),
    "runs": ("runs",),
    "handlers": ("handlers",),
    "calls": ("run",),
    "client": ("client",),
    "dev": ("dev",),
    "hosts": ("hosts",),
    "cli": ("cli", "__main__"),
}
TOP = ("cli", "hosts", "dev")
OUTSIDE = ("sandbox", "__init__")

Imports = dict[str, set[str]]


def modules() -> dict[str, ast.Module]:
    """Read every module of the package, by its name below the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def name_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def imported(tree: ast.AST, *, lazy: bool) -> Iterator[str]:
    """Give what a module imports of the package; lazy: also inside functions. Never what only types need."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
            below = (node.module or "").partition(".")[2]
            yield from (f"{below}.{alias.name}".lstrip(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("hex_blocks."))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from imported(ast.Module(node.orelse, []), lazy=lazy)
        elif lazy or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imported(node, lazy=lazy)


def graph(*, lazy: bool) -> Imports:
    """Give the modules that each module imports."""
    trees = modules()
    return {name: {known(each, trees) for each in imported(tree, lazy=lazy)} - {name} for name, tree in trees.items()}


def known(name: str, trees: dict[str, ast.Module]) -> str:
    """Give the module that an import is of: itself, or the one that holds the name; the package for its own names."""
    return name if name in trees else name.rpartition(".")[0] or "__init__"


def room_of(module: str) -> int:
    """Give the place of a module's room, counted from the bottom."""
    first = module.split(".")[0]
    return next(number for number, names in enumerate(ROOMS.values()) if first in names)


def inside(imports: Imports) -> Iterator[tuple[str, str]]:
    """Give every import from a room to a room."""
    for module, targets in imports.items():
        for target in sorted(targets):
            if module.split(".")[0] not in OUTSIDE and target.split(".")[0] not in OUTSIDE:
                yield module, target


def test_every_module_has_a_room() -> None:
    names = {name.split(".")[0] for name in modules()}

    assert names - set(OUTSIDE) <= {name for room in ROOMS.values() for name in room}


def test_imports_run_from_the_top_to_the_bottom() -> None:
    upward = [(one, other) for one, other in inside(graph(lazy=False)) if room_of(other) > room_of(one)]

    assert upward == []


@pytest.mark.parametrize("top", TOP)
def test_nothing_below_imports_a_host_or_a_command(top: str) -> None:
    below = [
        (one, other) for one, other in inside(graph(lazy=True)) if other.startswith(top) and not one.startswith(TOP)
    ]

    assert [pair for pair in below if pair != ("__main__", "cli")] == []


def test_modules_import_each_other_in_no_circle() -> None:
    order = list(TopologicalSorter(graph(lazy=False)).static_order())

    assert set(order) == set(modules())


def test_the_sandbox_stands_alone() -> None:
    imports = graph(lazy=True)
    of_the_sandbox = {target for name, targets in imports.items() if name.startswith("sandbox") for target in targets}
    by_others = {name for name, targets in imports.items() if any(each.startswith("sandbox") for each in targets)}

    assert {name for name in of_the_sandbox if not name.startswith("sandbox")} <= {
        "clock",
        "i18n.texts",
        "i18n.formats",
        "__init__",
    }
    assert {name for name in by_others if not name.startswith("sandbox")} <= {"cli.sandbox", "cli.demo", "cli.call"}


def test_only_the_adapter_talks_to_hex() -> None:
    networked = ("requests", "urllib3", "httpx", "http.client", "urllib.request", "socket")

    talking = {name for name, tree in modules().items() if any(each in networked for each in everything_imported(tree))}

    assert {name.split(".")[0] for name in talking if name.split(".")[0] not in (*TOP, "sandbox")} == {"api"}


def everything_imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
