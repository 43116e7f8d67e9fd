"""Exports the OpenAPI document as files, for importing it without a running service."""

from __future__ import annotations

import json

from hex_blocks.hosts.exports import ExportRequest, ExportTarget, Files
from hex_blocks.hosts.models.toolsets import select_tools
from hex_blocks.hosts.openapi.dialects import VERSIONS, in_version
from hex_blocks.hosts.openapi.document import Document, DocumentRequest, document
from hex_blocks.hosts.openapi.importers import DEFAULT_TOOLS, HOSTS, TooManyError, for_host

NAMES = {"3.1": "openapi-3.1.json", "3.0": "openapi-3.0.json", "2.0": "swagger-2.0.json"}
HOST_NAMES = {"gpt": "openapi-gpt.json", "powerautomate": "swagger-powerautomate.json", "dify": "openapi-dify.json"}


def files(request: ExportRequest) -> Files:
    """Return the document in each version, and in the form for each host that needs one."""
    wanted = DocumentRequest(request.registry, request.tools, request.language)
    whole = document(wanted)
    made = {NAMES[version]: in_version(whole, version) for version in VERSIONS}
    made |= {HOST_NAMES[host]: _document_for(wanted, host) for host in HOSTS}
    return {name: as_bytes(each) for name, each in made.items()}


def _document_for(wanted: DocumentRequest, host: str) -> Document:
    """Return the document for a host, with the host's default tools if the requested ones are too many for it."""
    try:
        return for_host(wanted, host)
    except TooManyError:
        few = tuple(select_tools(wanted.registry, DEFAULT_TOOLS[host]))
        return for_host(DocumentRequest(wanted.registry, few, wanted.language, wanted.server_url), host)


def as_bytes(made: Document) -> bytes:
    """Return a document as JSON in UTF-8."""
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
