"""Start the MCP server with the settings from the client's form."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

HOSTS = {"app": "app.hex.tech", "eu": "eu.hex.tech", "hc": "hc.hex.tech"}


def entered(environment: Mapping[str, str], name: str) -> str:
    """Return the value of a setting; empty if the client left the placeholder `${…}` for a blank field."""
    value = environment.get(f"HEX_BUNDLE_{name}", "").strip()
    return "" if value.startswith("${") else value


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of the command hex-blocks."""
    toolset = entered(environment, "TOOLSET")
    read_only = entered(environment, "READ_ONLY").lower() in ("true", "1", "yes")
    return ["mcp", *(["--toolset", toolset] if toolset else []), *(["--read-only"] if read_only else [])]


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for the command: the token and the base URL."""
    region = entered(environment, "REGION")
    made = {"HEX_API_TOKEN": entered(environment, "TOKEN")}
    if region:
        made["HEX_API_BASE_URL"] = HOSTS.get(region.lower(), region)
    return made


def main() -> None:
    """Run the server until the client ends it."""
    from hex_blocks.__main__ import main as command

    given = arguments(os.environ)
    os.environ.update(settings(os.environ))
    sys.argv = ["hex-blocks", *given]
    command()


if __name__ == "__main__":
    main()
