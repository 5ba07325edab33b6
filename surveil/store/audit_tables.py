"""The tables of who did what; see :mod:`surveil.store.audit`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, String, Table

from surveil.store.columns import count, metadata
from surveil.store.types import Json, RowId, UtcDateTime

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcDateTime(), nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Json, nullable=False),
    Column("hash", String, nullable=False, server_default="", comment="SHA-256, with the last"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", sa.Integer, primary_key=True, autoincrement=False),
    count("rows"),
    Column("hash", String, nullable=False, comment="Of the last row of audit_log"),
    Column("cut", sa.Integer, nullable=False, server_default="0", comment="Oldest rows, removed"),
    Column("cut_hash", String, nullable=False, server_default="", comment="Of the last of those"),
)
