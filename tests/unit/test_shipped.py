"""Where shipped files are: beside the package in a checkout, below it in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil import shipped


def test_a_checkout_has_them_beside_the_package() -> None:
    assert (shipped.shipped("migrations") / "env.py").is_file()


def test_a_wheel_has_them_below_the_package_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "surveil"
    (package / "_data").mkdir(parents=True)
    (package.parent / "models").mkdir()  # of somebody else
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.shipped("models") == package / "_data" / "models"
