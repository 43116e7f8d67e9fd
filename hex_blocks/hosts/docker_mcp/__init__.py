"""An entry for Docker's catalogue of MCP servers: the container, its configuration and its tools."""
