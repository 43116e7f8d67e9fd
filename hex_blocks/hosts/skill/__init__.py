"""An agent skill that explains how to work with Hex through the command line and MCP."""
