"""The hook: Airflow's connection as a client of Hex."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from hex_blocks.hosts.airflow.provider import ui_field_behaviour

if TYPE_CHECKING:
    from hex_blocks.client import Hex

DEFAULT_CONNECTION = "hex_default"


class HexHook(BaseHook):
    """Hex by a connection of Airflow: its password is the API token, its host the base URL.

    Args:
        hex_conn_id: The connection.
    """

    conn_name_attr = "hex_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "hex"
    hook_name = "Hex"

    def __init__(self, hex_conn_id: str = DEFAULT_CONNECTION, **options: Any) -> None:
        super().__init__(**options)
        self.hex_conn_id = hex_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the connection's form shows its fields."""
        return ui_field_behaviour()

    def get_conn(self) -> Hex:
        """Return the client, the same for all who use the connection in this process."""
        return _client_by(self.get_connection(self.hex_conn_id))

    async def aget_conn(self) -> Hex:
        """Return the client, from an event loop."""
        try:
            connection = await self.aget_connection(self.hex_conn_id)
        except AirflowNotFoundException:
            # `airflow dags test` cannot look one up in the metadata database from an event loop.
            connection = await asyncio.to_thread(self.get_connection, self.hex_conn_id)
        return _client_by(connection)

    def run(self, tool: str, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a tool and return its outputs.

        Args:
            tool: Its id, with or without `hex_`.
            inputs: Its inputs, at the top also in snake case.

        Raises:
            HexError: The call failed.
        """
        from hex_blocks.hosts.engines.clients import call_tool

        return call_tool(self.get_conn(), tool, inputs)

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the connection works, and what to tell whoever tests it."""
        from hex_blocks.errors.classes import HexError
        from hex_blocks.i18n.texts import sentence

        try:
            checked = self.run("hex_check_connection")
        except HexError as error:
            return False, str(error)
        user = (checked.get("user") or {}).get("email")
        if not user:
            return True, sentence("Connected to {baseUrl}.", baseUrl=checked["baseUrl"])
        return True, sentence("Connected to {baseUrl} as {user}.", baseUrl=checked["baseUrl"], user=user)


def _client_by(connection: Any) -> Hex:
    from hex_blocks.hosts.engines.clients import client_for

    # What is not given there is not taken from the environment: it may belong to somebody else.
    return client_for(connection.password or "", _base_url_of(connection))


def _base_url_of(connection: Any) -> str:
    from hex_blocks.api.base_url import DEFAULT_BASE_URL

    host = (connection.host or "").strip()
    if not host:
        return DEFAULT_BASE_URL
    if "://" not in host and connection.schema in ("http", "https"):
        host = f"{connection.schema}://{host}"
    scheme, separator, rest = host.rpartition("://")
    name, slash, path = rest.partition("/")
    if connection.port and ":" not in name:
        name = f"{name}:{connection.port}"
    return f"{scheme}{separator}{name}{slash}{path}"
