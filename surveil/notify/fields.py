"""Fields that the settings of several receivers have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from surveil.hosts import check_host
from surveil.paths import from_base
from surveil.secrets import Secret
from surveil.settings import Interpolated, base_of, fault, is_as_written


def checked_host(value: str) -> str:
    """Return a host that could be looked up."""
    try:
        check_host(value)
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    return value


def _hide_username(value: object) -> object:
    """Keep user names out of sight; search for one only if it came from outside the file."""
    if value is None or isinstance(value, Secret):
        return value
    return Secret.parse(value, searched=isinstance(value, Interpolated))


def _check_ca_file(value: Path, info: ValidationInfo) -> Path:
    try:
        path = Path(from_base(value, base_of(info)))
    except ValueError as error:
        raise fault("{reason}", reason=error) from None
    if is_as_written(info):
        # Here: TLS, which settings are read without by most processes.
        from surveil.notify.trust import fault_of

        why = fault_of(path) if path.is_file() else "there is no such file"
        if why:
            raise fault("{reason}", reason=why)
    return path


Host = Annotated[str, AfterValidator(checked_host)]
Username = Annotated[Secret | None, BeforeValidator(_hide_username)]
CaFile = Annotated[Path, AfterValidator(_check_ca_file)]
"""Certificates as PEM; a relative path starts at the fleet file."""
