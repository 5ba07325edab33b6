"""How a host belongs to a fleet that is spread: its name, and which cameras it is to take."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from surveil.config import Fleet
from surveil.errors import ConfigError
from surveil.workers.host.capacity import load_capacity
from surveil.workers.host.placement import FPS_OF_A_WORKER, usable_cores

_SHARD = re.compile(r"(\d{1,5})/(\d{1,5})")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,62}")
HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``count`` parts of a fleet's cameras; ``number`` is 0 to ``count - 1``."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that ``3/8`` names: the fourth of eight.

        Raises:
            ConfigError: It is no such thing; the message has the remedy.
        """
        found = _SHARD.fullmatch(text.strip())
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if shard.number >= shard.count:
            raise ConfigError(
                f"--shard {text}: give NUMBER/COUNT with numbers from 0, such as 0/8 to 7/8"
            )
        return shard

    def has(self, camera: str) -> bool:
        """Return whether a camera is of this shard."""
        return shard_of(camera, self.count) == self.number


def shard_of(camera: str, count: int) -> int:
    """Return the shard of a camera, the same on every host and in every release.

    Rendezvous hashing (Thaler and Ravishankar 1998): the shard whose hash with the camera is the
    highest. A shard more or less moves only its own cameras, one in ``count``.
    """
    return max(range(count), key=lambda number: (_weight(camera, number), number))


def _weight(camera: str, number: int) -> bytes:
    return hashlib.blake2b(f"{number}:{camera}".encode(), digest_size=8).digest()


@dataclass(frozen=True)
class Membership:
    """This host among others.

    Attributes:
        host: Name that no other host has and that survives a restart: the holder of its leases.
        shard: Its part of the cameras; None where a placement in SQL says which it takes.
        labels: What the host is called by, for cameras that ask for it with ``on:``.
        capacity_fps: Sampled frames a second that it carries.
    """

    host: str
    shard: Shard | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    capacity_fps: float = 0.0

    def of(self, cameras: Iterable[str]) -> set[str]:
        """Return the cameras of this host's shard."""
        assert self.shard is not None
        return {camera for camera in cameras if self.shard.has(camera)}

    def settle(self, fleet: Fleet) -> Fleet:
        """Return the fleet with a data_dir of this host's own, as several may share the disk.

        A host of a shard has the fleet's: its name comes from there.
        """
        if self.shard is not None:
            return fleet
        return fleet.model_copy(update={"data_dir": fleet.data_dir / self.host.replace("/", "_")})


def join(
    fleet: Fleet,
    *,
    shard: str | None,
    host: str | None,
    labels: Iterable[str] = (),
    capacity_fps: float | None = None,
) -> Membership:
    """Return what this host is among others, from what the command line says.

    Args:
        fleet: The configuration.
        shard: As in ``3/8``; None where SQL says which cameras the host takes.
        host: Its name; by default the machine's and the data_dir, as two of one machine have two.
        labels: ``KEY=VALUE``.
        capacity_fps: Sampled frames a second that it carries; by default what `surveil doctor`
            measured here, else what a core carries at least.

    Raises:
        ConfigError: Something of it is malformed, or the fleet's servers serve one host only.
    """
    check_shared(fleet)
    name = host or f"{socket.gethostname()}:{fleet.data_dir}"
    if not HOST_NAME.fullmatch(name):
        raise ConfigError(f"--host {name}: 1 to 200 of letters, digits and ._:/@-")
    cores = usable_cores()
    measured_fps = load_capacity(fleet.data_dir, cores)
    return Membership(
        host=name,
        shard=Shard.parse(shard) if shard is not None else None,
        labels=dict(_read_label(text) for text in labels),
        capacity_fps=capacity_fps or measured_fps or FPS_OF_A_WORKER * cores,
    )


def _read_label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not _LABEL.fullmatch(key):
        raise ConfigError(f"--label {text}: give KEY=VALUE, such as site=north")
    return key, value


def check_shared(fleet: Fleet) -> None:
    """Refuse a fleet whose servers only one host can reach.

    Raises:
        ConfigError: Redis is embedded, or the database is a file.
    """
    if fleet.redis == "embedded":
        raise ConfigError(
            "redis: embedded serves one host only; to spread cameras over hosts,"
            " set redis: to the URL of a server that all of them reach"
        )
    if fleet.database.reveal().startswith("sqlite"):
        raise ConfigError(
            "database: a SQLite file serves one host only; to spread cameras over hosts,"
            " set database: to postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        )
