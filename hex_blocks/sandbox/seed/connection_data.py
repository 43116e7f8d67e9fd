"""Data connections, and their databases, schemas and tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hex_blocks.sandbox.model import DataConnection
from hex_blocks.sandbox.seed.ids import DAY, seed_id
from hex_blocks.sandbox.workspace import World


@dataclass(frozen=True)
class Row:
    """A connection of the table below. `tables` are qualified names."""

    name: str
    type: str
    days: float
    details: dict[str, Any]
    tables: tuple[str, ...]
    more: dict[str, Any] = field(default_factory=dict)


SHOP_TABLES = ("orders", "order_lines", "customers", "stores")

CONNECTIONS = (
    Row(
        "Warehouse",
        "snowflake",
        500,
        {
            "accountName": "sandbox-example",
            "warehouse": "REPORTING",
            "database": "ANALYTICS",
            "username": "HEX",
            "privateKey": "sandbox-secret",
            "passphrase": "sandbox-secret",
            "schema": "SHOP",
            "role": "READER",
        },
        (*(f"analytics.shop.{name}" for name in SHOP_TABLES), "analytics.staging.orders", "raw.shop.orders"),
        {
            "description": "Everything that has been cleaned",
            "allow_writeback_cells": True,
            "schema_filters": {"schemas": {"exclude": {"values": ["TMP_"], "matchType": "PREFIX"}}},
            "schema_refresh_schedule": {
                "cadence": "DAILY",
                "enabled": True,
                "daily": {"timezoneString": "UTC", "hour": 4, "minute": 0},
            },
            "schema_refresh_access": "USERS_WITH_QUERY_ACCESS",
        },
    ),
    Row(
        "App database",
        "postgres",
        450,
        {
            "hostname": "db.sandbox.example",
            "port": 5432,
            "database": "app",
            "username": "hex_reader",
            "password": "sandbox-secret",
        },
        ("public.users", "public.sessions", "public.payments"),
        {"description": "A replica of the shop's own database", "connect_via_ssh": True},
    ),
    Row(
        "Marketing",
        "bigquery",
        300,
        {
            "projectId": "sandbox-marketing",
            "serviceAccountJsonConfig": "{}",
            "enableDriveAccess": True,
            "enableStorageApi": False,
        },
        ("sandbox-marketing.ads.clicks", "sandbox-marketing.ads.costs"),
    ),
    Row(
        "Event lake",
        "databricks",
        200,
        {"jdbcUrl": "jdbc:databricks://lake.sandbox.example:443", "accessToken": "sandbox-secret"},
        ("lake.events.page_views", "lake.events.purchases"),
        {"description": "Clicks, by the billion"},
    ),
    Row(
        "Logs",
        "athena",
        120,
        {
            "hostname": "athena.sandbox.example",
            "port": 443,
            "s3OutputPath": "s3://sandbox-example/out",
            "accessKeyId": "SANDBOXKEY",
            "secretAccessKey": "sandbox-secret",
            "catalog": "logs",
            "workgroup": None,
        },
        ("web.requests", "web.errors"),
        {"include_magic": False},
    ),
    Row(
        "Metrics store",
        "clickhouse",
        60,
        {"hostname": "ch.sandbox.example", "port": 8443, "username": "hex", "password": "sandbox-secret"},
        ("metrics.hourly", "metrics.daily"),
    ),
)


def add_connections(world: World, now: float) -> None:
    """Add the data connections."""
    team = world.group("Data team").id
    for row in CONNECTIONS:
        world.add(
            DataConnection(
                id=seed_id("connection", row.name),
                name=row.name,
                type=row.type,
                created_at=now - row.days * DAY,
                details=row.details,
                workspace={"public": "NONE", "guests": "NONE", "members": "VIEW_RESULTS"},
                groups={team: "QUERY"},
                objects=_objects(row.tables),
                **row.more,
            )
        )


def _objects(tables: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Return tables with the schemas and databases that their names contain."""
    found: dict[str, dict[str, str | None]] = {"DATABASE": {}, "SCHEMA": {}, "TABLE": {}}
    for table in tables:
        *database, schema, _ = table.split(".")
        found["TABLE"][table] = None
        found["SCHEMA"][".".join([*database, schema])] = None
        for name in database:
            found["DATABASE"][name] = None
    return found
