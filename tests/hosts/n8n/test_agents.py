"""The node as a tool of an agent."""

from __future__ import annotations

import json

import pytest

REPORT = "01234567-89ab-cdef-0123-456789abcdef"


def asked(description: str, kind: str = "string") -> str:
    """Give the expression of a field that the model fills."""
    return f"={{{{ $fromAI('{description}', '', '{kind}') }}}}"


def test_an_agent_runs_a_project_with_what_its_model_says(n8n, sandbox):
    parameters = {
        "resource": "run",
        "operation": "runProject",
        "projectId": {"__rl": True, "mode": "id", "value": asked("project")},
        "specifyInputParams": "json",
        "inputParamsJson": asked("parameters", "json"),
    }
    said = {"project": REPORT, "parameters": {"region": "EMEA"}}
    node = {"typeVersion": 1, "position": [0, 0]}
    nodes = [
        {"name": "Items", "id": "a", "type": "test.items", "parameters": {"items": json.dumps([said])}, **node},
        {"name": "Agent", "id": "b", "type": "test.agent", "parameters": {}, **node},
        {
            "name": "Hex",
            "id": "c",
            "type": "CUSTOM.hexTool",
            "parameters": parameters,
            "credentials": {"hexApi": {"id": "1", "name": "Hex"}},
            **node,
        },
    ]
    connections = {
        "Items": {"main": [[{"node": "Agent", "type": "main", "index": 0}]]},
        "Hex": {"ai_tool": [[{"node": "Agent", "type": "ai_tool", "index": 0}]]},
    }

    done = n8n.ask("run", workflow={"nodes": nodes, "connections": connections})

    assert done["status"] == "success", done["error"]
    [answered] = done["outputs"]["Agent"][0][0]
    assert answered["json"]["fields"] == ["project", "parameters"]
    assert "COMPLETED" in json.dumps(answered["json"]["answer"])
    assert "runUrl" in json.dumps(answered["json"]["answer"])


@pytest.mark.parametrize(
    ("resource", "hidden"),
    [
        ("user", {"deactivateUser"}),
        ("cell", {"deleteCell"}),
        ("run", {"cancelActiveRuns"}),
        ("guide", {"publishGuideDrafts", "deleteGuideDraft"}),
        (
            "project",
            {
                "editProjectSharingUsers",
                "editProjectSharingGroups",
                "editProjectSharingWorkspace",
                "editProjectSharingCollections",
            },
        ),
    ],
)
def test_an_agent_is_not_offered_what_destroys_or_shares(resource, hidden, n8n):
    people = set(n8n.ask("offered", type="CUSTOM.hex", resource=resource))
    agents = set(n8n.ask("offered", type="CUSTOM.hexTool", resource=resource))

    assert people - agents == hidden
