"""What tools do. `endpoint` serves every tool that is one request; a module per kind of longer work."""
