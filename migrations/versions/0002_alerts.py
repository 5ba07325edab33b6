"""Create the tables of alerts, deliveries, unreadable events and the audit log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json, RowId, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def json(name: str) -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=False)


def upgrade() -> None:
    op.create_table(
        "alert",
        *(text(name) for name in ("id", "rule", "key", "state")),
        json("labels"),
        json("annotations"),
        sa.Column("value", sa.Double()),
        instant("since_at"),
        instant("fired_at", nullable=True),
        instant("resolved_at", nullable=True),
        instant("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_fired_at", "alert", ["fired_at"])
    op.create_index(
        "uq_alert_live",
        "alert",
        ["rule", "key"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "alert_transition",
        sa.Column("id", RowId, nullable=False),
        *(text(name) for name in ("alert_id", "rule", "key", "from_state", "to_state")),
        instant("at"),
        sa.Column("value", sa.Double()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_transition"),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name="fk_alert_transition_alert_id_alert"
        ),
    )
    op.create_index("ix_alert_transition_alert_id", "alert_transition", ["alert_id"])
    op.create_index("ix_alert_transition_at", "alert_transition", ["at"])
    op.create_table(
        "alert_memory",
        *(text(name) for name in ("rule", "key")),
        sa.Column(
            "data",
            Json,
            nullable=False,
            comment="What the alerter needs to go on after a restart",
        ),
        instant("updated_at"),
        sa.PrimaryKeyConstraint("rule", "key", name="pk_alert_memory"),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.String(), nullable=False, comment="Message id, the same at every attempt"
        ),
        sa.Column("alert_transition_id", RowId, nullable=False),
        text("receiver"),
        json("payload"),
        instant("created_at"),
        instant("next_attempt_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        instant("delivered_at", nullable=True),
        sa.Column("last_error", sa.Text()),
        sa.Column("state", sa.String(), nullable=False, comment="pending, delivered or failed"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["alert_transition_id"],
            ["alert_transition.id"],
            name="fk_outbox_alert_transition_id_alert_transition",
        ),
    )
    op.create_index("ix_outbox_alert_transition_id", "outbox", ["alert_transition_id"])
    op.create_index("ix_outbox_state_next_attempt_at", "outbox", ["state", "next_attempt_at"])
    op.create_table(
        "silence",
        text("id"),
        json("matchers"),
        *(instant(name) for name in ("starts_at", "ends_at", "created_at")),
        text("created_by"),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_table(
        "consumer_progress",
        *(text(name) for name in ("consumer_group", "run_id")),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        instant("updated_at"),
        sa.PrimaryKeyConstraint("consumer_group", "run_id", name="pk_consumer_progress"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", RowId, nullable=False),
        *(text(name) for name in ("consumer_group", "stream", "entry_id")),
        sa.Column("run_id", sa.String(), comment="Null where the entry could not be read; as seq"),
        sa.Column("seq", sa.BigInteger()),
        json("fields"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times_delivered", sa.Integer(), nullable=False),
        instant("at"),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
        sa.UniqueConstraint(
            "consumer_group",
            "stream",
            "entry_id",
            name="uq_dead_letter_consumer_group_stream_entry_id",
        ),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", RowId, nullable=False),
        instant("at"),
        *(text(name) for name in ("actor", "action", "subject")),
        json("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])


def downgrade() -> None:
    for name in ("audit_log", "dead_letter", "consumer_progress", "silence"):
        op.drop_table(name)
    for name in ("outbox", "alert_memory", "alert_transition", "alert"):
        op.drop_table(name)
