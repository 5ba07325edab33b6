"""Every table there is: what migrations are compared with."""

from surveil.store import access_tables
from surveil.store.tables import metadata

__all__ = ["access_tables", "metadata"]
