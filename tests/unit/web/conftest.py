"""Dashboards for the tests of this folder."""

from kit.web import dashboard, sqlite_dashboard

__all__ = ["dashboard", "sqlite_dashboard"]
