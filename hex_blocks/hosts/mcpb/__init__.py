"""The MCP server as a desktop bundle: one file that clients install, with a form for its settings."""
