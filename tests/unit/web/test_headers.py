"""What every request must and every answer does carry."""

from __future__ import annotations

import pytest
from kit.web import ADDRESS, Dashboard, dashboard_of


@pytest.mark.parametrize("path", ["/login", "/", "/api/v1/cameras", "/static/surveil.css", "/no"])
def test_answers_allow_nothing_but_this_server(sqlite_dashboard: Dashboard, path: str) -> None:
    answer = sqlite_dashboard.client().get(path, follow_redirects=False)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::1", "a b"])
def test_other_names_are_refused(sqlite_dashboard: Dashboard, host: str) -> None:
    client = sqlite_dashboard.client()
    assert client.get("/login", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8808", "cams.example.org"])
def test_own_names_are_served(sqlite_dashboard: Dashboard, host: str) -> None:
    dashboard = dashboard_of(sqlite_dashboard.database, allowed_hosts=["cams.example.org"])
    assert dashboard.client().get("/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": ADDRESS}, 303),
        ({"origin": "http://localhost:1"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({}, 403),
    ],
)
def test_forms_of_other_pages_are_refused(
    sqlite_dashboard: Dashboard, headers: dict[str, str], status: int
) -> None:
    client = sqlite_dashboard.client(sqlite_dashboard.key())
    del client.headers["origin"]
    answer = client.post("/logout", headers=headers, follow_redirects=False)
    assert answer.status_code == status


def test_cookies_are_for_tls_alone_where_there_is_tls(sqlite_dashboard: Dashboard) -> None:
    dashboard = dashboard_of(sqlite_dashboard.database, behind_proxy=True)
    link = dashboard.guard.make_link()
    answer = dashboard.client().post(f"/open/{link}", follow_redirects=False)
    assert answer.status_code == 303
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert "strict-transport-security" in answer.headers
