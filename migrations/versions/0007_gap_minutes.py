"""Show the minutes of a gap from its one row, so that a gap costs the same however long it is.

``coverage_1m`` has a row for a minute in which an interval began, or a gap began or ended. The
views add the minutes that lie wholly in a gap; they keep their columns and what they say.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

GAP_MINUTES = {
    "postgresql": """
SELECT g.camera_id, m.bucket_at, g.reason
FROM gap AS g
CROSS JOIN LATERAL generate_series(
    date_trunc('minute', g.from_at + interval '59.999999 seconds'),
    g.to_at - interval '1 minute',
    interval '1 minute'
) AS m(bucket_at)
""",
    # Instants are text there, and its functions of dates round to milliseconds: whole minutes are
    # found by their letters. Hours are counted and minutes appended, sixty times as fast.
    "sqlite": """
WITH RECURSIVE hour(camera_id, hour_at, from_at, last_at, reason) AS (
    SELECT
        camera_id,
        substr(from_at, 1, 13),
        from_at,
        strftime('%Y-%m-%d %H:%M:00.000000', substr(to_at, 1, 16), '-1 minute'),
        reason
    FROM gap
    UNION ALL
    SELECT
        camera_id,
        strftime('%Y-%m-%d %H', hour_at || ':00', '+1 hour'),
        from_at,
        last_at,
        reason
    FROM hour
    WHERE strftime('%Y-%m-%d %H', hour_at || ':00', '+1 hour') <= substr(last_at, 1, 13)
)
SELECT h.camera_id, h.hour_at || ':' || t.digit || u.digit || ':00.000000' AS bucket_at, h.reason
FROM hour AS h
CROSS JOIN (
    SELECT '0' AS digit UNION ALL SELECT '1' UNION ALL SELECT '2' UNION ALL SELECT '3'
    UNION ALL SELECT '4' UNION ALL SELECT '5'
) AS t
CROSS JOIN (
    SELECT '0' AS digit UNION ALL SELECT '1' UNION ALL SELECT '2' UNION ALL SELECT '3'
    UNION ALL SELECT '4' UNION ALL SELECT '5' UNION ALL SELECT '6' UNION ALL SELECT '7'
    UNION ALL SELECT '8' UNION ALL SELECT '9'
) AS u
WHERE h.hour_at || ':' || t.digit || u.digit || ':00.000000' BETWEEN h.from_at AND h.last_at
""",
}

ROWS = """
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
    dropped AS frames_dropped,
    gated AS frames_gated
FROM coverage_1m
"""

V_COVERAGE = """
CREATE VIEW v_coverage AS
{rows}
UNION ALL
SELECT g.camera_id, g.bucket_at, 0.0, 0.0, 60.0, g.reason, 0, 0, 0, 0, 0, 0
FROM ({gap_minutes}) AS g
WHERE NOT EXISTS (
    SELECT 1 FROM coverage_1m AS c
    WHERE c.camera_id = g.camera_id AND c.bucket_at = g.bucket_at
)
"""

V_TIMELINE = """
CREATE VIEW v_timeline AS
SELECT
    c.camera{id} AS camera,
    c.bucket_at,
    e.emotion,
    COALESCE(t.votes, 0) AS votes,
    CASE WHEN c.faces > 0 THEN COALESCE(t.votes, 0) * 1.0 / c.faces END AS share,
    CASE WHEN c.faces > 0 THEN COALESCE(t.score_sum, 0) / c.faces END AS mean_score,
    CASE WHEN t.votes > 0 THEN t.confidence_sum / t.votes END AS mean_confidence,
    {coverage} AS coverage
FROM {source} AS c
CROSS JOIN (
    SELECT 'angry' AS emotion UNION ALL SELECT 'disgust' UNION ALL SELECT 'fear'
    UNION ALL SELECT 'happy' UNION ALL SELECT 'sad' UNION ALL SELECT 'surprise'
    UNION ALL SELECT 'neutral'
) AS e
LEFT JOIN timeline_1m AS t
    ON t.camera_id = c.camera{id} AND t.bucket_at = c.bucket_at AND t.emotion = e.emotion
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_timeline")
    op.execute("DROP VIEW v_coverage")
    connection = op.get_bind()
    gap_minutes = GAP_MINUTES[connection.dialect.name]
    # Not as SQLAlchemy's text, to which a colon is the beginning of a parameter.
    connection.exec_driver_sql(V_COVERAGE.format(rows=ROWS, gap_minutes=gap_minutes))
    op.execute(V_TIMELINE.format(id="", coverage="c.coverage", source="v_coverage"))


def downgrade() -> None:
    op.execute("DROP VIEW v_timeline")
    op.execute("DROP VIEW v_coverage")
    op.execute(f"CREATE VIEW v_coverage AS {ROWS}")
    share = "CASE WHEN c.analysed_s > 60 THEN 1.0 ELSE c.analysed_s / 60.0 END"
    op.execute(V_TIMELINE.format(id="_id", coverage=share, source="coverage_1m"))
