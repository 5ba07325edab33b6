"""The fleet: a tile for each camera, and what concerns all of them.

Tiles come every two seconds, and the strips on them less often: their bars are minutes, and they
take five times as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from surveil.config import Fleet
from surveil.domain import EMOTIONS, CameraState
from surveil.live.standing import Absent
from surveil.live.status import CameraStatus, DaemonStatus
from surveil.policy import Mode
from surveil.store.reading import (
    AlertRow,
    Showing,
    load_active,
    load_showing,
    load_strips,
)
from surveil.web.pages.moods import mood_of
from surveil.web.pages.rendering import etag, render
from surveil.web.pages.strips import blocks_of, in_words, paths_of
from surveil.web.site import Standing
from surveil.web.spans import PRESENT
from surveil.web.wiring import Reading, Reads

router = APIRouter(include_in_schema=False)

MINUTES = 15
STRIPS_EVERY_S = 20
MOST_ALERTS = 200


@dataclass(frozen=True, slots=True)
class Tile:
    """One camera as the page shows it.

    Attributes:
        camera: How it stands.
        mood: ``live``, ``late`` or ``bad``: how it is coloured.
        now: Expressions of who is in view, with how many show each, most first; None where nobody
            knows.
        least: Where single faces are not told of, of how many people a group has to be; else None.
        alerts: Names of the rules that fire for it.
    """

    camera: CameraStatus
    mood: str
    now: Sequence[tuple[str, int]] | None
    least: int | None
    alerts: tuple[str, ...]


class Strip(NamedTuple):
    """The last minutes of a camera.

    Attributes:
        paths: By kind.
        words: The same in a sentence.
    """

    paths: Mapping[str, str]
    words: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cameras are asked for.

    Attributes:
        name: Part of a camera's id.
        state: Of the camera; ``trouble`` for all that are not well.
        label: ``key=value``, or a part of it.
    """

    name: str = ""
    state: str = ""
    label: str = ""

    def admits(self, camera: CameraStatus, labels: Mapping[str, str]) -> bool:
        """Return whether a camera is shown."""
        if self.name.lower() not in camera.camera:
            return False
        if self.state == "trouble":
            if mood_of(camera) == "live":
                return False
        elif self.state and camera.state != self.state:
            return False
        words = [f"{key}={value}" for key, value in labels.items()]
        return not self.label or any(self.label.lower() in word.lower() for word in words)


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows.

    Attributes:
        status: The daemon; None where none answers.
        absent: What SQL knows then.
        tiles: Those that are asked for, by id.
        count: Of all cameras that the viewer may see.
        live: How many of those are well.
        faces: In view now; None where nobody knows.
        firing: Alerts that fire.
    """

    status: DaemonStatus | None
    absent: Absent | None
    tiles: list[Tile]
    count: int
    live: int
    faces: int | None
    firing: list[AlertRow]


_Text = Annotated[str, Query(max_length=64)]


def _filter(name: _Text = "", state: _Text = "", label: _Text = "") -> Filter:
    return Filter(name, state, label)


_Chosen = Annotated[Filter, Depends(_filter)]


@router.get("/")
def show(request: Request, reads: Reads, chosen: _Chosen) -> Response:
    """The whole page."""
    found = overview(reads, chosen)
    states = [one.value for one in CameraState]
    shown = {"filter": chosen, "states": states, "emotions": EMOTIONS, "minutes": MINUTES}
    strips = strips_of(reads, [tile.camera for tile in found.tiles])
    return render(
        request, "fleet.html", reads.viewer, overview=found, strips=strips,
        strips_every_s=STRIPS_EVERY_S, **shown,
    )  # fmt: skip


@router.get("/fleet/tiles")
def tiles(request: Request, reads: Reads, chosen: _Chosen) -> Response:
    """The tiles as they are now, without strips: the page keeps those that it has."""
    found = overview(reads, chosen)
    page = render(request, "fleet_tiles.html", reads.viewer, overview=found, strips=None)
    return etag(request, page)


@router.get("/fleet/strips")
def strips(request: Request, reads: Reads, chosen: _Chosen) -> Response:
    """The strips alone, each for its place on the page."""
    cameras = _cameras_of(reads.site.standing(reads.scope))
    found = strips_of(reads, _admitted(reads, cameras, chosen))
    page = render(request, "fleet_strips.html", reads.viewer, strips=found, minutes=MINUTES)
    return etag(request, page)


def overview(reads: Reading, chosen: Filter) -> Overview:
    """Return what the page shows of the cameras that the viewer may see."""
    standing = reads.site.standing(reads.scope)
    showing = load_showing(reads.connection, reads.scope, since_at=reads.site.now() - PRESENT)
    active = load_active(reads.connection, reads.scope, rule=None, limit=MOST_ALERTS)
    firing = [one for one in active if one.state in ("firing", "recovering")]
    cameras = _cameras_of(standing)
    admitted = _admitted(reads, cameras, chosen)
    faces = [one.faces for one in cameras if one.faces is not None]
    return Overview(
        status=standing.status,
        absent=standing.absent,
        tiles=[_tile(reads, one, showing.get(one.camera), firing) for one in admitted],
        count=len(cameras),
        live=sum(mood_of(one) == "live" for one in cameras),
        faces=sum(faces) if faces else None,
        firing=firing,
    )


def _cameras_of(standing: Standing) -> Sequence[CameraStatus]:
    return standing.status.cameras if standing.status is not None else ()


def _admitted(
    reads: Reading, cameras: Iterable[CameraStatus], chosen: Filter
) -> list[CameraStatus]:
    labels = {id_: one.labels for id_, one in reads.site.fleet.cameras.items()}
    return [one for one in cameras if chosen.admits(one, labels.get(one.camera, {}))]


def strips_of(reads: Reading, cameras: Iterable[CameraStatus]) -> dict[str, Strip]:
    """Return what goes onto tiles, by camera."""
    known = load_strips(reads.connection, reads.scope, now=reads.site.now(), minutes=MINUTES)
    found = {}
    for one in cameras:
        minutes = known.get(one.camera, ())
        found[one.camera] = Strip(paths_of(blocks_of(minutes)), in_words(minutes))
    return found


def _tile(
    reads: Reading,
    camera: CameraStatus,
    showing: Showing | None,
    firing: list[AlertRow],
) -> Tile:
    least = least_of(reads.site.fleet, camera.camera)
    return Tile(
        camera=camera,
        mood=mood_of(camera),
        now=expressions_of(showing, least),
        least=least,
        alerts=tuple(sorted({one.rule for one in firing if one.camera == camera.camera})),
    )


def least_of(fleet: Fleet, camera: str) -> int | None:
    """Return of how many people a group has to be where nobody is told of alone; else None."""
    configured = fleet.cameras.get(camera)
    if configured is None or configured.privacy.mode is not Mode.AGGREGATE:
        return None
    return configured.privacy.min_group


def expressions_of(showing: Showing | None, least: int | None) -> Sequence[tuple[str, int]] | None:
    """Return what is shown and by how many, most first; None where nobody knows.

    Args:
        showing: As it is stored.
        least: Of how many people a group has to be, where single faces are not told of: nor are
            those of just before that was decided.
    """
    if showing is None or (least is not None and not showing.is_crowd):
        return None
    counted = zip((emotion.value for emotion in EMOTIONS), showing.votes, strict=True)
    return sorted((one for one in counted if one[1]), key=lambda one: -one[1])
