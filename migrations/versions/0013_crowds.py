"""Keep what a group showed where nobody may be told of alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "interval",
        sa.Column("crowd", Json, comment="Sums of a group where nobody may be told of alone"),
    )


def downgrade() -> None:
    op.drop_column("interval", "crowd")
