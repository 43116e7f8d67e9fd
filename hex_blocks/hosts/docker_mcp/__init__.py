"""The entry of Docker's catalogue of MCP servers: which container is run, what is asked for, which tools there are."""
