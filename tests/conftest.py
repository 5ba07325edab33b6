"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["kit.daemons", "kit.servers"]

# A time limit per example fails on a busy machine, whatever the code under test does.
settings.register_profile("surveil", deadline=None)
settings.load_profile("surveil")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell in CI of a failure when it happens: a run that is cut off later must not hide it."""
    if report.failed and os.environ.get("CI") and "PYTEST_XDIST_WORKER" not in os.environ:
        told = f"\n{report.nodeid}: {report.when} failed\n{report.longreprtext}\n"
        sys.stdout.write(told)
        sys.stdout.flush()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of third-party test material, which is no part of the project.

    Where CI runs it is a failure that it is absent: what is skipped there is tested nowhere.
    """
    path = Path(os.environ.get("SURVEIL_SHARED", REPOSITORY.parent / "shared"))
    if not (path / "data").is_dir():
        absent = f"third-party test material is not at {path} (set SURVEIL_SHARED)"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)
    return path
