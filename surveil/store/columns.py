"""What all files of tables share: the metadata, and columns that mean the same everywhere."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Integer

from surveil.store.types import UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def at(name: str, *, nullable: bool = False) -> Column[object]:
    """Return the column of an instant."""
    return Column(name, UtcDateTime(), nullable=nullable)


def count(name: str) -> Column[int]:
    """Return the column of a count."""
    return Column(name, Integer, nullable=False)
