"""Server-sent events: what a stream tells, where it goes on, and when it is ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from kit.events import after
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard, fill

import surveil.web.api.events as events
from surveil.domain import CameraState, Reason
from surveil.errors import UnavailableError
from surveil.store.access import Role
from surveil.store.alerts import AlertBatch, AlertStep, commit_alerts
from surveil.store.engine import writing
from surveil.web import lasting
from surveil.web.api.events import EventStream, Feed
from surveil.web.places import Places
from surveil.web.problems import BusyError, UnauthenticatedError
from surveil.web.tally import NoTally
from surveil.web.viewer import Viewer


class Tally(NoTally):
    """Counts without labels."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + amount


def viewer(dashboard: Dashboard, *cameras: str) -> Viewer:
    found = dashboard.guard.find(dashboard.key(Role.VIEWER, cameras or ("*",)))
    assert found is not None
    return found


def feed(dashboard: Dashboard, who: Viewer, last_id: str = "") -> Feed:
    return Feed(dashboard.site, lambda: who, who, last_id, mono_s=lambda: dashboard.mono_s)


def resolve(dashboard: Dashboard, *cameras: str | None) -> None:
    steps = [
        AlertStep("joy", one or "site", one, "firing", "resolved", after(20), after(20), 0.1, {},
                  {}, "", ())
        for one in cameras
    ]  # fmt: skip
    with writing(dashboard.database) as connection:
        commit_alerts(connection, AlertBatch(steps=steps), number=2, now_at=after(60))


def read(texts: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, id and data of each event."""
    found = []
    for text in texts:
        assert text.endswith("\n\n")
        lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
        found.append((lines["event"], lines.get("id", ""), json.loads(lines["data"])))
    return found


def test_states_are_told_at_first_and_when_they_change(dashboard: Dashboard) -> None:
    one = feed(dashboard, viewer(dashboard, MINE))
    assert [data["camera"] for _, _, data in read(one.look())] == [MINE]
    assert one.look() == []
    dashboard.status = daemon(
        camera(MINE, state=CameraState.STALLED, reason=Reason.TIMEOUT),
        camera(OTHER, state=CameraState.STALLED, reason=Reason.TIMEOUT),
    )
    dashboard.site._status = None
    ((kind, _, data),) = read(one.look())
    assert (kind, data["camera"], data["state"]) == ("camera", MINE, "stalled")


def test_steps_of_ones_alerts_are_told_once(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    one, every = feed(dashboard, viewer(dashboard, MINE)), feed(dashboard, viewer(dashboard))
    one.look()
    every.look()
    resolve(dashboard, MINE, OTHER, None)
    told = read(one.look())
    assert [(kind, data["key"], data["to_state"]) for kind, _, data in told] == [
        ("alert", MINE, "resolved")
    ]
    assert OTHER not in repr(told)
    assert len(every.look()) == 3
    assert one.look() == every.look() == []


def test_stream_goes_on_behind_the_last_id(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    who = viewer(dashboard, MINE)
    one = feed(dashboard, who)
    one.look()
    resolve(dashboard, MINE, OTHER)
    ((_, last_id, _),) = read(one.look())
    assert last_id.endswith("-2")
    first_id = last_id[:-1] + "1"
    told = [told for told in read(feed(dashboard, who, first_id).look()) if told[0] == "alert"]
    assert [(id_, data["to_state"]) for _, id_, data in told] == [(last_id, "resolved")]
    assert all(kind != "alert" for kind, _, _ in read(feed(dashboard, who, last_id).look()))


@pytest.mark.parametrize("last_id", ["x", "-", "01JNXB4Q0Z8W3V7K2T5M6R9ACD-1", "a-²", "a-99999999"])
def test_unknown_id_is_told_and_begins_with_the_present(dashboard: Dashboard, last_id: str) -> None:
    fill(dashboard.database)
    kinds = [kind for kind, _, _ in read(feed(dashboard, viewer(dashboard), last_id).look())]
    assert kinds == ["camera", "camera", "reset"]


def test_id_of_an_alert_of_others_is_unknown(dashboard: Dashboard) -> None:
    fill(dashboard.database)
    every = feed(dashboard, viewer(dashboard))
    every.look()
    resolve(dashboard, OTHER)
    ((_, last_id, _),) = read(every.look())
    mine = read(feed(dashboard, viewer(dashboard, MINE), last_id).look())
    assert [kind for kind, _, _ in mine] == ["camera", "reset"]


def test_database_that_is_away_is_told_once(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_dashboard.database)
    one = feed(sqlite_dashboard, viewer(sqlite_dashboard))
    one.look()

    def away(_database: object) -> object:
        raise UnavailableError("SQLite: away")

    with monkeypatch.context() as patch:
        patch.setattr(events, "reading", away)
        assert [kind for kind, _, _ in read(one.look())] == ["away"]
        assert one.look() == []
        resolve(sqlite_dashboard, MINE)
    assert [kind for kind, _, _ in read(one.look())] == ["alert"]


def test_session_that_was_taken_away_ends_its_stream(sqlite_dashboard: Dashboard) -> None:
    who = viewer(sqlite_dashboard)

    def refuse() -> Viewer:
        raise UnauthenticatedError("revoked")

    one = Feed(sqlite_dashboard.site, refuse, who, "", mono_s=lambda: sqlite_dashboard.mono_s)
    one.look()
    sqlite_dashboard.mono_s += 10
    assert [kind for kind, _, _ in read(one.look())] == ["end"]
    assert one.is_over


def test_cameras_that_were_taken_away_are_told_of_no_more(sqlite_dashboard: Dashboard) -> None:
    now = [viewer(sqlite_dashboard)]
    one = Feed(
        sqlite_dashboard.site, lambda: now[0], now[0], "", mono_s=lambda: sqlite_dashboard.mono_s
    )
    one.look()
    now[0] = replace(now[0], scope=viewer(sqlite_dashboard, MINE).scope)
    sqlite_dashboard.mono_s += 10
    sqlite_dashboard.status = daemon(
        camera(MINE, is_degraded=True, analysed_fps=1), camera(OTHER, is_degraded=True)
    )
    sqlite_dashboard.site._status = None
    assert [data["camera"] for _, _, data in read(one.look())] == [MINE]


def serve(stream: EventStream, send: Callable[[Any], Any], receive: Callable[[], Any]) -> None:
    asyncio.run(stream({"type": "http"}, receive, send))


async def never() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    return {}


def test_client_that_reads_nothing_is_cut_off(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "STALLED_S", 0.05)
    tally = Tally()
    places = Places("events", 1, 1, tally)
    places.take("ann")

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    serve(EventStream(feed(sqlite_dashboard, viewer(sqlite_dashboard)), places, "ann"), send, never)
    assert tally.counts == {"web_streams_cut_total": 1}
    places.take("ann")  # its place is free again


def test_client_that_goes_frees_its_place(sqlite_dashboard: Dashboard) -> None:
    places = Places("events", 1, 1, NoTally())
    places.take("ann")
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    serve(EventStream(feed(sqlite_dashboard, viewer(sqlite_dashboard)), places, "ann"), send, gone)
    places.take("ann")
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert sent[1]["body"] == b"retry: 3000\n\n"


def test_places_are_few_and_nobody_takes_all() -> None:
    places = Places("events", 3, 2, NoTally())
    places.take("ann")
    places.take("ann")
    with pytest.raises(BusyError, match="2 of your 2"):
        places.take("ann")
    places.take("bob")
    with pytest.raises(BusyError, match="3 of 3"):
        places.take("eve")
    places.free("ann")
    places.take("eve")


def test_stream_beyond_the_places_gets_503(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    places = client.app.state.event_places  # type: ignore[attr-defined]
    for _ in range(events.MOST_OF_ONE):
        places.take("ann")
    answer = client.get("/api/v1/events")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.headers["content-type"] == "application/problem+json"
