"""Create the tables of cameras, events, timelines and gaps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
PARTITIONED = {"interval": "from_at", "observation": "observed_at"}


def text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), **{"nullable": False} | options)


def instant(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), **{"nullable": False} | options)


def count(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), **{"nullable": False} | options)


def number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Double(), nullable=False)


def create(name: str, *columns: Any, key: tuple[str, ...], references: dict[str, str]) -> None:
    """Create a table with its primary key and its references to other tables' ``id``."""
    options: dict[str, Any] = {"sqlite_with_rowid": name in ("camera", "model", "run")}
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres and name in PARTITIONED:
        # A partitioned table's key must hold the partition key.
        options["postgresql_partition_by"] = f"RANGE ({PARTITIONED[name]})"
        key = (*key, PARTITIONED[name])
    op.create_table(
        name,
        *columns,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{other}.id"],
                name=f"fk_{name}_{column}_{other}",
                ondelete="CASCADE" if name == "run_range" else None,
            )
            for column, other in references.items()
        ),
        **options,
    )
    if on_postgres and name in PARTITIONED:
        op.execute(f'CREATE TABLE {name}_default PARTITION OF "{name}" DEFAULT')


def upgrade() -> None:
    create(
        "camera",
        text("id"),
        sa.Column(
            "source",
            sa.Text(),
            comment="Address without credentials, as the configuration gave it",
        ),
        sa.Column("settings", Json, comment="The camera's other settings, without secrets"),
        instant("first_seen_at"),
        instant("last_seen_at"),
        instant("last_analysed_at", nullable=True, comment="End of the last analysed interval"),
        instant(
            "kept_from_at",
            nullable=True,
            comment="Raw rows before it were deleted by retention",
        ),
        key=("id",),
        references={},
    )
    create(
        "model",
        text("id", comment="name@hash, as events carry it"),
        text("name"),
        text("weights_hash", comment="First digits of the weights' SHA-256"),
        instant("first_seen_at"),
        key=("id",),
        references={},
    )
    create(
        "run",
        text("id", comment="ULID; a camera's runs sort by it"),
        text("camera_id"),
        instant("started_at"),
        instant("ended_at", nullable=True),
        text("end_reason", nullable=True),
        count("last_seq"),
        key=("id",),
        references={"camera_id": "camera"},
    )
    op.create_index("ix_run_camera_id_started_at", "run", ["camera_id", "started_at"])
    create(
        "run_range",
        text("run_id"),
        count("first_seq"),
        count("last_seq"),
        key=("run_id", "first_seq"),
        references={"run_id": "run"},
    )
    create(
        "interval",
        text("run_id"),
        count("seq"),
        text("camera_id"),
        instant("from_at"),
        instant("to_at"),
        *(count(name) for name in ("captured", "sampled", "analysed", "dropped")),
        *(count(f"dropped_{cause}") for cause in ("stale", "busy", "decode")),
        count("faces"),
        text("model_id"),
        key=("run_id", "seq"),
        references={"run_id": "run", "model_id": "model"},
    )
    op.create_index("ix_interval_camera_id_from_at", "interval", ["camera_id", "from_at"])
    create(
        "observation",
        text("run_id"),
        count("seq"),
        count("track_id"),
        text("camera_id"),
        instant("observed_at"),
        count("frames"),
        text("emotion"),
        number("confidence"),
        *(number(emotion) for emotion in EMOTIONS),
        *(number(edge) for edge in ("x1", "y1", "x2", "y2")),
        number("score"),
        count("face_px"),
        key=("run_id", "seq", "track_id"),
        references={"run_id": "run"},
    )
    op.create_index(
        "ix_observation_camera_id_observed_at", "observation", ["camera_id", "observed_at"]
    )
    create(
        "camera_event",
        text("run_id"),
        count("seq"),
        text("camera_id"),
        instant("at"),
        text("state"),
        text("reason"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attributes", Json, nullable=False),
        key=("run_id", "seq"),
        references={"run_id": "run"},
    )
    op.create_index("ix_camera_event_camera_id_at", "camera_event", ["camera_id", "at"])
    create(
        "track",
        text("run_id"),
        count("track_id"),
        text("camera_id"),
        instant("first_seen_at"),
        instant("last_seen_at"),
        count("intervals"),
        count("frames"),
        text("emotion", comment="The highest of the mean scores"),
        *(number(emotion) for emotion in EMOTIONS),
        key=("run_id", "track_id"),
        references={"run_id": "run"},
    )
    op.create_index("ix_track_camera_id_first_seen_at", "track", ["camera_id", "first_seen_at"])
    for size in ("1m", "1h"):
        create(
            f"timeline_{size}",
            text("camera_id"),
            instant("bucket_at"),
            text("emotion"),
            count("votes", comment="Observations classified so"),
            number("score_sum"),
            number("confidence_sum"),
            key=("camera_id", "bucket_at", "emotion"),
            references={"camera_id": "camera"},
        )
        create(
            f"coverage_{size}",
            text("camera_id"),
            instant("bucket_at"),
            *(count(name) for name in ("intervals", "captured", "sampled", "analysed", "dropped")),
            count("faces", comment="Observations, of all emotions"),
            number("analysed_s"),
            number("gap_s"),
            text(
                "reason",
                nullable=True,
                comment="Of the longest share of gap_s; null without a gap",
            ),
            key=("camera_id", "bucket_at"),
            references={"camera_id": "camera"},
        )
    create(
        "gap",
        text("camera_id"),
        instant("from_at"),
        instant("to_at"),
        text("reason"),
        count("frames_lost", comment="Sampled in it, but not analysed"),
        key=("camera_id", "from_at"),
        references={"camera_id": "camera"},
    )


def downgrade() -> None:
    for name in ("gap", "coverage_1h", "timeline_1h", "coverage_1m", "timeline_1m", "track"):
        op.drop_table(name)
    for name in ("camera_event", "observation", "interval", "run_range", "run", "model", "camera"):
        op.drop_table(name)
