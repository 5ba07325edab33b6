"""Timelines over each other: several cameras, or one time and an earlier one; and who leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from surveil.domain import EMOTIONS, Emotion
from surveil.errors import ConfigError
from surveil.store.reading import Bucket, list_cameras, rank_cameras, read_timeline
from surveil.web.pages import exports
from surveil.web.pages.charts import compared
from surveil.web.pages.rendering import etag, render
from surveil.web.problems import TooMuchError
from surveil.web.spans import PRESETS, Span, read_span
from surveil.web.viewer import missing_camera
from surveil.web.wiring import Reading, Reads

router = APIRouter(include_in_schema=False, prefix="/timelines")

MOST_ROWS = 8
MOST_RANKED = 50
LEAST_VOTES = 100
EARLIER = {"": "nothing", "1d": "a day before", "7d": "a week before", "28d": "four weeks before"}
_DAYS = {"1d": 1, "7d": 7, "28d": 28}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared.

    Attributes:
        reads: Who asks, and the database.
        cameras: Ids, at most :data:`MOST_ROWS`.
        known: All that the viewer may choose from.
        emotion: Which expression.
        span: The time.
        against: A key of :data:`EARLIER`: the earlier time that is shown beside.
        least: Votes below which a camera is not ranked.
        query: The same as part of an address.
    """

    reads: Reading
    cameras: Sequence[str]
    known: Sequence[str]
    emotion: Emotion
    span: Span
    against: str
    least: int
    query: list[tuple[str, str]]


_Text = Annotated[str, Query(max_length=64)]


def _asked(
    reads: Reads,
    camera: Annotated[list[str], Query(max_length=MOST_ROWS)] = [],  # noqa: B006
    emotion: Annotated[Emotion, Query()] = Emotion.HAPPY,
    since: Annotated[str, Query(alias="from", max_length=64)] = "",
    until: Annotated[str, Query(alias="to", max_length=64)] = "",
    bucket: _Text = "",
    against: _Text = "",
    least: Annotated[int, Query(ge=1, le=10**9)] = LEAST_VOTES,
    zone: _Text = "UTC",
) -> Asked:
    known = list_cameras(reads.connection, reads.scope)
    for one in camera:
        if one not in known:
            raise missing_camera(reads.site.fleet.cameras, reads.viewer, one)
    if against not in EARLIER:
        raise TooMuchError(f"against: one of {', '.join(_DAYS)}")
    chosen = list(dict.fromkeys(camera)) or known[: MOST_ROWS // 2]
    most = MOST_ROWS // 2 if against else MOST_ROWS
    if len(chosen) > most:
        raise TooMuchError(f"more than {most} lines: choose fewer cameras")
    span = read_span(reads.site.now(), since=since or "6h", until=until, bucket=bucket, zone=zone)
    told = {"emotion": emotion.value, "from": since, "to": until, "bucket": bucket}
    told |= {"against": against, "least": str(least), "zone": zone}
    query = [("camera", one) for one in camera] + [(k, v) for k, v in told.items() if v]
    return Asked(reads, chosen, known, emotion, span, against, least, query)


Ask = Annotated[Asked, Depends(_asked)]


@router.get("")
def show(request: Request, asked: Ask) -> Response:
    """The whole page."""
    ranked = rank_cameras(
        asked.reads.connection,
        asked.reads.scope,
        asked.emotion,
        from_at=asked.span.from_at,
        to_at=asked.span.to_at,
        least_votes=asked.least,
        limit=MOST_RANKED,
    )
    return render(
        request, "timelines.html", asked.reads.viewer, asked=asked, ranked=ranked,
        emotions=EMOTIONS, presets=PRESETS, earlier=EARLIER, most=MOST_ROWS,
        fixed=_fixed(asked), has_parquet=exports.has_parquet(),
    )  # fmt: skip


@router.get("/chart")
def chart(request: Request, asked: Ask) -> Response:
    """The lines, as the page's script draws them."""
    back = timedelta(days=_DAYS.get(asked.against, 0))
    rows = {one: _buckets(asked, one, asked.span.edges) for one in asked.cameras}
    for one in asked.cameras if back else ():
        rows[f"{one}, {EARLIER[asked.against]}"] = [
            replace(bucket, from_at=bucket.from_at + back, to_at=bucket.to_at + back)
            for bucket in _buckets(asked, one, _edges_before(asked, back))
        ]
    return etag(request, JSONResponse(compared(rows, EMOTIONS.index(asked.emotion))))


@router.get("/timelines.csv")
def as_csv(asked: Ask) -> Response:
    """All that the lines are drawn from, as comma-separated values."""
    _note(asked, "csv")
    return exports.as_csv(exports.name_of("timelines", asked.span), _exported(asked))


@router.get("/timelines.parquet")
def as_parquet(asked: Ask) -> Response:
    """The same as Parquet, where pyarrow is installed."""
    exports.demand_parquet()
    _note(asked, "parquet")
    return exports.as_parquet(exports.name_of("timelines", asked.span), _exported(asked))


def _note(asked: Asked, form: str) -> None:
    exports.note(
        asked.reads, "timelines", form, asked.span, cameras=list(asked.cameras),
        against=asked.against,
    )  # fmt: skip


def _exported(asked: Asked) -> Iterator[Bucket]:
    """Yield the buckets camera by camera, an earlier time at the instants at which it was."""
    back = timedelta(days=_DAYS.get(asked.against, 0))
    for one in asked.cameras:
        yield from _buckets(asked, one, _edges_before(asked, back)) if back else ()
        yield from _buckets(asked, one, asked.span.edges)


def _fixed(asked: Asked) -> list[tuple[str, str]]:
    rest = {key: value for key, value in asked.query if key != "camera"}
    return [("camera", one) for one in asked.cameras] + [*exports.fixed(asked.span, rest).items()]


def _edges_before(asked: Asked, back: timedelta) -> list[datetime]:
    return [edge - back for edge in asked.span.edges]


def _buckets(asked: Asked, camera: str, edges: Sequence[datetime]) -> list[Bucket]:
    reads = asked.reads
    try:
        return read_timeline(reads.connection, reads.scope, camera, edges, reads.site.now())
    except ConfigError as error:
        raise TooMuchError(str(error)) from None
