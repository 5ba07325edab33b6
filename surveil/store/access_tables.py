"""The tables of who may look over HTTP; see :mod:`surveil.store.access`."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from surveil.store.tables import metadata
from surveil.store.types import Json, UtcDateTime

web_user = Table(
    "web_user",
    metadata,
    Column("name", String, primary_key=True),
    Column("password_hash", String, nullable=False, comment="Argon2id"),
    Column("role", String, nullable=False, comment="viewer, operator or admin"),
    Column("cameras", Json, nullable=False, comment="Globs of camera ids"),
    Column("created_at", UtcDateTime(), nullable=False),
)

web_key = Table(
    "web_key",
    metadata,
    Column("digest", String, primary_key=True, comment="SHA-256 of the key"),
    Column("kind", String, nullable=False, comment="session, token or link"),
    Column("user_name", String, nullable=False, index=True, comment="Empty for this machine's"),
    Column("label", String, nullable=False),
    Column("role", String, nullable=False, comment="The most that it may"),
    Column("cameras", Json, nullable=False, comment="Globs: of these, the user's"),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False, index=True),
)
