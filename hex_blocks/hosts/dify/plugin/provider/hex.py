"""The provider of the plugin."""

from hex_blocks.hosts.dify import blocks


class HexProvider(blocks.HexProvider):
    """Validates the credentials."""
