"""From a path to a fleet, or to everything that is wrong with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from surveil.config.document import Document, Location, read_mapping
from surveil.config.interpolation import Interpolator
from surveil.config.problems import ConfigErrors, Problem
from surveil.config.ruled import read_ruled
from surveil.config.schema import Fleet, Listening, Place, Storage
from surveil.config.validation import problems_of
from surveil.credentials import has_plain_secret
from surveil.secrets import SecretUrl
from surveil.settings import AS_WRITTEN, BASE
from surveil.sources.registry import BY_SCHEME

Part = TypeVar("Part", bound=Place)


@dataclass(frozen=True)
class Loaded:
    """A fleet, and what is not wrong but unwise about its file."""

    fleet: Fleet
    warnings: tuple[Problem, ...]


def load_fleet(path: Path) -> Fleet:
    """Read a fleet file, its rules and its secrets.

    Raises:
        ConfigErrors: Everything that is wrong with them, together.
    """
    return read_fleet(path).fleet


def load_database(path: Path) -> SecretUrl:
    """Read from a fleet file where its results are, and nothing else.

    Raises:
        ConfigErrors: The file is no YAML, or this part of it is wrong.
    """
    return _load_part(path, Storage).database


def load_listening(path: Path) -> Listening:
    """Read from a fleet file where its daemon listens, and nothing else.

    Raises:
        ConfigErrors: The file is no YAML, or this part of it is wrong.
    """
    return _load_part(path, Listening)


def _load_part(path: Path, part: type[Part]) -> Part:
    """Read a part of a fleet file.

    Whoever asks need not have the cameras' secrets; and a fault in another part of the file, by
    which ``surveil run`` would not start, is not theirs.
    """
    document = read_mapping(path, "cameras")
    base = path.resolve().parent
    interpolator = Interpolator(document, base, os.environ)
    value = {
        key: interpolator.fill(item, (key,))
        for key, item in document.value.items()
        if key in part.model_fields
    }
    broken = {location[0] for location in document.failed if location} & set(value)
    # A value that could not be read is not the default.
    problems = [*interpolator.problems, *(document.problems if broken else ())]
    failed = document.failed | interpolator.failed
    try:
        found = part.model_validate(value, context={BASE: base})
    except ValidationError as error:
        more, _ = problems_of(error, document, part, reported=failed)
        raise ConfigErrors(sorted([*problems, *more])) from None
    if problems:
        raise ConfigErrors(sorted(problems))
    return found


def read_fleet(path: Path, *, environment: Mapping[str, str] | None = None) -> Loaded:
    """Like :func:`load_fleet`, with warnings.

    Args:
        path: The fleet file; its directory is where relative paths start.
        environment: Variables for ``${env:NAME}``; the process's by default.
    """
    document = read_mapping(path, "cameras")
    base = path.resolve().parent
    interpolator = Interpolator(document, base, os.environ if environment is None else environment)
    value = {
        key: interpolator.fill(item, (key,))
        for key, item in document.value.items()
        if key != "rules"
    }
    fleet, reader = read_ruled(
        Fleet,
        document,
        value,
        path,
        problems=interpolator.problems,
        reported=document.failed | interpolator.failed,
        context={BASE: base, AS_WRITTEN: True},
    )
    warnings = [*interpolator.warnings, *reader.warnings, *_unwise(path, document, fleet)]
    return Loaded(fleet, tuple(sorted(warnings)))


def _unwise(path: Path, document: Document, fleet: Fleet) -> Iterator[Problem]:
    """Yield what works but will be regretted."""
    notified = {name for rule in fleet.rules for name in rule.notify}
    for name in fleet.receivers:
        if name not in notified:
            message = f"receiver {name!r} is named by no rule's notify:"
            yield document.problem(("receivers", name), message, at_key=True)
    aimless = [id_ for id_, one in fleet.cameras.items() if one.enabled and not one.privacy.purpose]
    if aimless:
        named = ", ".join(aimless[:3]) + (f" and {len(aimless) - 3} more" if aimless[3:] else "")
        message = f"privacy: {{purpose: …}} does not say what these cameras are for: {named}"
        yield document.problem(("cameras",), message, at_key=True)
    devices: dict[str, str] = {}
    for camera in fleet.cameras.values():
        source = camera.source.reveal()
        if camera.enabled and BY_SCHEME[camera.source.scheme].is_exclusive:
            if source in devices:
                message = f"{source} belongs to camera {devices[source]!r}; only one can open it"
                yield document.problem(("cameras", camera.id, "source"), message)
            devices.setdefault(source, camera.id)
    for name in fleet.cameras:
        place: Location = ("cameras", name, "source")
        written = document.at(place)
        if isinstance(written, str) and has_plain_secret(written):
            message = (
                "a password stands in the address itself;"
                " write ${env:NAME} or ${file:PATH} in its place"
            )
            yield document.problem(place, message)
    if path.stat().st_mode & stat.S_IROTH:
        for location in _plain_secrets(document.value, ()):
            message = (
                "a password in the clear in a file that every user of this host can read;"
                " use ${env:NAME} or ${file:PATH}, or chmod 600"
            )
            yield document.problem(location, message)


def _plain_secrets(value: Any, location: Location) -> Iterator[Location]:
    if isinstance(value, dict):
        for key, item in value.items():
            is_secret = key in ("password", "secret") and isinstance(item, str)
            if is_secret and "${" not in item:
                yield (*location, key)
            else:
                yield from _plain_secrets(item, (*location, key))
    elif (
        isinstance(value, str)
        and location[:1] not in (("rules",), ("cameras",))
        and has_plain_secret(value)
    ):
        yield location
