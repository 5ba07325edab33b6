"""Say who may look at the dashboard and its API: users, and keys of sessions, tokens and links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveil.store.types import Json, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_user",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False, comment="Argon2id"),
        sa.Column("role", sa.String(), nullable=False, comment="viewer, operator or admin"),
        sa.Column("cameras", Json, nullable=False, comment="Globs of camera ids"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_web_user"),
    )
    op.create_table(
        "web_key",
        sa.Column("digest", sa.String(), nullable=False, comment="SHA-256 of the key"),
        sa.Column("kind", sa.String(), nullable=False, comment="session, token or link"),
        sa.Column("user_name", sa.String(), nullable=False, comment="Empty for this machine's"),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False, comment="The most that it may"),
        sa.Column("cameras", Json, nullable=False, comment="Globs: of these, the user's"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_web_key"),
    )
    op.create_index("ix_web_key_user_name", "web_key", ["user_name"])
    op.create_index("ix_web_key_expires_at", "web_key", ["expires_at"])


def downgrade() -> None:
    op.drop_table("web_key")
    op.drop_table("web_user")
