"""Where the shared PostgreSQL server is, as the environment names it."""

from __future__ import annotations

import os

from hex_blocks.i18n.texts import phrase

RECORD_VARIABLE = "HEX_BLOCKS_RECORD"
SCHEMES = ("postgresql", "postgres")


def address_of_record() -> str:
    """Return the address of the server that HEX_BLOCKS_RECORD names; empty where it names none."""
    return os.environ.get(RECORD_VARIABLE, "").strip()


def is_postgres(address: str) -> bool:
    """Return whether an address is one of PostgreSQL's."""
    return address.partition("://")[0] in SCHEMES


def fault_of(address: str) -> str | None:
    """Say what is wrong with an address; None where nothing is. The address, which may hold a password, is not said."""
    if not is_postgres(address):
        return phrase("it does not begin with postgresql://")
    authority, _, rest = address.partition("://")[2].replace("?", "/").partition("/")
    # What a password leaves unquoted is read as a host or a port, and would be told in an error.
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
