"""Determines the errors that a tool can raise and the requests that it can send, from its spec and its handler."""

from __future__ import annotations

from collections.abc import Collection

from hex_blocks.errors.sentences import SENTENCES
from hex_blocks.run import handler_of
from hex_blocks.tools.handler import declaration_of
from hex_blocks.tools.registry import Registry
from hex_blocks.tools.spec.tool import Request, ToolSpec
from hex_blocks.tools.spec.values import Input
from hex_blocks.tools.tool import Tool

# The errors of every call, which are not repeated for each tool.
EVERYWHERE = (
    "bad_inputs",
    "request_refused",
    "token_missing",
    "token_malformed",
    "token_refused",
    "no_permission",
    "rate_limited",
    "budget_spent",
    "hex_failed",
    "hex_down",
    "not_hex",
    "redirected",
    "no_network",
    "bad_certificate",
    "timeout",
    "call_stopped",
    "connection_lost",
    "reply_too_large",
    "bad_base_url",
    "host_not_allowed",
    "bad_budget",
    "bad_record",
    "bad_proxy",
    "bad_certificates",
    "no_such_profile",
    "profile_without_token",
    "keyring_unusable",
    "config_unusable",
)


def possible_errors(tool: Tool) -> list[str]:
    """Return the keys of the errors that a tool can raise, without those of EVERYWHERE, in the order of SENTENCES."""
    return _listed(declaration_of(handler_of(tool)).errors | _of_request(tool.spec))


def reported_errors(tool: Tool) -> list[str]:
    """Return the keys of the errors that a tool reports in its outputs, in the order of SENTENCES."""
    return _listed(declaration_of(handler_of(tool)).reported)


def requests(tool: Tool, tools: Registry) -> list[Request]:
    """Return the requests that a tool can send, its own first."""
    used = [tools[name] for name in sorted(declaration_of(handler_of(tool)).uses)]
    sent = {each.spec.request.operation_id: each.spec.request for each in (tool, *used) if each.spec.request}
    return list(sent.values())


def _of_request(spec: ToolSpec) -> set[str]:
    if spec.request is None:
        return set()
    return {*spec.request.errors.values(), *(["not_found"] if _names_something(spec) else [])}


def _names_something(spec: ToolSpec) -> bool:
    """Return whether the request has the ID of an object, which may not exist."""
    assert spec.request  # noqa: S101
    sent = [each for each in spec.inputs.values() if each.place in ("query", "body")]
    return bool(spec.request.placeholders) or any("uuid" in (each.format, _format_of_items(each)) for each in sent)


def _format_of_items(field: Input) -> str | None:
    return field.items.format if field.items else None


def _listed(keys: Collection[str]) -> list[str]:
    return [key for key in SENTENCES if key in keys and key not in EVERYWHERE]
