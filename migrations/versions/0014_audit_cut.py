"""Keep how many of the audit log's oldest rows were removed, and the hash of the last of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "audit_head",
        sa.Column(
            "cut", sa.Integer(), nullable=False, server_default="0", comment="Oldest rows, removed"
        ),
    )
    op.add_column(
        "audit_head",
        sa.Column(
            "cut_hash",
            sa.String(),
            nullable=False,
            server_default="",
            comment="Of the last of those",
        ),
    )


def downgrade() -> None:
    op.drop_column("audit_head", "cut_hash")
    op.drop_column("audit_head", "cut")
