"""Tools of others: a package that is really installed, and broken ones that keep nothing else from working."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from hex_blocks import Registry
from hex_blocks.errors.classes import SpecError
from hex_blocks.run import handler_of
from tests.conftest import Finished, Install, RunCommand, WriteCatalogue
from tests.whole import whole

EXAMPLE = Path(__file__).parents[1] / "plugin_example"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
COLLECTION = "7f2c1e9a-5b3d-4c8f-a6e0-1d9b4f7c2a85"
GROUPS = "tool_specs/groups.json"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
GOOD_TOOL: dict[str, Any] = json.loads((EXAMPLE / "hex_blocks_cats/tool_specs/cats_count_cats.json").read_bytes())

RunWith = Callable[..., Finished]
LoadWith = Callable[..., Registry]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, install: Install) -> Path:
    """A folder into which the example package is installed."""
    folder = tmp_path_factory.mktemp("plugins") / "site"
    install(EXAMPLE, "--target", str(folder))
    return folder


@pytest.fixture
def hex_blocks_with(hex_blocks: RunCommand) -> RunWith:
    """Run the command line with folders of installed packages."""

    def run(folders: list[Path], *arguments: str, env: dict[str, str] | None = None) -> Finished:
        return hex_blocks(*arguments, env={"PYTHONPATH": os.pathsep.join(map(str, folders))} | (env or {}))

    return run


@pytest.fixture
def server(httpserver: HTTPServer) -> dict[str, str]:
    """The environment that leads to a local Hex."""
    return {
        "HEX_API_TOKEN": "hxtp_of_a_cat",
        "HEX_API_BASE_URL": httpserver.url_for("/api/v1"),
        "HEX_BLOCKS_ALLOWED_HOSTS": httpserver.url_for("").rstrip("/"),
    }


@pytest.fixture
def load_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadWith]:
    """Load the registry with folders of installed packages."""

    def load(*folders: Path) -> Registry:
        for folder in folders:
            monkeypatch.syspath_prepend(folder)
        return Registry.load()

    yield load
    for module in [name for name in sys.modules if name.startswith("hex_blocks_dogs")]:
        del sys.modules[module]


def write_plugin(folder: Path, files: dict[str, Any], entry_point: str = "dogs = hex_blocks_dogs") -> Path:
    """Write what an installer leaves of a package: its files, and its entry point."""
    for name, content in ({"__init__.py": ""} | files).items():
        file = folder / "hex_blocks_dogs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    metadata = folder / "hex_blocks_dogs-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hex-blocks-dogs\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[hex_blocks.tools]\n{entry_point}\n")
    return folder


def spec_file(**changes: Any) -> dict[str, Any]:
    """Give the files of a package with one tool that works, and one with changes."""
    good = GOOD_TOOL | {"id": "dogs_count_dogs", "group": "projects"}
    changed = good | {"id": "dogs_walk_dogs"} | changes
    return {"tool_specs/dogs_count_dogs.json": good, f"tool_specs/{changed['id']}.json": changed}


def ids(listed: Finished) -> list[str]:
    return [tool["id"] for tool in json.loads(listed.stdout)]


def test_an_installed_package_adds_its_tools_and_its_group(site: Path, hex_blocks_with: RunWith) -> None:
    listed = hex_blocks_with([site], "tools", "--json")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert ids(listed)[-2:] == ["cats_count_cats", "cats_feed_cat"]
    assert "hex_run_project" in ids(listed)


def test_two_packages_each_add_a_group(site: Path, tmp_path: Path, load_with: LoadWith) -> None:
    group = {"title": "Dogs", "description": "Walk dogs."}
    plugin = write_plugin(tmp_path / "dogs", {GROUPS: {"dogs": group}} | spec_file(group="dogs"))

    registry = load_with(site, plugin)

    assert registry.problems == []
    assert list(registry.groups)[-2:] == list(registry.block.groups)[-2:] == ["cats", "dogs"]
    assert registry["dogs_walk_dogs"].spec.inputs["baseUrl"].place == "connection"


def test_its_group_can_be_asked_for(site: Path, hex_blocks_with: RunWith) -> None:
    listed = hex_blocks_with([site], "tools", "--group", "cats", "--json")

    assert ids(listed) == ["cats_count_cats", "cats_feed_cat"]


def test_its_tools_are_shown_as_ours_are(site: Path, hex_blocks_with: RunWith) -> None:
    shown = json.loads(hex_blocks_with([site], "show", "cats_count_cats", "--json").stdout)

    assert {"apiKey", "baseUrl", "collectionId"} == set(shown["inputSchema"]["properties"])
    assert shown["group"] == "cats"


@pytest.mark.slow
def test_a_good_package_adds_nothing_to_what_the_check_finds(site: Path, hex_blocks_with: RunWith) -> None:
    without = json.loads(hex_blocks_with([], "check", "--json").stdout)
    with_it = json.loads(hex_blocks_with([site], "check", "--json").stdout)

    assert with_it["tools"] == without["tools"] + 2
    assert with_it["problems"] == without["problems"]


def test_a_tool_that_is_one_request_runs(
    site: Path, hex_blocks_with: RunWith, httpserver: HTTPServer, server: dict[str, str]
) -> None:
    reply = {"values": [{"title": "Mittens", "type": "PROJECT"}, {"title": "Tom"}]}
    httpserver.expect_request("/api/v1/projects", "GET", query_string={"collectionId": COLLECTION}).respond_with_json(
        reply
    )

    called = hex_blocks_with([site], "call", "cats_count_cats", f"collectionId={COLLECTION}", env=server)

    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout) == {"total": 2, "cats": [{"name": "Mittens"}, {"name": "Tom"}]}


def test_a_tool_with_a_handler_of_its_own_runs(
    site: Path, hex_blocks_with: RunWith, httpserver: HTTPServer, server: dict[str, str]
) -> None:
    project = whole("hex_get_project", title="Mittens")
    httpserver.expect_ordered_request(f"/api/v1/projects/{PROJECT}", "GET").respond_with_json(project)
    httpserver.expect_ordered_request(
        f"/api/v1/projects/{PROJECT}/runs", "POST", json={"inputParams": {"food": "FISH"}}
    ).respond_with_json(whole("hex_run_project", runId=RUN), status=201)

    called = hex_blocks_with([site], "call", "cats_feed_cat", f"projectId={PROJECT}", "food=fish", env=server)

    assert (called.returncode, called.stderr) == (0, "")
    assert json.loads(called.stdout) == {"cat": "Mittens", "runId": RUN}


def test_its_inputs_are_checked(site: Path, hex_blocks_with: RunWith, server: dict[str, str]) -> None:
    called = hex_blocks_with([site], "call", "cats_feed_cat", "food=carrots", env=server)

    assert called.returncode == 2
    assert "projectId is required." in called.stderr
    assert 'food must be one of FISH, MICE, not "carrots".' in called.stderr


@pytest.mark.parametrize("command", [["tools", "--json"], ["show", "cats_feed_cat", "--json"]], ids=["tools", "show"])
def test_a_listing_does_not_import_its_code(site: Path, hex_blocks_with: RunWith, command: list[str]) -> None:
    told = hex_blocks_with([site], *command, env={"PYTHONPROFILEIMPORTTIME": "1"})

    imported = re.findall(r"\| +(\S+)$", told.stderr, flags=re.MULTILINE)
    assert "hex_blocks.tools.registry" in imported
    assert "cats_feed_cat" in told.stdout
    assert [name for name in imported if "cats" in name] == []


def test_it_brings_its_own_translations(tmp_path: Path, load_with: LoadWith, write_catalogue: WriteCatalogue) -> None:
    plugin = write_plugin(tmp_path / "dogs", spec_file(title="Walk the dogs"))
    write_catalogue(plugin / "hex_blocks_dogs/locales/de.mo", {"Walk the dogs": "Mit den Hunden gehen"})

    registry = load_with(plugin)

    assert registry["dogs_walk_dogs"].title("de") == "Mit den Hunden gehen"
    assert registry["dogs_walk_dogs"].title() == "Walk the dogs"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(
            spec_file() | {"tool_specs/dogs_walk_dogs.json": "{"}, r"dogs_walk_dogs\.json: not JSON", id="bad-json"
        ),
        pytest.param(spec_file(titel="x"), r'titel is not a known key; did you mean "title"', id="unknown-key"),
        pytest.param(spec_file(group="kennel"), r"group is 'kennel'; use one of .*groups\.json", id="unknown-group"),
        pytest.param(spec_file(id="hex_run_project"), r"hex_run_project is already a tool of hex_blocks", id="ours"),
        pytest.param(spec_file(id="cats_feed_cat"), r"cats_feed_cat is already a tool of cats", id="another-plugins"),
        pytest.param(spec_file(id="Dogs"), r"id is 'Dogs'", id="bad-id"),
        pytest.param(spec_file(inputs=None), r"inputs is None", id="no-inputs"),
        pytest.param(spec_file() | {"tool_specs/dogs_walk_dogs.json": "[" * 100_000}, r"not JSON", id="deeply-nested"),
    ],
)
def test_a_broken_tool_is_reported_by_name_and_the_rest_work(
    site: Path, tmp_path: Path, load_with: LoadWith, files: dict[str, Any], said: str
) -> None:
    plugin = write_plugin(tmp_path / "dogs", files)

    registry = load_with(site, plugin)

    assert [problem.plugin for problem in registry.problems] == ["dogs"]
    assert re.search(said, registry.problems[0].message)
    assert {"hex_run_project", "cats_feed_cat", "dogs_count_dogs"} <= set(registry)
    assert "dogs_walk_dogs" not in registry


@pytest.mark.parametrize(
    ("files", "entry_point", "said"),
    [
        pytest.param({}, "dogs = hex_blocks_dogs", "has no folder tool_specs", id="no-specs"),
        pytest.param({}, "dogs = hex_blocks_wolves", "not an importable package", id="no-package"),
        pytest.param({}, "dogs = hex_blocks_wolves.inner", "hex_blocks_wolves", id="no-outer-package"),
        pytest.param({"alone.py": ""}, "dogs = hex_blocks_dogs.alone", "not an importable package", id="a-module"),
        pytest.param({GROUPS: "{"}, "dogs = hex_blocks_dogs", r"groups\.json: not JSON", id="groups-not-json"),
        pytest.param({GROUPS: []}, "dogs = hex_blocks_dogs", r"groups\.json", id="groups-a-list"),
        pytest.param({GROUPS: {"dogs": {}}}, "dogs = hex_blocks_dogs", r"groups\.json: .*title", id="group-no-title"),
        pytest.param({GROUPS: {"dogs": 1}}, "dogs = hex_blocks_dogs", r"groups\.json", id="group-a-number"),
        pytest.param(
            {GROUPS: {"runs": {"title": "Runs", "description": "Run."}}},
            "dogs = hex_blocks_dogs",
            "the group runs already exists",
            id="group-taken",
        ),
        pytest.param(
            {"__init__.py": "1 / 0", "inner/__init__.py": ""},
            "dogs = hex_blocks_dogs.inner",
            "division by zero",
            id="package-that-fails",
        ),
    ],
)
def test_a_broken_package_is_reported_by_name_and_the_rest_work(
    site: Path, tmp_path: Path, load_with: LoadWith, files: dict[str, Any], entry_point: str, said: str
) -> None:
    plugin = write_plugin(tmp_path / "dogs", files, entry_point)

    registry = load_with(site, plugin)

    assert [problem.plugin for problem in registry.problems] == ["dogs"]
    assert re.search(said, registry.problems[0].message)
    assert {"hex_run_project", "cats_feed_cat"} <= set(registry)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("hex_blocks_dogs.walking:walk", "No module named 'hex_blocks_dogs.walking'"),
        ("hex_blocks_dogs.broken:walk", "division by zero"),
        ("hex_blocks_dogs.wrong:walk", "invalid syntax"),
        ("hex_blocks_dogs:walk", "has no attribute 'walk'"),
    ],
    ids=["no-module", "module-that-fails", "no-python", "no-function"],
)
def test_a_broken_handler_is_reported_with_its_spec(
    tmp_path: Path, load_with: LoadWith, handler: str, said: str
) -> None:
    modules = {"broken.py": "1 / 0", "wrong.py": "def walk(:"}
    plugin = write_plugin(tmp_path / "dogs", spec_file(handler=handler) | modules)
    registry = load_with(plugin)

    with pytest.raises(SpecError, match=rf"dogs_walk_dogs\.json: handler {handler} cannot be loaded: .*{said}"):
        _ = handler_of(registry["dogs_walk_dogs"])

    assert registry.problems == []
    assert callable(handler_of(registry["dogs_count_dogs"]))


@pytest.mark.slow
def test_a_broken_handler_fails_its_call_and_the_check(
    tmp_path: Path, hex_blocks_with: RunWith, server: dict[str, str]
) -> None:
    plugin = write_plugin(tmp_path / "dogs", spec_file(handler="hex_blocks_dogs.walking:walk"))

    called = hex_blocks_with([plugin], "call", "dogs_walk_dogs", f"collectionId={COLLECTION}", env=server)
    checked = hex_blocks_with([plugin], "check")

    assert (called.returncode, checked.returncode) == (1, 1)
    assert "dogs_walk_dogs.json: handler hex_blocks_dogs.walking:walk cannot be loaded: " in called.stderr
    assert "dogs_walk_dogs.json: handler hex_blocks_dogs.walking:walk cannot be loaded: " in checked.stdout
    assert "Traceback" not in called.stderr + checked.stderr


@pytest.mark.slow
def test_a_broken_plugin_is_told_by_every_command_and_fails_the_check(tmp_path: Path, hex_blocks_with: RunWith) -> None:
    plugin = write_plugin(tmp_path / "dogs", spec_file(group="kennel"))

    listed = hex_blocks_with([plugin], "tools", "--json")
    checked = hex_blocks_with([plugin], "check", "--json")

    assert (listed.returncode, checked.returncode) == (0, 1)
    assert {"hex_run_project", "dogs_count_dogs"} <= set(ids(listed))
    assert "Plugin dogs is broken: " in listed.stderr
    assert [each for each in json.loads(checked.stdout)["problems"] if each.startswith("plugin dogs: ")] != []
