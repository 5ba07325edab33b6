"""What a worker is told: its first message holds what its role needs, and nothing else.

The contract of placement: cameras are given to a worker from outside, and it assumes nothing about
the others. A camera that changes worker begins a new run, and a run's ``seq`` lives in the spool of
one worker; a spool whose worker is gone is adopted (:mod:`surveil.events.adoption`). Whatever
decides who takes which camera can so stand above: this host's supervisor, or an engine that spreads
a fleet over hosts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from surveil.config import Camera, Fleet
from surveil.secrets import SecretUrl
from surveil.workers.host.control import Message

_NOWHERE = "sqlite:////dev/null"


@dataclass(frozen=True)
class LogOptions:
    """How the workers log: a level's name, and JSON or lines for people."""

    level: str = "info"
    json: bool = False


def assign(
    role: str, fleet: Fleet, cameras: Iterable[str], logs: LogOptions, **more: object
) -> Message:
    """Return a worker's first message.

    Args:
        role: See :func:`narrow`.
        fleet: The whole configuration.
        cameras: Ids of the worker's cameras.
        logs: How it logs.
        more: What else its role takes: descriptors, names.
    """
    wire = narrow(role, fleet, cameras).to_wire()
    return {"fleet": wire, "log_level": logs.level, "log_json": logs.json, **more}


def narrow(role: str, fleet: Fleet, cameras: Iterable[str]) -> Fleet:
    """Return the part of a fleet that a role needs.

    | role | cameras | database | Redis | rules | receivers |
    |---|---|---|---|---|---|
    | capture | its own, with credentials | | | | |
    | inference | its own, without | | yes | | |
    | recorder | all, without | yes | yes | | |
    | alerter | all, without | yes | yes | yes | yes |
    | web | all, without | yes | | yes | |

    A decoder of hostile streams so knows one password, that of the camera it reads.
    """
    mine = {id_: fleet.cameras[id_] for id_ in cameras}
    if role != "capture":
        mine = {id_: _without_credentials(camera) for id_, camera in mine.items()}
    less: dict[str, object] = {"cameras": mine, "defaults": type(fleet.defaults)()}
    if role != "alerter":
        less["receivers"] = {}
    if role not in ("alerter", "web"):
        less["rules"] = ()
    if role in ("capture", "inference"):
        less["database"] = SecretUrl(_NOWHERE)
    if role in ("capture", "web"):
        less["redis"] = "embedded"
    return fleet.model_copy(update=less)


def _without_credentials(camera: Camera) -> Camera:
    shown = SecretUrl(str(camera.source))
    return camera.model_copy(update={"source": shown, "username": None, "password": None})
