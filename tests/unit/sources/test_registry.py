"""The registry of sources: what is in it is all that the configuration knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from surveil.config.urls import Source
from surveil.sources.address import SourceKind
from surveil.sources.registry import BY_SCHEME, KINDS

BASE = Path("/etc/surveil")


def test_each_scheme_belongs_to_one_kind() -> None:
    assert sorted(BY_SCHEME) == sorted(scheme for kind in KINDS for scheme in kind.schemes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schemes[0])
def test_an_address_in_the_form_of_its_kind_is_accepted(kind: SourceKind) -> None:
    checked = kind.check(kind.form, BASE)
    assert kind.check(checked, BASE) == checked
    assert TypeAdapter(Source).validate_python(kind.form).scheme in kind.schemes


def test_schemes_outside_the_registry_are_refused() -> None:
    with pytest.raises(ValidationError, match="must start with rtsp://, rtsps://, usb:"):
        TypeAdapter(Source).validate_python("concat:a")


def test_paths_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    check = BY_SCHEME["file"].check
    monkeypatch.setenv("HOME", "/home/me")
    assert check("file:a%20b.mp4", BASE) == "file:/etc/surveil/a%20b.mp4"
    assert check("file:///a%20b.mp4", BASE) == "file:/a b.mp4"
    assert check("file:~/clips/../a.mp4", BASE) == "file:/home/me/a.mp4"
    with pytest.raises(ValueError, match="home is unknown"):
        check("file:~nobody-of-this-name/a.mp4", BASE)
