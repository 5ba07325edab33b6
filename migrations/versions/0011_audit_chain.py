"""Make the audit log a chain of hashes, so that a row that was changed or taken out shows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json, RowId, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LOG = sa.table(
    "audit_log",
    sa.column("id", RowId),
    sa.column("at", UtcDateTime()),
    sa.column("actor", sa.String),
    sa.column("action", sa.String),
    sa.column("subject", sa.String),
    sa.column("detail", Json),
    sa.column("hash", sa.String),
)


def upgrade() -> None:
    op.add_column(
        "audit_log",
        sa.Column(
            "hash",
            sa.String(),
            nullable=False,
            server_default="",
            comment="SHA-256, with the last",
        ),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False, comment="Of the last row of audit_log"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    connection = op.get_bind()
    count, last = 0, ""
    # Numbers may have been left out by transactions that were rolled back.
    for row in connection.execute(sa.select(_LOG).order_by(_LOG.c.id)).all():
        count += 1
        at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
        content = [1, last, count, at, row.actor, row.action, row.subject, row.detail]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        last = hashlib.sha256(text.encode()).hexdigest()
        connection.execute(sa.update(_LOG).where(_LOG.c.id == row.id).values(id=count, hash=last))
    connection.execute(sa.insert(head).values(id=1, rows=count, hash=last))


def downgrade() -> None:
    op.drop_table("audit_head")
    op.drop_column("audit_log", "hash")
