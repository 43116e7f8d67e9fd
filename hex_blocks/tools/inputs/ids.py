"""IDs as people and programs give them: bare, undashed, in quotes, in addresses."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from hex_blocks.i18n.texts import phrase
from hex_blocks.tools.inputs.bounds import LONGEST_LOOKED_AT
from hex_blocks.tools.inputs.faults import refuse

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What an ID is wrapped in, or followed by, where people copied it.
WRAPPED = "\"'`{}<>()[]\u201c\u201d\u2018\u2019\u00ab\u00bb.,;/\u200b\u2060\ufeff"
UNDASHED = re.compile(r"[0-9a-fA-F]{32}")
ADDRESS = re.compile(r"(https?://\S+|[\w-]+(\.[\w-]+)+(:\d+)?/\S+)", re.IGNORECASE)
APP_SLUG = re.compile(r"(.*-)?[0-9A-Za-z]{22}")
# In an address of Hex, whose ID follows which part of the path; and which names in the query hold one.
SIGNPOSTS = {
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
IN_QUERY = {"runid": "run", "projectid": "project", "threadid": "thread", "cellid": "cell"}
# Whose ID an input is, by the end of its name; the first that fits.
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
KIND_WORDS = {
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
    """Say of what an input is the ID, by its name; empty where that is not known."""
    last = name.rpartition(".")[2].lower()
    last = last[:-3] if last.endswith("s[]") else last.removesuffix("[]")
    return next((kind for end, kind in KINDS if last.endswith(end)), "")


def id_in(kind: str, value: str) -> str:
    """Return the bare ID of what was copied: wrapped, without dashes, or an address. Other text is as it was."""
    if len(value) > LONGEST_LOOKED_AT * 4 or UUID.fullmatch(value):
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
        # The last part says what it is of: a run's address begins with its project.
        raise refuse("address_of_other", bare, other=KIND_WORDS[list(found)[-1]])
    if is_app:
        raise refuse("address_of_app", bare)
    return value


def ids_in_address(value: str) -> dict[str, str]:
    """Return the IDs in an address, by whose they are; none in what is not an address."""
    bare = value.strip(WRAPPED + " ")
    return _ids_in(bare)[0] if len(bare) <= LONGEST_LOOKED_AT * 4 and ADDRESS.fullmatch(bare) else {}


def _ids_in(address: str) -> tuple[dict[str, str], bool]:
    """Find the IDs in an address, by whose they are; and tell whether it ends in the name of a published app."""
    try:
        split = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return {}, False
    parts = [part for part in split.path.split("/") if part]
    found: dict[str, str] = {}
    is_app = False
    for before, part in pairwise(parts):
        kind = SIGNPOSTS.get(before.lower())
        if kind and UUID.fullmatch(part):
            found[kind] = part
        is_app = is_app or (kind == "project" and bool(APP_SLUG.fullmatch(part)))
    for name, part in parse_qsl(split.query):
        if name.lower() in IN_QUERY and UUID.fullmatch(part):
            found[IN_QUERY[name.lower()]] = part
    return found, is_app
