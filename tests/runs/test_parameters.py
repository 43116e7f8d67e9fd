"""Parameters that are checked against the project's own inputs before Hex does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hex_blocks import Connection, HexError
from hex_blocks.errors.classes import InputError
from hex_blocks.sandbox import TOKENS, Sandbox
from tests.calling import hex_on
from tests.faulty import Exchange, Faulty, pass_on, reply

RunTool = Callable[..., dict[str, Any]]
HEAT_MAP = "201064ca-5717-5251-9efb-fff95ae18cc7"
CHURN = "79f2ec14-deef-5211-aeab-5d98b013136d"
FITTING = {
    "title": "x",
    "radius": 7,
    "stores": ["Porto"],
    "only_open": True,
    "day": "2026-03-01",
    "region": "EMEA",
}
MISFITS = [
    ("regoin", "EMEA", "inputParams.regoin is not an input of the project. Did you mean region?"),
    ("REGION", "EMEA", "Did you mean region?"),
    ("xyz", 1, "inputParams.xyz is not an input of the project. Its inputs: title, radius, stores"),
    ("title", 5, "inputParams.title must be text, not 5."),
    ("radius", "7", 'inputParams.radius must be a number, not "7".'),
    ("radius", True, "inputParams.radius must be a number, not true."),
    ("radius", 0, "inputParams.radius must be at least 1, not 0."),
    ("radius", 51, "inputParams.radius must be at most 50, not 51."),
    ("stores", "Porto", 'inputParams.stores must be a list, not "Porto".'),
    ("stores", ["Porto", "Oslo"], 'inputParams.stores must be one of Lisbon, Porto, Faro, not "Oslo".'),
    ("only_open", "yes", 'inputParams.only_open must be true or false, not "yes".'),
    ("region", "MARS", 'inputParams.region must be one of US, EMEA, APAC, not "MARS".'),
]


@pytest.fixture
def run_tool(sandbox: Sandbox, connect: Callable[..., Connection]) -> RunTool:
    return lambda tool_id, inputs: hex_on(connect()).call(tool_id, inputs)


def test_parameters_that_fit_are_sent(run_tool: RunTool, sandbox: Sandbox) -> None:
    run_tool("hex_run_project", {"projectId": HEAT_MAP, "inputParams": FITTING, "checkInputs": True})

    assert sandbox.world.runs(HEAT_MAP)[0].inputs == FITTING


@pytest.mark.parametrize(("name", "value", "said"), MISFITS)
@pytest.mark.parametrize("tool", ["hex_run_project", "hex_run_and_wait"])
def test_a_parameter_that_does_not_fit_is_named_and_nothing_starts(
    run_tool: RunTool, sandbox: Sandbox, tool: str, name: str, value: Any, said: str
) -> None:
    before = len(sandbox.world.runs(HEAT_MAP))

    with pytest.raises(InputError) as caught:
        run_tool(tool, {"projectId": HEAT_MAP, "inputParams": FITTING | {name: value}, "checkInputs": True})

    assert said in caught.value.message()
    assert len(sandbox.world.runs(HEAT_MAP)) == before


def test_a_batch_is_checked_before_its_first_run(run_tool: RunTool, sandbox: Sandbox) -> None:
    before = len(sandbox.world.runs(HEAT_MAP))
    sets = [{"region": "EMEA"}, {"region": "MARS"}]

    with pytest.raises(InputError) as caught:
        run_tool("hex_run_batch", {"projectId": HEAT_MAP, "parameterSets": sets, "checkInputs": True})

    assert "parameterSets[1].region must be one of" in caught.value.message()
    assert len(sandbox.world.runs(HEAT_MAP)) == before
    assert [str(each.operation_id) for each in sandbox.requests].count("ExportProject") == 1


def test_an_input_that_is_not_on_the_app_is_a_warning(run_tool: RunTool) -> None:
    asked = {"projectId": CHURN, "inputParams": {"sample_size": 10}, "checkInputs": True}

    warnings = run_tool("hex_run_project", asked)["warnings"]

    assert [each["warning"] for each in warnings] == ["inputs_not_on_app"]
    assert "sample_size" in warnings[0]["message"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_where_the_inputs_cannot_be_read_the_run_starts_with_a_warning(sandbox: Sandbox, status: int) -> None:
    def refuse_exports(exchange: Exchange) -> None:
        refused = "export" in exchange.request.target
        (reply(status, {"reason": "Export is not enabled"}) if refused else pass_on)(exchange)

    with (
        Faulty(refuse_exports, upstream=sandbox.origin) as between,
        Connection(
            TOKENS.personal, between.base_url, allowed_hosts=(between.origin,), clock=sandbox.clock, patience=1
        ) as connection,
    ):
        asked = {"projectId": HEAT_MAP, "inputParams": {"xyz": "x"}, "checkInputs": True}
        with pytest.raises(HexError) as caught:
            hex_on(connection).call("hex_run_project", asked)
        started = hex_on(connection).call("hex_run_project", asked | {"inputParams": {"region": "EMEA"}})

    # Hex checks the parameters itself.
    assert caught.value.key == "bad_parameters"
    assert [each["warning"] for each in started["warnings"]] == ["inputs_unchecked"]


def test_nothing_is_read_where_no_check_is_asked_for(run_tool: RunTool, sandbox: Sandbox) -> None:
    run_tool("hex_run_project", {"projectId": HEAT_MAP, "inputParams": {"region": "EMEA"}})
    run_tool("hex_run_project", {"projectId": HEAT_MAP, "checkInputs": True})

    assert "ExportProject" not in [str(each.operation_id) for each in sandbox.requests]
