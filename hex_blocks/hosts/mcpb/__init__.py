"""The MCP server as a desktop bundle: one file that a client installs, with its settings asked for in a form."""
