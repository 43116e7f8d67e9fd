"""The registry: which tools there are, in which order, how they are found, and what a listing costs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from hex_blocks import Connection, HexError, Registry
from hex_blocks.dev.check_specs import problems
from hex_blocks.errors.classes import SpecError, UnknownToolError
from hex_blocks.run import handler_of
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.spec.tool import ToolSpec
from tests.calling import hex_on
from tests.conftest import environment_for
from tests.whole import whole

PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"
RUN = "78c33d18-170c-44d3-a227-b3194f134f73"
# What only a call, a page or a terminal needs.
HEAVY = ("requests", "urllib3", "jinja2", "pydantic", "rich", "limits", "werkzeug", "asyncio", "http.client")

# What a page, a plugin's spec or a terminal needs.
NOT_FOR_A_CALL = ("jinja2", "pydantic", "rich", "limits", "werkzeug", "asyncio")


@pytest.fixture
def folder(tmp_path: Path, registry: Registry) -> Path:
    """A folder of specs with our block file and one tool."""
    made = tmp_path / "tool_specs"
    made.mkdir()
    for name in ("block.json", "icon.svg", "block.schema.json", "tool.schema.json", "hex_get_project.json"):
        shutil.copy(registry.folder / name, made)
    return made


def add_copy(folder: Path, id_: str, **changes: Any) -> Path:
    """Add a copy of the tool of a folder under another id."""
    raw = json.loads((folder / "hex_get_project.json").read_bytes())
    file = folder / f"{id_}.json"
    file.write_text(json.dumps(raw | {"id": id_} | changes))
    return file


def places(registry: Registry) -> Iterator[tuple[int, str]]:
    """Give where each tool stands: the place of its group, and its id."""
    groups = list(registry.groups)
    return ((groups.index(tool.group), tool.id) for tool in registry.values())


def test_tools_stand_in_the_order_of_their_groups_and_then_of_their_ids(registry: Registry) -> None:
    order = list(places(registry))

    assert order == sorted(order)
    assert len(registry) == len(list(registry.folder.glob("hex_*.json")))


@pytest.mark.parametrize("name", ["hex_run_project", "run_project"])
def test_a_tool_is_found_with_and_without_its_prefix(registry: Registry, name: str) -> None:
    assert name in registry
    assert registry[name].id == "hex_run_project"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("hex_run_projct", "hex_run_project"),
        ("run_projects", "hex_run_project"),
        ("list_project", "hex_list_projects"),
        ("cancel", "hex_cancel_run"),
    ],
)
def test_a_mistyped_id_suggests_the_nearest(registry: Registry, name: str, nearest: str) -> None:
    with pytest.raises(UnknownToolError) as raised:
        registry[name]

    assert nearest in raised.value.nearest
    assert f"No tool is called {name!r}. Did you mean " in str(raised.value)


@pytest.mark.parametrize("name", ["", "hex_", "abc", "nope", "hex_nope"])
def test_no_id_is_suggested_for_its_prefix(registry: Registry, name: str) -> None:
    with pytest.raises(UnknownToolError) as raised:
        _ = registry[name]

    assert str(raised.value) == f"No tool is called {name!r}."


@pytest.mark.parametrize("name", ["xyzzy", "", "hex_", "../block"])
def test_an_id_like_no_other_is_unknown_all_the_same(registry: Registry, name: str) -> None:
    assert name not in registry
    with pytest.raises(KeyError):
        registry[name]


@pytest.mark.parametrize("name", [None, 3, ("hex_run_project",)])
def test_what_is_no_name_is_no_tool(registry: Registry, name: Any) -> None:
    assert name not in registry


def test_a_tool_says_what_a_palette_shows(registry: Registry) -> None:
    tool = registry["hex_cancel_run"]

    assert (tool.group, tool.operation, tool.plugin) == ("runs", "mutation", None)
    assert tool.title() == "Cancel a run"
    assert tool.description().endswith(".")
    assert registry.groups[tool.group]["title"]


@pytest.mark.parametrize(
    "command", [["tools", "--json"], ["show", "hex_run_project"], ["--help"]], ids=["tools", "show", "help"]
)
def test_a_listing_imports_only_what_it_needs(command: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hex_blocks", *command], capture_output=True, text=True, check=True
    )

    imported = re.findall(r"\| +(\S+)$", told.stderr, flags=re.MULTILINE)
    assert "hex_blocks.cli" in imported
    assert [name for name in imported if name.startswith(HEAVY)] == []


def test_a_call_imports_only_what_it_needs(sandbox: Sandbox) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hex_blocks", "call", "list_projects"],
        env=os.environ | environment_for(sandbox.base_url, sandbox.origin, TOKENS.personal),
        capture_output=True,
        text=True,
        check=True,
    )

    imported = re.findall(r"\| +(\S+)$", told.stderr, flags=re.MULTILINE)
    assert "requests" in imported
    assert [name for name in imported if name.startswith(NOT_FOR_A_CALL)] == []


def test_a_built_in_spec_is_the_same_whether_or_not_it_is_validated(registry: Registry) -> None:
    assert asdict(registry.block) == asdict(registry.validated_block())
    for tool in registry.values():
        assert asdict(ToolSpec.from_json(tool.raw)) == asdict(tool.validated())


def test_a_thousand_specs_are_read(folder: Path) -> None:
    for number in range(1000):
        add_copy(folder, f"hex_get_project_{number:04}")

    registry = Registry(folder)

    assert len(registry) == 1001
    assert list(registry)[-1] == "hex_get_project_0999"
    assert registry["get_project_0500"].spec.id == "hex_get_project_0500"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("\x00", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "id is missing"),
        ('{"id": "hex_broken"}', "title is missing"),
        ('{"id": 3, "title": "x", "group": "runs", "operation": "query"}', "id is missing"),
    ],
    ids=["open-brace", "empty", "zero-byte", "deep", "list", "no-title", "number-as-id"],
)
def test_a_file_that_is_no_spec_is_named(folder: Path, content: str, said: str) -> None:
    (folder / "hex_broken.json").write_text(content)

    with pytest.raises(SpecError, match=rf"hex_broken\.json: {said}"):
        Registry(folder)


def test_a_wrong_spec_does_not_keep_others_from_working(folder: Path) -> None:
    add_copy(folder, "hex_wrong", inputs=[])
    registry = Registry(folder)

    assert registry["hex_get_project"].check({"projectId": PROJECT}) == {"projectId": PROJECT}
    with pytest.raises(SpecError, match=r"hex_wrong\.json: inputs"):
        _ = registry["hex_wrong"].spec


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("hex_blocks.nowhere:nothing", "No module named 'hex_blocks.nowhere'"),
        ("hex_blocks.handlers.one_request:nothing", "has no attribute 'nothing'"),
    ],
)
def test_a_handler_that_is_not_there_is_named_with_its_spec(folder: Path, handler: str, said: str) -> None:
    add_copy(folder, "hex_handled", handler=handler)

    with pytest.raises(SpecError, match=rf"hex_handled\.json: handler {handler} cannot be loaded: .*{said}"):
        _ = handler_of(Registry(folder)["hex_handled"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"group": "runz"}, "group is 'runz'; use one of notebook, runs", id="unknown-group"),
        pytest.param({"handler": "hex_blocks.nowhere:nothing"}, "handler hex_blocks.nowhere", id="no-handler"),
        pytest.param({"titel": "x"}, 'titel is not a known key; did you mean "title"?', id="unknown-key"),
        pytest.param(
            {"examples": [{"title": "x", "inputs": {"projectId": "1"}, "reply": {}, "outputs": {"id": "1"}}]},
            "examples[0]",
            id="wrong-example",
        ),
    ],
)
def test_the_check_finds_what_is_wrong_with_a_spec(folder: Path, changes: dict[str, Any], said: str) -> None:
    file = add_copy(folder, "hex_changed", **changes)

    found = [problem for problem in problems(Registry(folder)) if problem.startswith(str(file))]

    assert [problem for problem in found if said in problem] != []


def test_the_check_finds_an_example_that_its_reply_does_not_give(folder: Path) -> None:
    raw = json.loads((folder / "hex_get_project.json").read_bytes())
    raw["examples"][0]["outputs"]["title"] = "Another title"
    add_copy(folder, "hex_changed", examples=raw["examples"])

    found = problems(Registry(folder))

    assert [problem for problem in found if "examples[0].outputs.title is 'Another title'" in problem] != []


def test_the_check_finds_a_schema_that_is_not_current(folder: Path) -> None:
    (folder / "tool.schema.json").write_text("{}")

    found = problems(Registry(folder))

    assert [problem for problem in found if "tool.schema.json" in problem and "check --fix" in problem] != []


def test_a_call_can_name_its_own_token_and_base_url(httpserver: HTTPServer, registry: Registry) -> None:
    origin = httpserver.url_for("").rstrip("/")
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}/runs/{RUN}").respond_with_json({"status": "RUNNING"})
    inputs = {"projectId": PROJECT, "runId": RUN, "apiKey": " hxtp_of_this_call ", "baseUrl": origin}

    with Connection("hxtp_of_the_connection", allowed_hosts=(origin,)) as connection:
        result = hex_on(connection).call("hex_get_run_status", inputs)

    assert result["status"] == "RUNNING"
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer hxtp_of_this_call"


def test_a_tool_runs_with_the_connection_of_the_environment(
    httpserver: HTTPServer, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = whole("hex_get_run_status", status="RUNNING")
    httpserver.expect_request(f"/api/v1/projects/{PROJECT}/runs/{RUN}").respond_with_json(answer)
    monkeypatch.setenv("HEX_API_TOKEN", "hxtp_of_the_environment")
    monkeypatch.setenv("HEX_API_BASE_URL", httpserver.url_for("/api/v1"))
    monkeypatch.setenv("HEX_BLOCKS_ALLOWED_HOSTS", httpserver.url_for("").rstrip("/"))

    result = hex_on().call("hex_get_run_status", {"projectId": PROJECT, "runId": RUN})

    assert list(result) == list(registry["hex_get_run_status"].spec.outputs)
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer hxtp_of_the_environment"


def test_without_a_token_nothing_is_sent(httpserver: HTTPServer, registry: Registry) -> None:
    origin = httpserver.url_for("").rstrip("/")

    with pytest.raises(HexError) as raised:
        hex_on(Connection(None, origin, allowed_hosts=(origin,))).call("hex_get_project", {"projectId": PROJECT})

    assert raised.value.key == "token_missing"
    assert httpserver.log == []


def test_the_async_twin_leaves_the_loop_free(
    httpserver: HTTPServer, registry: Registry, connection: Connection
) -> None:
    looked = threading.Event()

    def answer_when_looked_at(_request: Request) -> Response:
        assert looked.wait(10)
        return Response(json.dumps({"status": "RUNNING"}), content_type="application/json")

    httpserver.expect_request(f"/api/v1/projects/{PROJECT}/runs/{RUN}").respond_with_handler(answer_when_looked_at)

    async def call_and_look() -> dict[str, Any]:
        call = asyncio.create_task(
            hex_on(connection).call_async("hex_get_run_status", {"projectId": PROJECT, "runId": RUN})
        )
        await asyncio.sleep(0)
        # Only a loop that is free comes to this before the answer is there.
        looked.set()
        return await call

    result = asyncio.run(call_and_look())

    assert result["status"] == "RUNNING"
    httpserver.check_assertions()
