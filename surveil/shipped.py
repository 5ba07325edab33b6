"""Where the files are that come with surveil and are not Python: models, migrations, settings."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(part: str) -> Path:
    """Return the place of a part, such as ``models``: in an installed wheel below the package.

    A checkout has no such folder; there the part is beside the package. Nothing is looked for
    beside an installed package: that is where other packages are, and one may have its name.
    """
    installed = _PACKAGE / "_data"
    return (installed if installed.is_dir() else _PACKAGE.parent) / part
