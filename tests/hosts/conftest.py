"""The fixtures of the hosts' tests: a sandbox with a driven clock, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hex_blocks import Connection
from hex_blocks.clock import DrivenClock
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Registry
from tests.hosts.plugins import install_example

HOSTS = Path(__file__).parent


@pytest.fixture
def sandbox(clock: DrivenClock) -> Iterator[Sandbox]:
    """A sandbox with Hex's rate limits."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def hex_connection(sandbox: Sandbox, clock: DrivenClock) -> Iterator[Connection]:
    """A connection to the sandbox."""
    with Connection(
        TOKENS.personal, sandbox.base_url, allowed_hosts=(sandbox.origin,), pinned=True, clock=clock
    ) as made:
        yield made


@pytest.fixture(scope="session")
def schema_errors() -> Callable[[Any, dict[str, Any]], list[str]]:
    """Return a function that returns the errors of a value against a JSON Schema."""
    return lambda value, schema: [error.message for error in Draft202012Validator(schema).iter_errors(value)]


@pytest.fixture
def with_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry with the tools of the example plugin."""
    monkeypatch.syspath_prepend(install_example(tmp_path / "site"))
    return Registry.load()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the hosts that need an environment of their own, unless the command names a path among the hosts."""
    needs_an_environment = (collection_path / "requirements.txt").is_file()
    named = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    return True if needs_an_environment and not any(path.is_relative_to(HOSTS) for path in named) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the clusters of engines unless they are asked for: each takes minutes."""
    if "cluster" not in (config.getoption("markexpr") or ""):
        left = [item for item in items if item.get_closest_marker("cluster")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
