"""The handlers of tools: `one_request` for most of them, and a module for each tool that does more."""
