"""SQL tables, ingest, rollups and queries."""

from surveil.store.engine import Connection, Database, connect, describe
from surveil.store.ingest import Written, write_batch

__all__ = ["Connection", "Database", "Written", "connect", "describe", "write_batch"]
