"""The skill that teaches an agent to work with Hex: its pages, by the command line and by MCP."""
