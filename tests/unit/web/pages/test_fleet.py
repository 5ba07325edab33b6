"""The overview says how each camera stands, as the daemon does, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from kit.events import CameraLife, after, make_vote
from kit.statuses import camera, daemon
from kit.web import MINE, OTHER, Dashboard, fill

from surveil.domain import CameraState, Emotion, Event, Reason
from surveil.errors import UnavailableError
from surveil.policy import Mode, Policy, apply
from surveil.store.access import Role
from surveil.store.engine import writing
from surveil.store.ingest import write_batch

HOSTILE = "<script>alert(1)</script>\u202e\x9b"


def test_tiles_say_what_the_daemon_says(sqlite_dashboard: Dashboard) -> None:
    off = camera(OTHER, state=CameraState.OFFLINE, reason=Reason.AUTH_FAILED, faces=None)
    sqlite_dashboard.status = daemon(camera(MINE, faces=1), off)
    page = sqlite_dashboard.client(sqlite_dashboard.key()).get("/").text
    assert "1 face ·" in page
    assert "auth-failed" in page
    assert "camera vault is offline: auth-failed" in page
    assert "1 of 2" in page
    assert "faces unknown" in page  # not 0


def test_strips_come_with_the_page_and_by_themselves(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    sqlite_dashboard.now = after(100)
    client = sqlite_dashboard.client(sqlite_dashboard.key(cameras=(MINE,)))
    whole, tiles, strips = (
        client.get(path).text for path in ("/", "/fleet/tiles", "/fleet/strips")
    )
    place = f'id="strip-{MINE}" class="strip-place" hx-preserve>'
    assert place + "<svg" in whole.replace("\n", "")
    assert place + "</div>" in tiles
    assert "<path" not in tiles
    assert f'hx-swap-oob="innerHTML:#strip-{MINE}"' in strips
    assert OTHER not in strips
    (strip,) = set(re.findall("<svg class=.strip.*?</svg>", strips, re.DOTALL))
    assert strip in whole
    assert "analysed: happy" in strip


def test_a_camera_without_past_has_a_strip_that_says_so(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    # An empty place would be asked for again and again.
    assert client.get("/fleet/strips").text.count("nothing is known of the last minutes") == 2


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", {MINE, OTHER}), ("?name=lob", {MINE}), ("?state=trouble", {OTHER}),
     ("?state=live", {MINE}), ("?label=x", set())],
)  # fmt: skip
def test_tiles_are_those_asked_for(
    sqlite_dashboard: Dashboard, query: str, shown: set[str]
) -> None:
    off = camera(OTHER, state=CameraState.OFFLINE, reason=Reason.TIMEOUT)
    sqlite_dashboard.status = daemon(camera(MINE), off)
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    page = client.get(f"/fleet/tiles{query}").text
    assert {name for name in (MINE, OTHER) if f'href="/cameras/{name}"' in page} == shown
    strips = client.get(f"/fleet/strips{query}").text
    assert {name for name in (MINE, OTHER) if f"#strip-{name}" in strips} == shown


def test_text_of_others_is_shown_and_not_obeyed(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = daemon(
        camera(MINE, state=CameraState.OFFLINE, reason=Reason.TIMEOUT, detail=HOSTILE)
    )
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    for page in (client.get("/").text, client.get("/", params={"name": HOSTILE}).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_daemon_that_is_away_leaves_what_was_last_known(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = UnavailableError("http 127.0.0.1:9464: connection refused")
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    page = client.get("/").text
    assert client.get("/fleet/strips").text.strip() == ""
    assert "No daemon answers: http 127.0.0.1:9464: connection refused" in page


def test_tiles_count_the_expressions_of_now(sqlite_dashboard: Dashboard) -> None:
    board = sqlite_dashboard
    seen = CameraLife(MINE).sees(0, 1, make_vote(1), make_vote(2), make_vote(3, Emotion.SAD))
    with writing(board.database) as connection:
        write_batch(connection, seen)
    board.now = after(3)
    client = board.client(board.key())
    page = client.get("/fleet/tiles").text
    assert page.index("</svg>2 happy<") < page.index("</svg>1 sad<")
    assert "expressions unknown" in page  # of the other, of which nothing is stored
    board.now = after(60)
    page = client.get("/fleet/tiles").text
    assert "happy<" not in page  # what was is not now
    assert page.count("expressions unknown") == 2
    with writing(board.database) as connection:
        write_batch(connection, seen.sees(58, 59))
    assert "nobody seen" in client.get("/fleet/tiles").text


def test_of_groups_alone_nobody_looks_like_fewer_than_a_group(
    sqlite_dashboard: Dashboard,
) -> None:
    board = sqlite_dashboard
    configured = board.site.fleet.cameras[MINE]
    privacy = configured.privacy.model_copy(update={"mode": Mode.AGGREGATE, "min_group": 3})
    board.site.fleet.cameras[MINE] = configured.model_copy(update={"privacy": privacy})
    board.status = daemon(camera(MINE, faces=None))
    people = [make_vote(track) for track in range(3)]
    life = CameraLife(MINE).sees(0, 1, *people)  # before the mode was changed
    policy = Policy(keeps_tracks=False, min_group=3)

    def pages(second: float) -> str:
        board.now = after(second)
        client = board.client(board.key())
        return client.get("/fleet/tiles").text + client.get(f"/cameras/{MINE}/present").text

    def store(*events: Event) -> None:
        with writing(board.database) as connection:
            write_batch(connection, [apply(event, policy) for event in events])

    with writing(board.database) as connection:
        write_batch(connection, life)
    page = pages(2)
    assert page.count("expressions unknown") == 2
    assert "happy<" not in page
    assert "faces not told" in page
    store(*life.sees(1, 2, *people).events[1:])
    assert pages(3).count("</svg>3 happy<") == 2
    store(*life.sees(2, 3, *people[:2]).events[2:])
    page = pages(4)
    assert page.count("fewer than 3 people together, or nobody") == 2
    assert "happy<" not in page


@pytest.mark.parametrize(("busy", "words"), [(0.62, "62%</dd>"), (None, "<dd>unknown</dd>")])
def test_how_full_the_host_is_is_told_to_who_sees_all_of_it(
    sqlite_dashboard: Dashboard, busy: float | None, words: str
) -> None:
    board = sqlite_dashboard
    board.status = replace(
        daemon(camera(MINE), camera(OTHER, is_degraded=True)), carries=1, busy=busy
    )
    page = board.client(board.key()).get("/").text
    assert "This host is busy" in page
    assert words in page
    assert "1 of 2 cameras" in page
    mine = board.client(board.key(Role.VIEWER, (MINE,), name="bob")).get("/").text
    assert "This host" not in mine
