"""The MCP server, built on the official SDK: tools, prompts and resources over stdio and streamable HTTP."""

LEVEL = {
    "tools": "done: tests/hosts/mcp/test_tools.py",
    "errors, pictures, progress, cancellation": "done: tests/hosts/mcp/test_calls.py",
    "prompts and resources": "done: tests/hosts/mcp/test_words.py",
    "stdio and HTTP, by the official client": "done: tests/hosts/mcp/test_transports.py",
    "inspector and conformance suite": "done: tests/hosts/mcp/test_suites.py",
    "elicitation, of what is missing and before what is destructive": "done: tests/hosts/mcp/test_elicitation.py",
    "completion, links to runs and charts": "done: tests/hosts/mcp/test_completing.py",
    "sampling, roots": "exempt: no tool sends requests to the model or reads files of the client",
    "tasks": "exempt: the protocol of 2026-07-28 has none, and the SDK serves none of the version before",
    "subscriptions and list changes": "exempt: what is offered is settled when the server starts",
}
