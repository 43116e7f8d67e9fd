"""Reads and checks the address of the shared PostgreSQL server."""

from __future__ import annotations

import os

from hex_blocks.i18n.texts import phrase

RECORD_VARIABLE = "HEX_BLOCKS_RECORD"
SCHEMES = ("postgresql", "postgres")


def address_of_record() -> str:
    """Return the address in HEX_BLOCKS_RECORD; empty if it is not set."""
    return os.environ.get(RECORD_VARIABLE, "").strip()


def is_postgres(address: str) -> bool:
    """Return whether an address has a scheme of PostgreSQL."""
    return address.partition("://")[0] in SCHEMES


def fault_of(address: str) -> str | None:
    """Return what is wrong with an address, without repeating it, as it may hold a password; None if it is valid."""
    if not is_postgres(address):
        return phrase("it does not begin with postgresql://")
    authority, _, rest = address.partition("://")[2].replace("?", "/").partition("/")
    # Parts of a password that is not quoted would be read as host or port, and errors would show them.
    if "@" in rest or authority.count("@") > 1:
        return phrase("a character such as @ or / in its password is not percent-encoded")
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        return phrase("the package psycopg is missing")
    try:
        conninfo_to_dict(address)
    except ProgrammingError:
        return phrase("PostgreSQL's client library cannot read it")
    return None
