"""MCP, by the official SDK: tools, prompts and resources over stdio and streamable HTTP."""

LEVEL = {
    "tools": "done: tests/hosts/mcp/test_tools.py",
    "errors, pictures, progress, cancellation": "done: tests/hosts/mcp/test_calls.py",
    "prompts and resources": "done: tests/hosts/mcp/test_words.py",
    "stdio and HTTP, by the official client": "done: tests/hosts/mcp/test_transports.py",
    "inspector and conformance suite": "done: tests/hosts/mcp/test_suites.py",
    "sampling, elicitation, roots": "exempt: nothing here asks the user or the model back",
    "subscriptions and list changes": "exempt: what is offered is settled when the server starts",
}
