"""Langflow: an extension wheel whose components run the tools, alone in a flow or as an agent's."""
