"""Say who may speak for a camera, which hosts there are, and which cameras each is to take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column(
            "subject",
            sa.String(),
            nullable=False,
            comment="Camera id, or a role as in alerter:0",
        ),
        sa.Column("token", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(), nullable=False, comment="Host"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("subject", "token", name="pk_lease"),
    )
    op.create_table(
        "host",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="active, draining or stopping"),
        sa.Column("labels", Json, nullable=False),
        sa.Column("capacity_fps", sa.Double(), nullable=False, comment="Sampled frames a second"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_host"),
    )
    op.create_table(
        "placement",
        sa.Column("camera_id", sa.String(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", name="pk_placement"),
    )
    op.create_index("ix_placement_host_id", "placement", ["host_id"])
    op.add_column(
        "run",
        sa.Column(
            "token",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Of its lease; 0: none",
        ),
    )


def downgrade() -> None:
    op.drop_column("run", "token")
    op.drop_table("placement")
    op.drop_table("host")
    op.drop_table("lease")
