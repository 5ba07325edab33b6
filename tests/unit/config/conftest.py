"""Write fleet files and read them back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from surveil.config import ConfigErrors
from surveil.config.loading import Loaded, read_fleet

Environment = dict[str, str]
Read = Callable[..., Loaded]
Fail = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a fleet file of the given text; keyword arguments are environment variables."""

    def read_text(text: str, **environment: str) -> Loaded:
        path = tmp_path / "fleet.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        path.chmod(0o600)
        return read_fleet(path, environment=environment)

    return read_text


@pytest.fixture
def fail(tmp_path: Path, read: Read) -> Fail:
    """Read a fleet file that is wrong; return its problems, with paths below ``tmp_path``."""

    def fail_text(text: str, **environment: str) -> list[str]:
        with pytest.raises(ConfigErrors) as caught:
            read(text, **environment)
        assert str(caught.value) == "\n".join(map(str, caught.value.problems))
        assert caught.value.exit_code == 2
        return [str(p).removeprefix(f"{tmp_path}/") for p in caught.value.problems]

    return fail_text
