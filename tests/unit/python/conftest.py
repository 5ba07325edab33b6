"""A dashboard for the tests of this folder."""

from kit.web import sqlite_dashboard

__all__ = ["sqlite_dashboard"]
