"""Count the analysed frames that needed no network, and show them in v_coverage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("interval", "coverage_1m", "coverage_1h")

V_COVERAGE = """
CREATE VIEW v_coverage AS
SELECT
    camera_id AS camera,
    bucket_at,
    CASE WHEN analysed_s > 60 THEN 1.0 ELSE analysed_s / 60.0 END AS coverage,
    analysed_s,
    gap_s,
    reason,
    faces,
    captured AS frames_captured,
    sampled AS frames_sampled,
    analysed AS frames_analysed,
    dropped AS frames_dropped{gated}
FROM coverage_1m
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_coverage")
    for table in TABLES:
        op.add_column(
            table,
            sa.Column(
                "gated",
                sa.Integer(),
                nullable=False,
                server_default="0",
                comment="Of the analysed ones, those that needed no network",
            ),
        )
    op.execute(V_COVERAGE.format(gated=",\n    gated AS frames_gated"))


def downgrade() -> None:
    op.execute("DROP VIEW v_coverage")
    for table in TABLES:
        op.drop_column(table, "gated")
    op.execute(V_COVERAGE.format(gated=""))
