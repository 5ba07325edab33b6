"""Let messages of one receiver wait for each other, and go out as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

GROUP = "Group that it waits for, or is the message of; null: told alone"
MESSAGE = "Message of the group in which it went out"
STATE = "pending, delivered or failed; waiting or grouped: of a group's members"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("group_key", sa.String(), comment=GROUP))
    op.add_column("outbox", sa.Column("message_id", sa.String(), comment=MESSAGE))
    op.create_index("ix_outbox_group_key_receiver", "outbox", ["group_key", "receiver"])
    _say_of_state(STATE)


def downgrade() -> None:
    op.execute("UPDATE outbox SET state = 'failed' WHERE state IN ('waiting', 'grouped')")
    op.drop_index("ix_outbox_group_key_receiver", "outbox")
    op.drop_column("outbox", "message_id")
    op.drop_column("outbox", "group_key")
    _say_of_state("pending, delivered or failed")


def _say_of_state(comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("outbox", "state", existing_type=sa.String(), comment=comment)
