"""Note when the alert rules were evaluated last, and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveil.store.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("consumer_group", sa.String(), nullable=False),
        sa.Column("evaluated_at", UtcDateTime(), nullable=False, comment="By the wall clock"),
        sa.Column("evaluated_by", sa.String(), nullable=False, comment="Host and data_dir"),
        sa.PrimaryKeyConstraint("consumer_group", name="pk_evaluation"),
    )


def downgrade() -> None:
    op.drop_table("evaluation")
