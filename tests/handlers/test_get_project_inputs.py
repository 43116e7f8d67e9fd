"""Reading which inputs a project takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError, Registry
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.sandbox.seed.project_data import REVENUE_REPORT
from tests.calling import hex_on
from tests.faulty import Faulty, reply

TOOL = "hex_get_project_inputs"

RunTool = Callable[..., dict[str, Any]]
Asked = Callable[[], list[str]]


@pytest.fixture
def run_against(registry: Registry) -> Callable[..., tuple[dict[str, Any], Faulty]]:
    """Run the tool against a server that answers with a given content of the file."""

    def run_it(content: Any, **inputs: Any) -> tuple[dict[str, Any], Faulty]:
        answer = reply(200, {"filename": "tides.hex.yaml", "content": content})
        with (
            Faulty(answer) as server,
            Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,)) as connection,
        ):
            return hex_on(connection).call(TOOL, {"projectId": REVENUE_REPORT} | inputs), server

    return run_it


def test_a_projects_inputs_are_listed_with_types_and_choices(run: RunTool, asked: Asked, sandbox: Sandbox) -> None:
    outputs = run(TOOL, {"projectId": REVENUE_REPORT})

    wanted = sandbox.world.project("Revenue report").inputs
    assert [each["name"] for each in outputs["inputs"]] == [each.name for each in wanted]
    assert [each["onApp"] for each in outputs["inputs"]] == [each.on_app for each in wanted]
    assert outputs["title"] == "Revenue report"
    assert outputs["total"] == len(wanted)
    assert asked() == ["ExportProject"]


@pytest.mark.parametrize(
    ("given", "sent"), [({}, "latest"), ({"version": "draft"}, "draft"), ({"versionNumber": 1}, 1)]
)
def test_the_published_version_is_read_unless_another_is_named(
    run_against: Callable[..., tuple[dict[str, Any], Faulty]], given: dict[str, Any], sent: Any
) -> None:
    outputs, server = run_against("schemaVersion: 3\nmeta: {title: T}\n", **given)

    assert server.requests[0].json["version"] == sent
    assert outputs["inputs"] == []
    assert "warnings" not in outputs


def test_a_newer_file_and_components_are_warned_of(
    run_against: Callable[..., tuple[dict[str, Any], Faulty]],
) -> None:
    outputs, _ = run_against("schemaVersion: 4\nmeta: {}\ncells: [{cellType: COMPONENT_IMPORT}]\n")

    assert [each["warning"] for each in outputs["warnings"]] == ["project_file_newer", "inputs_of_components"]
    assert outputs["complete"] is False


@pytest.mark.parametrize("content", ["secret: hunter2", "[hunter2", "", None, 12])
def test_a_reply_without_a_project_file_is_not_hex(
    run_against: Callable[..., tuple[dict[str, Any], Faulty]], content: Any
) -> None:
    with pytest.raises(HexError) as caught:
        run_against(content)

    assert caught.value.key == "not_hex"
    assert "hunter2" not in str(caught.value.document())


def test_a_project_that_is_not_there_is_not_found() -> None:
    with (
        Faulty(reply(404, {"reason": "There is no such project."})) as server,
        Connection("hxtp_of_this_test", server.origin, allowed_hosts=(server.origin,)) as connection,
        pytest.raises(HexError) as caught,
    ):
        hex_on(connection).call(TOOL, {"projectId": REVENUE_REPORT})

    assert caught.value.key == "not_found"


def test_where_export_is_refused_the_error_says_what_to_do(run: RunTool) -> None:
    with pytest.raises(HexError) as caught:
        run(TOOL, {"projectId": REVENUE_REPORT}, token=TOKENS.no_permission)

    assert caught.value.key == "export_refused"
    assert "enabled per organization" in str(caught.value.document()["hint"])
