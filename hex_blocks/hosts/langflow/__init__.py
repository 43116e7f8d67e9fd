"""Langflow: an extension whose components run the tools, in a flow or as tools of an agent."""
