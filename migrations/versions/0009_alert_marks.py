"""Keep who acknowledged an alert, and whether people say that it was right.

``alert_mark`` is the history; ``alert`` has the first acknowledgement and the last verdict, and
``v_alerts`` shows them as its last columns.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveil.store.types import RowId, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("acknowledged_at", "acknowledged_by", "verdict")
V_ALERTS = """
CREATE VIEW v_alerts AS
SELECT
    id,
    rule,
    key,
    state,
    labels ->> 'severity' AS severity,
    annotations ->> 'summary' AS summary,
    value,
    since_at,
    fired_at,
    resolved_at,
    updated_at,
    labels,
    annotations,
    camera_id{marks}
FROM alert
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_alerts")
    op.add_column("alert", sa.Column("acknowledged_at", UtcDateTime(), nullable=True))
    op.add_column(
        "alert",
        sa.Column("acknowledged_by", sa.String(), comment="Who said first that they know of it"),
    )
    op.add_column(
        "alert",
        sa.Column("verdict", sa.String(), comment="Of the last mark: right, wrong or unclear"),
    )
    op.execute(V_ALERTS.format(marks="".join(f",\n    {name}" for name in COLUMNS)))
    op.create_table(
        "alert_mark",
        sa.Column("id", RowId, nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("camera_id", sa.String(), comment="Null where it is about several cameras"),
        sa.Column(
            "kind", sa.String(), nullable=False, comment="acknowledged, right, wrong or unclear"
        ),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_mark"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_mark_alert_id_alert"),
    )
    op.create_index("ix_alert_mark_alert_id", "alert_mark", ["alert_id"])


def downgrade() -> None:
    op.drop_table("alert_mark")
    op.execute("DROP VIEW v_alerts")
    for name in COLUMNS:
        op.drop_column("alert", name)
    op.execute(V_ALERTS.format(marks=""))
