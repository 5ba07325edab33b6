"""Every query of the dashboards, on a real PostgreSQL and by Prometheus' own parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import yaml
from kit.tools import DEPLOY, output, tool

from surveil.workers.host.metrics import BY_NAME

FOLDER = DEPLOY / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
FROM, TO = "'2026-11-27T10:00:00Z'::timestamptz", "'2026-11-27T11:00:00Z'::timestamptz"
ROWS = (
    """
INSERT INTO camera (id, source, settings, first_seen_at, last_seen_at)
VALUES ('lobby', 'rtsp://192.0.2.1/1', '{}', AT, AT);
INSERT INTO coverage_1m (camera_id, bucket_at, intervals, captured, sampled, analysed, dropped,
faces, gated, analysed_s, gap_s) VALUES ('lobby', AT, 60, 900, 300, 290, 10, 4, 0, 58, 2);
INSERT INTO timeline_1m (camera_id, bucket_at, emotion, votes, score_sum, confidence_sum)
VALUES ('lobby', AT, 'happy', 3, 2.0, 2.0), ('lobby', AT, 'sad', 1, 0.7, 0.7);
INSERT INTO gap (camera_id, from_at, to_at, reason, frames_lost)
VALUES ('lobby', AT, AT + interval '2 s', 'stream-broken', 0);
INSERT INTO alert (id, rule, key, state, labels, annotations, since_at, fired_at, updated_at)
VALUES ('1', 'crowd', 'lobby', 'firing', '{"severity": "high"}', '{}', AT, AT, AT);
""".replace("AT,", "@,")
    .replace("AT)", "@)")
    .replace("AT +", "@ +")
    .replace("@", "'2026-11-27T10:30:00Z'::timestamptz")
)


def targets(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                if target["datasource"]["type"] == kind:
                    yield f"{file.stem}: {panel['title']}", target


SQL = [(name, one["rawSql"], one["format"]) for name, one in targets("postgres")]
PROMQL = [one["expr"].replace("$instance", ".*") for _, one in targets("prometheus")]


def as_grafana_sends(query: str) -> str:
    """Return a query with Grafana's macros and variables filled in."""
    query = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {FROM} AND {TO}", query)
    query = query.replace("$__timeFrom()", FROM).replace("$__timeTo()", TO)
    query = query.replace("${camera:sqlstring}", "'lobby','door'")
    assert "$" not in query, query
    return query


@pytest.fixture
def filled(postgres_database: sa.Engine) -> sa.Engine:
    with postgres_database.begin() as connection:
        for row in ROWS.strip().split(";\n"):
            connection.exec_driver_sql(row)
    return postgres_database


def test_each_query_of_sql_finds_what_is_there(filled: sa.Engine) -> None:
    assert len(SQL) == 8
    with filled.connect() as connection:
        for name, query, form in SQL:
            found = connection.exec_driver_sql(as_grafana_sends(query))
            columns, rows = list(found.keys()), found.fetchall()
            if form == "time_series":
                assert columns == ["time", "metric", "value"], name
            assert len(rows) == {"Messages owed": 0}.get(
                name.partition(": ")[2], 7 if "Emotions" in name else 1
            ), name


def test_the_shares_of_a_minute_add_up(filled: sa.Engine) -> None:
    query = next(one for name, one, _ in SQL if "Emotions" in name)
    with filled.connect() as connection:
        rows = connection.exec_driver_sql(as_grafana_sends(query)).fetchall()
    assert {emotion: share for _, emotion, share in rows if share} == {"happy": 0.75, "sad": 0.25}


def test_the_reader_may_read_and_nothing_else(empty_postgres_url: str, tmp_path: Path) -> None:
    from surveil.store import connect, migrate

    url = empty_postgres_url.replace("+psycopg", "")
    (tmp_path / "password").write_text("reader's own", encoding="utf-8")
    text = (DEPLOY / "compose" / "reader.sh").read_text(encoding="utf-8")
    statements = text.partition("<<'END'\n")[2].partition("END\n")[0]
    statements = statements.replace(":'password'", "'reader''s own'")
    statements = statements.replace("surveil_reader", "reader_of_a_test")
    with psycopg.connect(url, autocommit=True) as owner:
        try:
            owner.execute(statements)
            database = connect(empty_postgres_url)
            migrate.upgrade(database)
            database.dispose()
            with psycopg.connect(url, autocommit=True) as reader:
                reader.execute("SET ROLE reader_of_a_test")
                for _, query, _ in SQL:
                    reader.execute(as_grafana_sends(query))
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute("DELETE FROM camera")
        finally:
            owner.execute("DROP OWNED BY reader_of_a_test; DROP ROLE reader_of_a_test")


def test_prometheus_parses_each_expression(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(PROMQL)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    assert f"{len(PROMQL)} rules found" in output([tool("promtool"), "check", "rules", file])


def test_panels_are_about_metrics_that_exist() -> None:
    named = {name for expr in PROMQL for name in re.findall(r"surveil_([a-z_]+)", expr)}
    assert len(named) > 10
    known = set(BY_NAME)
    for name, metric in BY_NAME.items():
        if metric.kind == "histogram":
            known |= {f"{name}_{end}" for end in ("bucket", "sum", "count")}
    assert named <= known


def test_panels_ask_sources_that_are_provisioned() -> None:
    sources = yaml.safe_load(
        (FOLDER / "provisioning" / "datasources" / "surveil.yaml").read_text(encoding="utf-8")
    )
    uids = {(source["type"], source["uid"]) for source in sources["datasources"]}
    for file in DASHBOARDS:
        board = json.loads(file.read_text(encoding="utf-8"))
        places = [panel["gridPos"] for panel in board["panels"]]
        assert len({(place["x"], place["y"]) for place in places}) == len(places)
        asked = [*board["panels"], *board["templating"]["list"]]
        assert {(one["datasource"]["type"], one["datasource"]["uid"]) for one in asked} <= uids
