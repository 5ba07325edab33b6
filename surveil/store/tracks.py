"""The ``track`` table: one face over its life, kept up with each of its observations."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from surveil.domain import EMOTIONS, GRID
from surveil.store.rows import Row
from surveil.store.tables import track
from surveil.store.upsert import upsert

_NAMES = tuple(emotion.value for emotion in EMOTIONS)


def add_to_tracks(connection: sa.Connection, observations: Iterable[Row]) -> None:
    """Merge rows that were really inserted; the lock of their cameras is held."""
    merged = merge_tracks({}, observations)
    if not merged:
        return
    known = sa.select(track).where(sa.tuple_(track.c.run_id, track.c.track_id).in_(sorted(merged)))
    for row in connection.execute(known):
        key = row.run_id, row.track_id
        merged[key] = _join(with_sums(dict(row._mapping)), merged[key])
    rows = [with_means(row) for row in merged.values()]
    columns = [column.name for column in track.c if not column.primary_key]
    upsert(connection, track, rows, replace=columns)


def merge_tracks(
    into: dict[tuple[str, int], Row], observations: Iterable[Row]
) -> dict[tuple[str, int], Row]:
    """Return tracks whose score columns hold sums of the observations' scores."""
    for row in observations:
        key = row["run_id"], row["track_id"]
        single = {
            "run_id": row["run_id"],
            "track_id": row["track_id"],
            "camera_id": row["camera_id"],
            "first_seen_at": row["observed_at"],
            "last_seen_at": row["observed_at"],
            "intervals": 1,
            "frames": row["frames"],
            **{name: row[name] for name in _NAMES},
        }
        into[key] = _join(into[key], single) if key in into else single
    return into


def _join(one: Row, other: Row) -> Row:
    return one | {
        "first_seen_at": min(one["first_seen_at"], other["first_seen_at"]),
        "last_seen_at": max(one["last_seen_at"], other["last_seen_at"]),
        **{name: one[name] + other[name] for name in ("intervals", "frames", *_NAMES)},
    }


def with_sums(row: Row) -> Row:
    """Return a stored track with its means turned back into sums.

    The sum was a multiple of ``GRID``; the mean is it divided by ``intervals`` and rounded by at
    most one part in 2**53. So the nearest multiple of ``GRID`` is the very sum, up to 2**31.
    """
    count = row["intervals"]
    return row | {name: round(row[name] * count / GRID) * GRID for name in _NAMES}


def with_means(row: Row) -> Row:
    means = {name: row[name] / row["intervals"] for name in _NAMES}
    return row | means | {"emotion": max(_NAMES, key=lambda name: means[name])}
