"""The client on the real application: what it reads is what the API answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import httpx
import pytest
from kit.web import ADDRESS, MINE, OTHER, Dashboard, fill

from surveil import ApiError, Client
from surveil.errors import ConfigError, UnavailableError
from surveil.python import client as module
from surveil.store.access import KeyKind, Role

FROM_AT, TO_AT = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)


def browser(board: Dashboard) -> httpx.Client:
    """Return what asks the application without a network; it is a client in all but its type."""
    return cast("httpx.Client", board.client())


def client_of(board: Dashboard, *cameras: str) -> Client:
    token = board.key(Role.VIEWER, cameras or ("*",), kind=KeyKind.TOKEN)
    return Client(ADDRESS, token, http=browser(board))


def test_it_reads_all_that_the_dashboard_tells(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    with client_of(sqlite_dashboard) as client:
        assert [one.camera for one in client.cameras()] == [MINE, OTHER]
        assert [one.camera for one in client.fleet().cameras] == [MINE, OTHER]
        timelines = client.timelines(FROM_AT, TO_AT, cameras=[MINE], bucket="1h")
        assert [one.camera for one in timelines] == [MINE]
        assert sum(sum(bucket.votes.values()) for bucket in timelines[0].buckets) > 0
        assert all(gap.from_at.tzinfo for gap in client.gaps(FROM_AT, TO_AT))
        assert {one.camera for one in client.alerts("all")} == {MINE, OTHER, None}


def test_pages_are_read_one_after_another(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_dashboard.database)
    with client_of(sqlite_dashboard) as client:
        whole = list(client.alerts("all"))
        monkeypatch.setattr(module, "PAGE", 1)
        assert list(client.alerts("all")) == whole
        assert len(whole) == 3


def test_whoever_may_see_one_camera_is_told_of_no_other(sqlite_dashboard: Dashboard) -> None:
    fill(sqlite_dashboard.database)
    with client_of(sqlite_dashboard, MINE) as client:
        assert [one.camera for one in client.cameras()] == [MINE]
        assert {one.camera for one in client.alerts("all")} == {MINE}
        with pytest.raises(ApiError) as caught:
            client.timelines(FROM_AT, TO_AT, cameras=[OTHER])
        assert caught.value.status == 404


def test_refusals_say_why(sqlite_dashboard: Dashboard) -> None:
    with Client(ADDRESS, http=browser(sqlite_dashboard)) as nobody:
        with pytest.raises(ApiError) as caught:
            nobody.cameras()
        assert caught.value.status == 401
    with client_of(sqlite_dashboard) as client:
        with pytest.raises(ApiError) as caught:
            client.timelines(FROM_AT, TO_AT, bucket="soon")
        assert caught.value.status == 422
        with pytest.raises(ConfigError, match="zone"):
            client.timelines(datetime(2026, 3, 1), TO_AT)  # noqa: DTZ001


def test_who_is_away_or_somebody_else_is_unavailable(sqlite_dashboard: Dashboard) -> None:
    sqlite_dashboard.status = UnavailableError("connection refused")
    with client_of(sqlite_dashboard) as client, pytest.raises(UnavailableError):
        client.fleet()
    with Client("http://127.0.0.1:9") as client, pytest.raises(UnavailableError, match="answers"):
        client.fleet()
    for body in (b"<html>", b"[]", b'{"items": 3}'):
        other = httpx.MockTransport(lambda _, body=body: httpx.Response(200, content=body))
        with (
            Client("http://example.org", http=httpx.Client(transport=other)) as client,
            pytest.raises(UnavailableError, match="no dashboard"),
        ):
            list(client.alerts())
    with pytest.raises(ConfigError, match="http"):
        Client("localhost:8808")
