"""Say which camera an alert is about, where it is about one.

``camera_id`` is null for an alert of a whole site, and for what was stored before this migration:
nobody knows any more whether a key was a camera's id or a name like it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("alert", "alert_transition")
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
    annotations{camera}
FROM alert
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_alerts")
    for table in TABLES:
        op.add_column(
            table,
            sa.Column("camera_id", sa.String(), comment="Null where it is about several cameras"),
        )
    op.execute(V_ALERTS.format(camera=",\n    camera_id"))


def downgrade() -> None:
    op.execute("DROP VIEW v_alerts")
    for table in TABLES:
        op.drop_column(table, "camera_id")
    op.execute(V_ALERTS.format(camera=""))
