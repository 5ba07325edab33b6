"""One camera: how it stands, its timeline, what happened, and its figures to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.live.status import CameraStatus
from surveil.store.reading import (
    Bucket,
    GapRow,
    NothingStoredError,
    TransitionRow,
    find_holder,
    list_cameras,
    load_gaps,
    load_present,
    load_showing,
    load_transitions,
    read_timeline,
)
from surveil.store.scope import Scope
from surveil.web.pages import exports
from surveil.web.pages.charts import timeline_of
from surveil.web.pages.fleet import expressions_of, least_of
from surveil.web.pages.moods import mood_of
from surveil.web.pages.rendering import etag, render
from surveil.web.problems import TooMuchError
from surveil.web.spans import PRESENT, PRESETS, Span, read_span
from surveil.web.viewer import missing_camera
from surveil.web.wiring import Reading, Reads

router = APIRouter(include_in_schema=False, prefix="/cameras")

MOST_GAPS = 500
MOST_STEPS = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """Which camera a request is about.

    Attributes:
        reads: Who asks, and the database.
        camera: Its id; one that the viewer may see.
    """

    reads: Reading
    camera: str

    @property
    def scope(self) -> Scope:
        """This camera alone."""
        return Scope.only([self.camera])


@dataclass(frozen=True, slots=True)
class Asked(Seen):
    """Which camera and which time a request is about.

    Attributes:
        span: The time.
        query: The same as part of an address, so that a link leads to exactly this view.
    """

    span: Span
    query: dict[str, str]


_Text = Annotated[str, Query(max_length=64)]


def _seen(reads: Reads, camera: Annotated[str, Path(max_length=64)]) -> Seen:
    seen, fleet = Seen(reads, camera), reads.site.fleet.cameras
    is_known = camera in fleet or bool(list_cameras(reads.connection, seen.scope))
    if not reads.scope.sees(camera) or not is_known:
        raise missing_camera(fleet, reads.viewer, camera)
    return seen


See = Annotated[Seen, Depends(_seen)]


def _asked(
    seen: See,
    since: Annotated[str, Query(alias="from", max_length=64)] = "",
    until: Annotated[str, Query(alias="to", max_length=64)] = "",
    bucket: _Text = "",
    zone: _Text = "UTC",
) -> Asked:
    now = seen.reads.site.now()
    span = read_span(now, since=since, until=until, bucket=bucket, zone=zone)
    query = {"from": since, "to": until, "bucket": bucket, "zone": zone}
    given = {key: value for key, value in query.items() if value and value != "UTC"}
    return Asked(seen.reads, seen.camera, span, given)


Ask = Annotated[Asked, Depends(_asked)]


@router.get("/{camera}")
def show(request: Request, asked: Ask) -> Response:
    """The whole page."""
    gaps, steps = _gaps(asked), _steps(asked)
    return render(
        request,
        "camera.html",
        asked.reads.viewer,
        asked=asked,
        now_standing=_status(asked),
        presets=PRESETS,
        gaps=gaps[::-1][:50],
        more_gaps=max(0, len(gaps) - 50),
        steps=sorted(steps, key=lambda one: one.at, reverse=True)[:50],
        emotions=EMOTIONS,
        fixed=exports.fixed(asked.span, asked.query),
        has_parquet=exports.has_parquet(),
        view=asked.reads.site.live.view_of(asked.camera).value,
        **_present(asked),
    )


@router.get("/{camera}/state")
def state(request: Request, seen: See) -> Response:
    """How it stands now."""
    found = _status(seen)
    return etag(
        request, render(request, "camera_state.html", seen.reads.viewer, now_standing=found)
    )


@router.get("/{camera}/present")
def present(request: Request, seen: See) -> Response:
    """Who is in view now."""
    return etag(
        request, render(request, "camera_present.html", seen.reads.viewer, **_present(seen))
    )


@router.get("/{camera}/chart")
def chart(request: Request, asked: Ask) -> Response:
    """Its timeline, as the page's script draws it."""
    drawn = timeline_of(_buckets(asked), _gaps(asked), _steps(asked))
    return etag(request, JSONResponse(drawn))


@router.get("/{camera}/timeline.csv")
def as_csv(asked: Ask) -> Response:
    """Its timeline as comma-separated values."""
    exports.note(asked.reads, f"camera {asked.camera}", "csv", asked.span)
    return exports.as_csv(exports.name_of(asked.camera, asked.span), _buckets(asked))


@router.get("/{camera}/timeline.parquet")
def as_parquet(asked: Ask) -> Response:
    """Its timeline as Parquet, where pyarrow is installed."""
    exports.demand_parquet()
    exports.note(asked.reads, f"camera {asked.camera}", "parquet", asked.span)
    return exports.as_parquet(exports.name_of(asked.camera, asked.span), _buckets(asked))


def _status(seen: Seen) -> dict[str, Any]:
    standing = seen.reads.site.standing(seen.scope)
    cameras = standing.status.cameras if standing.status is not None else ()
    found: CameraStatus | None = next(iter(cameras), None)
    known = standing.absent.known if standing.absent is not None else ()
    holder = None
    if found is None:
        holder = find_holder(seen.reads.connection, seen.scope, seen.camera)
    return {
        "holder": holder,
        "holder_url": _url_of(seen, holder) if holder is not None else None,
        "camera": found,
        "mood": mood_of(found) if found is not None else "",
        "absent": standing.absent,
        "last": next(iter(known), None),
        "is_crowd": least_of(seen.reads.site.fleet, seen.camera) is not None,
    }


def _url_of(seen: Seen, host: str) -> str | None:
    """Return where the camera's page is on another host's dashboard."""
    template = seen.reads.site.fleet.web.host_url
    if template is None:
        return None
    base = template.replace("{host}", quote(host, safe="")).rstrip("/")
    return f"{base}/cameras/{quote(seen.camera, safe='')}"


def _present(seen: Seen) -> dict[str, Any]:
    site = seen.reads.site
    least = least_of(site.fleet, seen.camera)
    told: dict[str, Any] = {"is_watched": site.live.has(seen.camera), "present": None}
    connection, since_at = seen.reads.connection, site.now() - PRESENT
    if least is not None:
        showing = load_showing(connection, seen.scope, since_at=since_at).get(seen.camera)
        return told | {"least": least, "now": expressions_of(showing, least)}
    present = load_present(connection, seen.scope, seen.camera, since_at=since_at)
    return told | {"present": present, "least": None}


def _buckets(asked: Asked) -> list[Bucket]:
    now = asked.reads.site.now()
    try:
        return read_timeline(
            asked.reads.connection, asked.scope, asked.camera, asked.span.edges, now
        )
    except NothingStoredError:
        return []
    except ConfigError as error:
        raise TooMuchError(str(error)) from None


def _gaps(asked: Asked) -> list[GapRow]:
    return load_gaps(
        asked.reads.connection,
        asked.scope,
        since_at=asked.span.from_at,
        until_at=asked.span.to_at,
        limit=MOST_GAPS,
    )


def _steps(asked: Asked) -> list[TransitionRow]:
    return load_transitions(
        asked.reads.connection,
        asked.scope,
        since_at=asked.span.from_at,
        until_at=asked.span.to_at,
        rule=None,
        limit=MOST_STEPS,
    )
