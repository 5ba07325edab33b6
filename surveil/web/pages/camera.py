"""One camera: how it stands, its timeline, what happened, and its figures to take away."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.live.status import CameraStatus
from surveil.policy import Mode
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
from surveil.web.pages.charts import timeline_of
from surveil.web.pages.fleet import expressions_of
from surveil.web.pages.moods import mood_of
from surveil.web.pages.rendering import etag, render
from surveil.web.problems import TooMuchError
from surveil.web.spans import PRESENT, PRESETS, Span, read_span
from surveil.web.viewer import missing_camera
from surveil.web.wiring import Reading, Reads
from surveil.web.witness import witness

router = APIRouter(include_in_schema=False, prefix="/cameras")

MOST_GAPS = 500
MOST_STEPS = 500
COLUMNS = (
    *("camera", "from_at", "to_at", "coverage", "analysed_s", "reason", "all_votes"),
    *(f"{emotion.value}_share" for emotion in EMOTIONS),
    *(f"{emotion.value}_votes" for emotion in EMOTIONS),
)


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
        steps=steps[::-1][:50],
        emotions=EMOTIONS,
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
    _witness_export(asked, "csv")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(_row, _buckets(asked)))
    return _file(asked, "csv", text.getvalue(), "text/csv; charset=utf-8")


@router.get("/{camera}/timeline.parquet")
def as_parquet(asked: Ask) -> Response:
    """Its timeline as Parquet, where pyarrow is installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise TooMuchError(
            "Parquet needs pyarrow, where surveil runs: pip install 'surveil[parquet]'"
        ) from None
    _witness_export(asked, "parquet")
    rows = [_row(bucket) for bucket in _buckets(asked)]
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return _file(asked, "parquet", sink.getvalue(), "application/vnd.apache.parquet")


def _file(asked: Asked, form: str, body: str | bytes, media_type: str) -> Response:
    name = f"{asked.camera}-{asked.span.from_at:%Y%m%dT%H%M%SZ}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type=media_type)


def _witness_export(asked: Asked, form: str) -> None:
    span = asked.span
    details = {
        "form": form,
        "from_at": span.from_at.isoformat(),
        "to_at": span.to_at.isoformat(),
        "bucket_s": span.bucket_s,
    }
    witness(asked.reads.site, asked.reads.viewer, "export", f"camera {asked.camera}", details)


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
    configured = site.fleet.cameras.get(seen.camera)
    told: dict[str, Any] = {"is_watched": site.live.has(seen.camera), "present": None}
    connection, since_at = seen.reads.connection, site.now() - PRESENT
    if configured is not None and configured.privacy.mode is Mode.AGGREGATE:
        showing = load_showing(connection, seen.scope, since_at=since_at).get(seen.camera)
        return told | {
            "least": configured.privacy.min_group,
            "now": expressions_of(showing, is_crowd=True),
        }
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


def _row(bucket: Bucket) -> list[Any]:
    return [
        bucket.camera,
        bucket.from_at.isoformat(),
        bucket.to_at.isoformat(),
        bucket.coverage,
        bucket.analysed_s,
        bucket.reason,
        bucket.all_votes,
        *bucket.shares,
        *bucket.votes,
    ]
