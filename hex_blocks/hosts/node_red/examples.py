"""Example flows, as the editor's import menu shows them: one for each node, and two whole ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from hex_blocks.hosts.javascript.forms import key_of
from hex_blocks.hosts.node_red.nodes import Node, usual_type
from hex_blocks.hosts.node_red.words import WATCH

Flow = list[dict[str, Any]]
# A project that looks like one, to be replaced.
PROJECT = "5a8591dd-4039-49df-9202-96385ba3eff8"


def flows(nodes: Iterable[Node]) -> dict[str, Flow]:
    """Return the example flows by name."""
    nodes = list(nodes)
    made = {node.type.removeprefix("hex-"): _single(node) for node in nodes}
    types = {node.type: node for node in nodes}
    made["watch"] = _watch()
    if {"hex-run", "hex-results"} <= set(types):
        made["report-every-morning"] = _report()
        made["one-run-per-region"] = _regions()
    return made


def _id(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


class _Canvas:
    """A flow in the making: a tab, a connection, and nodes that are wired in a row."""

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
        """Add a node and return its ID; wires: for each output, the nodes behind it."""
        made = _id(self.name, type_, str(len(self.nodes)))
        self.nodes.append(
            {"id": made, "type": type_, "z": self.tab["id"], "name": "", "x": x, "y": y, "wires": list(wires), **fields}
        )
        return made

    def hex(self, type_: str, x: int, y: int, *wires: list[str], **fields: Any) -> str:
        """Add one of our nodes."""
        more = {"connection": self.connection["id"], "output": "document", "onFailure": "error", "outputs": 1}
        return self.add(type_, x, y, *wires, **(more | fields))

    def flow(self) -> Flow:
        """Return all of it."""
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
                name: str(value).lower() if isinstance(value, bool) else str(value),
                f"{name}Type": usual_type(field),
            }
    if node.waits:
        fields["wait"] = True
    asked = canvas.hex(node.type, 340, 100, [shown], **fields)
    _inject(canvas, 140, 100, asked)
    return canvas.flow()


def _watch() -> Flow:
    canvas = _Canvas(WATCH.type, WATCH.label)
    shown = _debug(canvas, 440, 100)
    fields = {"projectIds": PROJECT, "statuses": "", "interval": 60, "connection": canvas.connection["id"]}
    canvas.add(WATCH.type, 180, 100, [shown], **fields)
    return canvas.flow()


def _report() -> Flow:
    canvas = _Canvas("report", "Report every morning")
    post = {"method": "POST", "ret": "txt", "url": "http://127.0.0.1:8080/messages"}
    good = canvas.add("http request", 820, 80, [], **post)
    bad = canvas.add("http request", 820, 160, [], **post)
    words = canvas.add("change", 620, 160, [bad], rules=[_set("payload", "hexError.message", "msg")])
    results = canvas.hex(
        "hex-results",
        600,
        80,
        [good],
        output="picture",
        projectId="payload.projectId",
        projectIdType="msg",
        runId="payload.runId",
        runIdType="msg",
    )
    run = canvas.hex(
        "hex-run",
        380,
        100,
        [results],
        [words],
        onFailure="output2",
        outputs=2,
        wait=True,
        projectId=PROJECT,
        projectIdType="str",
        inputParams='{"day": $fromMillis($millis(), "[Y0001]-[M01]-[D01]")}',
        inputParamsType="jsonata",
    )
    _inject(canvas, 160, 100, run, crontab="00 07 * * *")
    return canvas.flow()


def _regions() -> Flow:
    canvas = _Canvas("regions", "One run per region")
    shown = _debug(canvas, 960, 100)
    join = canvas.add("join", 800, 100, [shown], mode="auto", build="array", property="payload", propertyType="msg")
    run = canvas.hex(
        "hex-run",
        600,
        100,
        [join],
        wait=True,
        projectId=PROJECT,
        projectIdType="str",
        inputParams='{"region": payload}',
        inputParamsType="jsonata",
    )
    split = canvas.add("split", 400, 100, [run], splt="\\n", spltType="str", arraySplt=1, arraySpltType="len")
    _inject(canvas, 180, 100, split, payload='["EMEA", "APAC", "AMER"]', payloadType="json")
    return canvas.flow()


def _set(name: str, to: str, kind: str) -> dict[str, str]:
    return {"t": "set", "p": name, "pt": "msg", "to": to, "tot": kind}
