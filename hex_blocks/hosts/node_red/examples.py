"""Example flows for the editor's import menu: one for each node, and three complete ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from hex_blocks.hosts.javascript.forms import key_of
from hex_blocks.hosts.node_red.nodes import Node, field_name, usual_type
from hex_blocks.hosts.node_red.words import WATCH

Flow = list[dict[str, Any]]
# Placeholders for a project and a chat webhook, which users replace.
CHAT = "https://chat.example.com/hooks/data-team"
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"


def flows(nodes: Iterable[Node]) -> dict[str, Flow]:
    """Return the example flows by name."""
    nodes = list(nodes)
    made = {node.type.removeprefix("hex-"): _single(node) for node in nodes}
    types = {node.type: node for node in nodes}
    made["watch"] = _watch()
    made["notify-on-finished-run"] = _notify()
    if {"hex-run", "hex-results"} <= set(types):
        made["report-every-morning"] = _report()
        made["one-run-per-region"] = _regions()
    return made


def _id(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


class _Canvas:
    """Builds a flow: a tab, a connection and wired nodes."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.tab = {"id": _id(name, "tab"), "type": "tab", "label": about, "disabled": False, "info": ""}
        self.connection = {
            "id": _id(name, "connection"),
            "type": "hex-connection",
            "name": "",
            "region": "app",
            "baseUrl": "",
        }
        self.nodes: Flow = []

    def add(self, type_: str, x: int, y: int, *wires: list[str], **fields: Any) -> str:
        """Add a node and return its ID.

        Args:
            type_: The type of the node.
            x: Its horizontal position.
            y: Its vertical position.
            *wires: For each output, the IDs of the connected nodes.
            **fields: Its fields.
        """
        made = _id(self.name, type_, str(len(self.nodes)))
        self.nodes.append(
            {"id": made, "type": type_, "z": self.tab["id"], "name": "", "x": x, "y": y, "wires": list(wires), **fields}
        )
        return made

    def hex(self, type_: str, x: int, y: int, *wires: list[str], **fields: Any) -> str:
        """Add one of our nodes, with the connection."""
        more = {"connection": self.connection["id"], "output": "document", "onFailure": "error", "outputs": 1}
        return self.add(type_, x, y, *wires, **(more | fields))

    def flow(self) -> Flow:
        """Return the nodes of the flow."""
        return [self.tab, *self.nodes, self.connection]


def _inject(canvas: _Canvas, x: int, y: int, to: str, **fields: Any) -> None:
    usual = {
        "props": [{"p": "payload"}],
        "repeat": "",
        "crontab": "",
        "once": False,
        "payload": "",
        "payloadType": "date",
    }
    canvas.add("inject", x, y, [to], **(usual | fields))


def _debug(canvas: _Canvas, x: int, y: int) -> str:
    return canvas.add("debug", x, y, active=True, tosidebar=True, complete="true", targetType="full")


def _single(node: Node) -> Flow:
    tool = next((each for each in node.tools if each.operation == "query"), node.tools[0])
    canvas = _Canvas(node.type, node.kind.label)
    shown = _debug(canvas, 560, 100)
    given = tool.raw["examples"][0]["inputs"]
    fields: dict[str, Any] = {"operation": key_of(tool)}
    for name, field in node.fields.items():
        value = given.get(name)
        if isinstance(value, str | int | float | bool):
            fields |= {
                field_name(name): str(value).lower() if isinstance(value, bool) else str(value),
                f"{field_name(name)}Type": usual_type(field),
            }
    if node.waits:
        fields["wait"] = True
    tool_node = canvas.hex(node.type, 340, 100, [shown], **fields)
    _inject(canvas, 140, 100, tool_node)
    return canvas.flow()


def _watch() -> Flow:
    canvas = _Canvas(WATCH.type, WATCH.label)
    _watching(canvas, 180, 100, _debug(canvas, 440, 100))
    return canvas.flow()


def _notify() -> Flow:
    canvas = _Canvas("notify", "Tell of finished runs")
    posted = _post(canvas, "Tell the team", 640, 100)
    expression = '"Hex run " & payload.status & ": " & payload.runUrl'
    words = _words(canvas, "Say how it ended", 420, 100, posted, f'{{"text": {expression}}}')
    _watching(canvas, 180, 100, words, name="Run finished")
    return canvas.flow()


def _watching(canvas: _Canvas, x: int, y: int, to: str, **fields: Any) -> None:
    usual = {"projectIds": PROJECT, "statuses": "", "interval": 60, "connection": canvas.connection["id"]}
    canvas.add(WATCH.type, x, y, [to], **(usual | fields))


def _report() -> Flow:
    canvas = _Canvas("report", "Report every morning")
    good = _post(canvas, "Send the chart", 1080, 80)
    bad = _post(canvas, "Tell of the failure", 1080, 160)
    expression = '{"text": hexError.message & " " & hexError.hint, "link": hexError.runUrl}'
    words = _words(canvas, "Say what happened", 690, 160, bad, expression)
    picture = [
        _set("headers", '{"content-type": payload.charts[0].mimeType}', "jsonata"),
        _set("payload", "payload.charts[0].image", "msg"),
    ]
    first = canvas.add("change", 880, 80, [good], name="Take the first", rules=picture)
    results = canvas.hex(
        "hex-results",
        680,
        80,
        [first],
        name="Get the charts",
        projectId="payload.projectId",
        projectIdType="msg",
        runId="payload.runId",
        runIdType="msg",
    )
    day, yesterday = (f'$fromMillis($millis() - {back}, "[Y0001]-[M01]-[D01]")' for back in (0, 86_400_000))
    run = canvas.hex(
        "hex-run",
        440,
        100,
        [results],
        [words],
        name="Run the report",
        onFailure="output2",
        outputs=2,
        wait=True,
        projectId=PROJECT,
        projectIdType="str",
        inputParams=f'{{"start_date": {yesterday}, "end_date": {day}}}',
        inputParamsType="jsonata",
    )
    _inject(canvas, 180, 100, run, name="Every morning at 7", crontab="00 07 * * *")
    return canvas.flow()


def _regions() -> Flow:
    canvas = _Canvas("regions", "One run per region")
    shown = _debug(canvas, 1000, 100)
    join = canvas.add(
        "join", 840, 100, [shown], mode="auto", build="array", property="payload", propertyType="msg", name="All runs"
    )
    run = canvas.hex(
        "hex-run",
        640,
        100,
        [join],
        name="Run for the region",
        wait=True,
        projectId=PROJECT,
        projectIdType="str",
        inputParams='{"region": payload}',
        inputParamsType="jsonata",
    )
    split = canvas.add(
        "split", 420, 100, [run], splt="\\n", spltType="str", arraySplt=1, arraySpltType="len", name="Each region"
    )
    _inject(canvas, 180, 100, split, name="Regions", payload='["US", "EMEA", "APAC"]', payloadType="json")
    return canvas.flow()


def _post(canvas: _Canvas, name: str, x: int, y: int) -> str:
    return canvas.add("http request", x, y, [], name=name, method="POST", ret="txt", url=CHAT)


def _words(canvas: _Canvas, name: str, x: int, y: int, to: str, expression: str) -> str:
    return canvas.add("change", x, y, [to], name=name, rules=[_set("payload", expression, "jsonata")])


def _set(name: str, to: str, kind: str) -> dict[str, str]:
    return {"t": "set", "p": name, "pt": "msg", "to": to, "tot": kind}
