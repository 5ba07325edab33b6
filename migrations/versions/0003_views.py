"""Create the views that users query: v_timeline, v_coverage and v_alerts.

Their columns are an interface: later migrations may add columns at the end, no more.

v_timeline: one row for each camera, minute and emotion, also with no votes, wherever anything is
known of the minute. ``share`` is votes over all votes of the minute, ``mean_score`` the mean
calibrated score of the emotion over all votes, ``mean_confidence`` that of the votes for it; all
three are null where nobody was seen, ``coverage`` then says whether anybody could have been.

v_coverage: one row for each camera and minute: the analysed part of the minute, 0 to 1, the same in
seconds, the seconds of gaps, the gaps' main reason, and the frames. A minute before the camera's
first event, or after its last, has no row.

v_alerts: one row for each alert instance; ``severity`` and ``summary`` are taken from labels and
annotations.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

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
    dropped AS frames_dropped
FROM coverage_1m
"""

V_TIMELINE = """
CREATE VIEW v_timeline AS
SELECT
    c.camera_id AS camera,
    c.bucket_at,
    e.emotion,
    COALESCE(t.votes, 0) AS votes,
    CASE WHEN c.faces > 0 THEN COALESCE(t.votes, 0) * 1.0 / c.faces END AS share,
    CASE WHEN c.faces > 0 THEN COALESCE(t.score_sum, 0) / c.faces END AS mean_score,
    CASE WHEN t.votes > 0 THEN t.confidence_sum / t.votes END AS mean_confidence,
    CASE WHEN c.analysed_s > 60 THEN 1.0 ELSE c.analysed_s / 60.0 END AS coverage
FROM coverage_1m AS c
CROSS JOIN (
    SELECT 'angry' AS emotion UNION ALL SELECT 'disgust' UNION ALL SELECT 'fear'
    UNION ALL SELECT 'happy' UNION ALL SELECT 'sad' UNION ALL SELECT 'surprise'
    UNION ALL SELECT 'neutral'
) AS e
LEFT JOIN timeline_1m AS t
    ON t.camera_id = c.camera_id AND t.bucket_at = c.bucket_at AND t.emotion = e.emotion
"""

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
    annotations
FROM alert
"""


def upgrade() -> None:
    for statement in (V_COVERAGE, V_TIMELINE, V_ALERTS):
        op.execute(statement)


def downgrade() -> None:
    for name in ("v_alerts", "v_timeline", "v_coverage"):
        op.execute(f"DROP VIEW {name}")
