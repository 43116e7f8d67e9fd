"""Reads IDs in the forms that people and programs give: in quotes, without dashes, or in an address of Hex."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.inputs.bounds import MAX_SEARCHED
from hex_blocks.tools.inputs.faults import refuse

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Characters around an ID that was copied from a text.
WRAPPED = "\"'`{}<>()[]\u201c\u201d\u2018\u2019\u00ab\u00bb.,;/\u200b\u2060\ufeff"
UNDASHED = re.compile(r"[0-9a-fA-F]{32}")
ADDRESS = re.compile(r"(https?://\S+|[\w-]+(\.[\w-]+)+(:\d+)?/\S+)", re.IGNORECASE)
APP_SLUG = re.compile(r"(.*-)?[0-9A-Za-z]{22}")
# In the path of an address of Hex: the kind of the ID that follows a part.
PATH_KINDS = {
    "hex": "project",
    "app": "project",
    "project": "project",
    "projects": "project",
    "signed": "project",
    "run": "run",
    "runs": "run",
    "thread": "thread",
    "threads": "thread",
    "connection": "data connection",
    "connections": "data connection",
    "data-connection": "data connection",
    "data-connections": "data connection",
    "collection": "collection",
    "collections": "collection",
    "group": "group",
    "groups": "group",
    "user": "user",
    "users": "user",
    "cell": "cell",
    "cells": "cell",
    "semantic-project": "semantic project",
    "semantic-projects": "semantic project",
}
# In the query of an address of Hex: the kind of the ID in a parameter.
QUERY_KINDS = {"runid": "run", "projectid": "project", "threadid": "thread", "cellid": "cell"}
# The kind of the ID in an input, by the end of the input's name; the first match counts.
KINDS = (
    ("semanticprojectid", "semantic project"),
    ("projectid", "project"),
    ("runid", "run"),
    ("threadid", "thread"),
    ("connectionid", "data connection"),
    ("collectionid", "collection"),
    ("groupid", "group"),
    ("userid", "user"),
    ("cellid", "cell"),
)
KIND_NAMES = {
    "project": phrase("a project"),
    "run": phrase("a run"),
    "thread": phrase("a thread"),
    "data connection": phrase("a data connection"),
    "collection": phrase("a collection"),
    "group": phrase("a group"),
    "user": phrase("a user"),
    "cell": phrase("a cell"),
    "semantic project": phrase("a semantic project"),
}


def id_kind(name: str) -> str:
    """Return the kind of the ID in an input by the input's name, such as `project`; empty if it is not known."""
    last = name.rpartition(".")[2].lower()
    last = last[:-3] if last.endswith("s[]") else last.removesuffix("[]")
    return next((kind for end, kind in KINDS if last.endswith(end)), "")


def id_in(kind: str, value: str) -> str:
    """Return the ID in a text: wrapped, without dashes, or in an address. Other text is returned unchanged.

    Raises:
        InvalidValueError: It is an address without an ID of this kind.
    """
    if len(value) > MAX_SEARCHED * 4 or UUID.fullmatch(value):
        return value
    bare = value.strip(WRAPPED + " ")
    bare = re.sub(r"^urn:uuid:", "", bare, flags=re.IGNORECASE).strip(WRAPPED + " ")
    if UNDASHED.fullmatch(bare):
        bare = "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))
    if UUID.fullmatch(bare):
        return bare
    if not ADDRESS.fullmatch(bare):
        return value
    found, is_app = _ids_in(bare)
    if kind in found:
        return found[kind]
    if found:
        # The last ID names the object of an address: a run's address begins with its project.
        raise refuse("address_of_other", bare, other=KIND_NAMES[list(found)[-1]])
    if is_app:
        raise refuse("address_of_app", bare)
    return value


def ids_in_address(value: str) -> dict[str, str]:
    """Return the IDs in an address by their kinds; empty if it is not an address."""
    bare = value.strip(WRAPPED + " ")
    return _ids_in(bare)[0] if len(bare) <= MAX_SEARCHED * 4 and ADDRESS.fullmatch(bare) else {}


def _ids_in(address: str) -> tuple[dict[str, str], bool]:
    """Return the IDs in an address by their kinds, and whether it ends in the slug of a published app."""
    try:
        split = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return {}, False
    parts = [part for part in split.path.split("/") if part]
    found: dict[str, str] = {}
    is_app = False
    for before, part in pairwise(parts):
        kind = PATH_KINDS.get(before.lower())
        if kind and UUID.fullmatch(part):
            found[kind] = part
        is_app = is_app or (kind == "project" and bool(APP_SLUG.fullmatch(part)))
    for name, part in parse_qsl(split.query):
        if name.lower() in QUERY_KINDS and UUID.fullmatch(part):
            found[QUERY_KINDS[name.lower()]] = part
    return found, is_app
