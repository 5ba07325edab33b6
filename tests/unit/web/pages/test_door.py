"""The way in and out."""

from __future__ import annotations

import pytest
from kit.web import ADDRESS, Dashboard

from surveil.store.access import Role, UserRow, put_user
from surveil.store.engine import writing
from surveil.web.guard import hash_password


def test_log_in_and_out(sqlite_dashboard: Dashboard) -> None:
    with writing(sqlite_dashboard.database) as connection:
        hashed = hash_password("correct horse")
        put_user(connection, UserRow("bob", hashed, Role.VIEWER, ("*",), sqlite_dashboard.now))
    client = sqlite_dashboard.client()
    form = {"name": "bob", "password": "wrong", "then": "/"}
    wrong = client.post("/login", data=form)
    assert wrong.status_code == 401
    assert "no such user with that password" in wrong.text
    page = client.post("/login", data=form | {"password": "correct horse"})
    assert page.status_code == 200
    assert "bob, viewer" in page.text
    assert client.post("/logout").url.path == "/login"
    assert client.get("/", follow_redirects=False).status_code == 303


def test_sixth_try_is_told_to_wait(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client()
    form = {"name": "bob", "password": "wrong"}
    answers = [client.post("/login", data=form) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_link_is_not_used_up_by_looking_at_it(sqlite_dashboard: Dashboard) -> None:
    link = sqlite_dashboard.guard.make_link()
    client = sqlite_dashboard.client()
    assert client.get(f"/open/{link}").status_code == 200
    assert client.post(f"/open/{link}").url.path == "/"
    used = client.post(f"/open/{link}")
    assert (used.status_code, "used already" in used.text) == (401, True)


def test_link_leads_to_the_page_that_it_names(sqlite_dashboard: Dashboard) -> None:
    client = sqlite_dashboard.client()
    link = sqlite_dashboard.guard.make_link()
    assert 'value="/cameras/lobby"' in client.get(f"/open/{link}?then=/cameras/lobby").text
    assert (
        client.post(f"/open/{link}", data={"then": "/cameras/lobby"}).url.path == "/cameras/lobby"
    )
    other = sqlite_dashboard.guard.make_link()
    assert 'value="/"' in client.get(f"/open/{other}?then=//evil.example").text
    answer = client.post(f"/open/{other}", data={"then": "//evil.example"}, follow_redirects=False)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/\n/x"]
)
def test_log_in_leads_to_no_other_server(sqlite_dashboard: Dashboard, then: str) -> None:
    with writing(sqlite_dashboard.database) as connection:
        hashed = hash_password("correct horse")
        put_user(connection, UserRow("bob", hashed, Role.VIEWER, ("*",), sqlite_dashboard.now))
    form = {"name": "bob", "password": "correct horse", "then": then}
    answer = sqlite_dashboard.client().post("/login", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_part_of_a_page_leads_the_whole_page_to_the_log_in(sqlite_dashboard: Dashboard) -> None:
    answer = sqlite_dashboard.client().get("/fleet/tiles", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login"
    assert answer.url == f"{ADDRESS}/fleet/tiles"
