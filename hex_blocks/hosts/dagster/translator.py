"""Translates a project of Hex to an asset of Dagster: its key, dependencies, kinds and owners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import dagster as dg

PROJECT_ID = "hex/project_id"
TITLE = "hex/title"
KINDS = frozenset({"hex", "notebook"})
_NO_WORD = re.compile(r"\W+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class HexProjectProps:
    """A project, as Hex tells of it.

    Attributes:
        id: The project's ID.
        title: Its title.
        description: Its description, if it has one.
        owner: The owner's email, where known.
        tables: The tables that its queries read, as connection and table.
    """

    id: str
    title: str
    description: str | None = None
    owner: str | None = None
    tables: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, project: Mapping[str, Any], tables: list[Mapping[str, Any]] | None = None) -> HexProjectProps:
        """Read a project as hex_list_projects returns it, or as `document` wrote it."""
        owner = project.get("owner")
        return cls(
            id=project["id"],
            title=project.get("title") or project["id"],
            description=project.get("description"),
            owner=owner.get("email") if isinstance(owner, Mapping) else owner,
            tables=tuple(
                dict.fromkeys(
                    [(str(table.get("dataConnectionName") or ""), str(table["tableName"])) for table in tables or []]
                )
            )
            or tuple((connection, table) for connection, table in project.get("tables") or ()),
        )

    def document(self) -> dict[str, Any]:
        """Return the project as JSON."""
        return asdict(self)


class DagsterHexTranslator:
    """Translates projects to assets. Subclass it to change the translation."""

    def get_asset_spec(self, props: HexProjectProps) -> dg.AssetSpec:
        """Return the asset spec of a project."""
        return dg.AssetSpec(
            key=dg.AssetKey(["hex", snake_case_of(props.title) or snake_case_of(props.id)]),
            deps=[self.get_table_key(connection, table) for connection, table in props.tables],
            description=props.description,
            kinds=set(KINDS),
            owners=[props.owner] if props.owner and _EMAIL.fullmatch(props.owner) else None,
            metadata={PROJECT_ID: props.id, TITLE: props.title},
        )

    def get_table_key(self, connection: str, table: str) -> dg.AssetKey:
        """Return the asset that a table is: its schema and name, as other integrations call tables."""
        return dg.AssetKey([part.lower() for part in table.replace('"', "").split(".") if part])


def snake_case_of(title: str) -> str:
    """Return a title as a part of an asset's key."""
    return _NO_WORD.sub("_", title).strip("_").lower()
