"""The document as files, for those who import it without a server: hex-blocks export openapi --out DIR."""

from __future__ import annotations

import json

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.models.toolsets import select_tools
from hex_blocks.hosts.openapi.dialects import VERSIONS, in_version
from hex_blocks.hosts.openapi.document import Asked, Document, document
from hex_blocks.hosts.openapi.importers import DEFAULT_TOOLS, HOSTS, TooManyError, for_host

NAMES = {"3.1": "openapi-3.1.json", "3.0": "openapi-3.0.json", "2.0": "swagger-2.0.json"}
HOST_NAMES = {"gpt": "openapi-gpt.json", "powerautomate": "swagger-powerautomate.json", "dify": "openapi-dify.json"}


def files(request: ExportRequest) -> Files:
    """Return the document in each version, and for each host that wants a form of its own."""
    asked = Asked(request.registry, request.tools, request.language)
    whole = document(asked)
    made = {NAMES[version]: in_version(whole, version) for version in VERSIONS}
    made |= {HOST_NAMES[host]: _of_host(asked, host) for host in HOSTS}
    return {name: as_bytes(each) for name, each in made.items()}


def _of_host(asked: Asked, host: str) -> Document:
    """Return the document for a host: with its own few tools where it does not take as many as were asked for."""
    try:
        return for_host(asked, host)
    except TooManyError:
        few = tuple(select_tools(asked.registry, DEFAULT_TOOLS[host]))
        return for_host(Asked(asked.registry, few, asked.language, asked.server_url), host)


def as_bytes(made: Document) -> bytes:
    """Return a document as the bytes of a file."""
    return (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()


TARGET = ExportTarget(
    name="openapi",
    title="OpenAPI",
    level={
        "versions 3.1, 3.0 and 2.0": "done: tests/hosts/openapi/test_linters.py",
        "forms for GPT actions, Power Automate and Dify": "done: tests/hosts/test_openapi.py",
        "webhooks that a run calls back": "exempt: importers read none; see the service's hooks",
    },
    files=files,
    one_language=True,
)
