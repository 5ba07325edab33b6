"""The tables of alerts: their states and history, what is owed to receivers, what people say."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from surveil.store.columns import at, count, metadata
from surveil.store.types import CleanString, CleanText, Json, RowId, UtcDateTime


def _subject() -> Column[str | None]:
    # No reference: the alerter may be ahead of the recorder.
    return Column("camera_id", String, comment="Null where it is about several cameras")


alert = Table(
    "alert",
    metadata,
    Column("id", String, primary_key=True),
    Column("rule", CleanString, nullable=False),
    Column("key", CleanString, nullable=False),
    Column("state", String, nullable=False),
    Column("labels", Json, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("value", sa.Double),
    at("since_at"),
    at("fired_at", nullable=True),
    at("resolved_at", nullable=True),
    at("updated_at"),
    _subject(),
    at("acknowledged_at", nullable=True),
    Column("acknowledged_by", CleanString, comment="Who said first that they know of it"),
    Column("verdict", String, comment="Of the last mark: right, wrong or unclear"),
    # One live instance for a rule and key; resolved ones stay as history.
    Index(
        "uq_alert_live",
        "rule",
        "key",
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    ),
    Index(None, "fired_at"),
)

alert_transition = Table(
    "alert_transition",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("alert_id", String, ForeignKey("alert.id"), nullable=False, index=True),
    Column("rule", CleanString, nullable=False),
    Column("key", CleanString, nullable=False),
    Column("from_state", String, nullable=False),
    Column("to_state", String, nullable=False),
    Column("at", UtcDateTime(), nullable=False, index=True),
    Column("value", sa.Double),
    Column("reason", CleanText, nullable=False),
    _subject(),
)

alert_mark = Table(
    "alert_mark",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("alert_id", String, ForeignKey("alert.id"), nullable=False, index=True),
    _subject(),
    Column("kind", String, nullable=False, comment="acknowledged, right, wrong or unclear"),
    Column("author", CleanString, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("note", CleanText, nullable=False),
)

evaluation = Table(
    "evaluation",
    metadata,
    Column("consumer_group", String, primary_key=True),
    Column("evaluated_at", UtcDateTime(), nullable=False, comment="By the wall clock"),
    Column("evaluated_by", String, nullable=False, comment="Host and data_dir"),
)

alert_memory = Table(
    "alert_memory",
    metadata,
    Column("rule", CleanString, primary_key=True),
    Column("key", CleanString, primary_key=True),
    Column("data", Json, nullable=False, comment="What the alerter needs to go on after a restart"),
    at("updated_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String, primary_key=True, comment="Message id, the same at every attempt"),
    Column(
        "alert_transition_id", RowId, ForeignKey("alert_transition.id"), nullable=False, index=True
    ),
    Column("receiver", String, nullable=False),
    Column("payload", Json, nullable=False),
    at("created_at"),
    at("next_attempt_at"),
    count("attempts"),
    at("delivered_at", nullable=True),
    Column("last_error", CleanText),
    Column(
        "state",
        String,
        nullable=False,
        comment="pending, delivered or failed; waiting or grouped: of a group's members",
    ),
    Column(
        "group_key",
        String,
        comment="Group that it waits for, or is the message of; null: told alone",
    ),
    Column("message_id", String, comment="Message of the group in which it went out"),
    Index(None, "state", "next_attempt_at"),
    Index(None, "group_key", "receiver"),
)

silence = Table(
    "silence",
    metadata,
    Column("id", String, primary_key=True),
    Column("matchers", Json, nullable=False),
    at("starts_at"),
    at("ends_at"),
    at("created_at"),
    Column("created_by", String, nullable=False),
    Column("comment", Text, nullable=False),
)
