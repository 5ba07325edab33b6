"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["daemons", "servers_postgres", "servers_redis"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of third-party test material, which is no part of the project."""
    path = Path(os.environ.get("SURVEIL_SHARED", REPOSITORY.parent / "shared"))
    if not (path / "data").is_dir():
        pytest.skip(f"third-party test material is not at {path} (set SURVEIL_SHARED)")
    return path
