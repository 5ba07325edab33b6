"""The tables, as the migrations in ``migrations/`` create them.

Instants are UTC and end in ``_at``, durations in seconds end in ``_s``, boxes are fractions of the
frame. Scores, confidences and seconds are multiples of ``surveil.domain.GRID``, so sums of them
are exact and do not depend on the order in which events arrive.

PostgreSQL partitions ``interval`` and ``observation`` by day. A partitioned table's primary key
must contain the partition key, so there it is ``(run_id, seq, from_at)`` and
``(run_id, seq, track_id, observed_at)``. That alone would let one event be stored under two
instants; what makes it impossible is ``run_range``, the ledger of the sequence numbers stored of
each run, which is read and written under the camera's lock in the transaction that stores the
rows (see :mod:`surveil.store.ledger`).

Those of alerts are in :mod:`surveil.store.alert_tables`; whoever imports this module has them all.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from surveil.domain import EMOTIONS
from surveil.store.alert_tables import alert as alert
from surveil.store.alert_tables import alert_mark as alert_mark
from surveil.store.alert_tables import alert_memory as alert_memory
from surveil.store.alert_tables import alert_transition as alert_transition
from surveil.store.alert_tables import evaluation as evaluation
from surveil.store.alert_tables import outbox as outbox
from surveil.store.alert_tables import silence as silence
from surveil.store.audit_tables import audit_head as audit_head
from surveil.store.audit_tables import audit_log as audit_log
from surveil.store.columns import at, count
from surveil.store.columns import metadata as metadata
from surveil.store.types import CleanString, CleanText, Json, RowId, UtcDateTime


def _gated() -> Column[int]:
    return Column(
        "gated",
        Integer,
        nullable=False,
        server_default="0",  # of rows of before there was a gate
        comment="Of the analysed ones, those that needed no network",
    )


def _number(name: str) -> Column[float]:
    # Double precision on both; a plain FLOAT is one too, but says so only in the manual.
    return Column(name, sa.Double, nullable=False)


def _camera() -> Column[str]:
    # No reference: the run has one, and ingest refuses an event whose camera is not its run's.
    return Column("camera_id", String, nullable=False)


camera = Table(
    "camera",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", Text, comment="Address without credentials, as the configuration gave it"),
    Column("settings", Json, comment="The camera's other settings, without secrets"),
    at("first_seen_at"),
    at("last_seen_at"),
    Column("last_analysed_at", UtcDateTime(), comment="End of the last analysed interval"),
    Column("kept_from_at", UtcDateTime(), comment="Raw rows before it were deleted by retention"),
)

model = Table(
    "model",
    metadata,
    Column("id", String, primary_key=True, comment="name@hash, as events carry it"),
    Column("name", String, nullable=False),
    Column("weights_hash", String, nullable=False, comment="First digits of the weights' SHA-256"),
    at("first_seen_at"),
)

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True, comment="ULID; a camera's runs sort by it"),
    Column("camera_id", String, ForeignKey("camera.id"), nullable=False),
    at("started_at"),
    at("ended_at", nullable=True),
    Column("end_reason", String),
    count("last_seq"),
    Column("token", Integer, nullable=False, server_default="0", comment="Of its lease; 0: none"),
    Index(None, "camera_id", "started_at"),
)

run_range = Table(
    "run_range",
    metadata,
    Column("run_id", String, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("first_seq", Integer, primary_key=True, autoincrement=False),
    count("last_seq"),
    sqlite_with_rowid=False,
)

interval = Table(
    "interval",
    metadata,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _camera(),
    at("from_at"),
    at("to_at"),
    count("captured"),
    count("sampled"),
    count("analysed"),
    _gated(),
    count("dropped"),
    count("dropped_stale"),
    count("dropped_busy"),
    count("dropped_decode"),
    count("faces"),
    Column("model_id", String, ForeignKey("model.id"), nullable=False),
    Column("crowd", Json, comment="Sums of a group where nobody may be told of alone"),
    Index(None, "camera_id", "from_at"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (from_at)",
)

observation = Table(
    "observation",
    metadata,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("track_id", Integer, primary_key=True, autoincrement=False),
    _camera(),
    at("observed_at"),
    count("frames"),
    Column("emotion", String, nullable=False),
    _number("confidence"),
    *(_number(emotion.value) for emotion in EMOTIONS),
    *(_number(edge) for edge in ("x1", "y1", "x2", "y2")),
    _number("score"),
    count("face_px"),
    Index(None, "camera_id", "observed_at"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (observed_at)",
)

camera_event = Table(
    "camera_event",
    metadata,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _camera(),
    at("at"),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attributes", Json, nullable=False),
    Index(None, "camera_id", "at"),
    sqlite_with_rowid=False,
)

track = Table(
    "track",
    metadata,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("track_id", Integer, primary_key=True, autoincrement=False),
    _camera(),
    at("first_seen_at"),
    at("last_seen_at"),
    count("intervals"),
    count("frames"),
    Column("emotion", String, nullable=False, comment="The highest of the mean scores"),
    *(_number(emotion.value) for emotion in EMOTIONS),
    Index(None, "camera_id", "first_seen_at"),
    sqlite_with_rowid=False,
)


def _timeline(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("camera_id", String, ForeignKey("camera.id"), primary_key=True),
        Column("bucket_at", UtcDateTime(), primary_key=True),
        Column("emotion", String, primary_key=True),
        Column("votes", Integer, nullable=False, comment="Observations classified so"),
        _number("score_sum"),  # of this emotion's score over all observations of the bucket
        _number("confidence_sum"),  # over the votes
        sqlite_with_rowid=False,
    )


def _coverage(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("camera_id", String, ForeignKey("camera.id"), primary_key=True),
        Column("bucket_at", UtcDateTime(), primary_key=True),
        *(count(name) for name in ("intervals", "captured", "sampled", "analysed", "dropped")),
        Column("faces", Integer, nullable=False, comment="Observations, of all emotions"),
        _gated(),
        _number("analysed_s"),
        _number("gap_s"),
        Column("reason", String, comment="Of the longest share of gap_s; null without a gap"),
        sqlite_with_rowid=False,
    )


timeline_1m, timeline_1h = _timeline("timeline_1m"), _timeline("timeline_1h")
coverage_1m, coverage_1h = _coverage("coverage_1m"), _coverage("coverage_1h")

gap = Table(
    "gap",
    metadata,
    Column("camera_id", String, ForeignKey("camera.id"), primary_key=True),
    Column("from_at", UtcDateTime(), primary_key=True),
    at("to_at"),
    Column("reason", String, nullable=False),
    Column("frames_lost", Integer, nullable=False, comment="Sampled in it, but not analysed"),
    sqlite_with_rowid=False,
)

consumer_progress = Table(
    "consumer_progress",
    metadata,
    Column("consumer_group", String, primary_key=True),
    Column("run_id", String, primary_key=True),  # no reference: the recorder may be behind
    count("last_seq"),
    at("updated_at"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("consumer_group", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("entry_id", String, nullable=False),
    Column("run_id", CleanString, comment="Null where the entry could not be read; as seq"),
    Column("seq", sa.BigInteger),
    Column("fields", Json, nullable=False),
    Column("reason", CleanText, nullable=False),
    count("times_delivered"),
    at("at"),
    sa.UniqueConstraint("consumer_group", "stream", "entry_id"),
)

lease = Table(
    "lease",
    metadata,
    Column("subject", String, primary_key=True, comment="Camera id, or a role as in alerter:0"),
    Column("token", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False, comment="Host"),
    *map(at, ("started_at", "expires_at")),
    at("released_at", nullable=True),
)

host = Table(
    "host",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False, comment="active, draining or stopping"),
    Column("labels", Json, nullable=False),
    Column("capacity_fps", sa.Double, nullable=False, comment="Sampled frames a second"),
    *map(at, ("started_at", "heartbeat_at")),
)

placement = Table(
    "placement",
    metadata,
    Column("camera_id", String, primary_key=True),
    Column("host_id", String, nullable=False, index=True),
    at("placed_at"),
)

TIMELINES = {60: timeline_1m, 3600: timeline_1h}
COVERAGES = {60: coverage_1m, 3600: coverage_1h}
"""Rollup tables by the length of their buckets in seconds."""
