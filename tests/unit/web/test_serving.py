"""Beyond this machine nothing is served that anybody there could read or listen to."""

from __future__ import annotations

import socket

import pytest
from kit.web import Dashboard, dashboard_of

from surveil.errors import ConfigError, InUseError
from surveil.store.access import KeyKind
from surveil.web.serving import UNREAD_MS, address_of, check_exposure, is_loopback, listen


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.8.8", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.5", False), ("cams.example.org", False)],
)  # fmt: skip
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_this_machine_needs_nobody(sqlite_dashboard: Dashboard) -> None:
    check_exposure(sqlite_dashboard.site)


def test_beyond_it_needs_tls_and_somebody(sqlite_dashboard: Dashboard) -> None:
    plain = dashboard_of(sqlite_dashboard.database, bind="0.0.0.0")
    with pytest.raises(ConfigError, match=r"set web\.tls, or web\.behind_proxy: true"):
        check_exposure(plain.site)
    proxied = dashboard_of(sqlite_dashboard.database, bind="0.0.0.0", behind_proxy=True)
    with pytest.raises(ConfigError, match=r"nobody could log in there: .*surveil user add"):
        check_exposure(proxied.site)
    proxied.key(kind=KeyKind.TOKEN)
    check_exposure(proxied.site)


def test_port_in_use_names_its_owner(sqlite_dashboard: Dashboard) -> None:
    web = dashboard_of(sqlite_dashboard.database, port=0).site.fleet.web
    with listen(web) as sock:
        unread_ms = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert unread_ms == UNREAD_MS
        port = sock.getsockname()[1]
        assert address_of(web, sock) == f"http://localhost:{port}"
        taken = dashboard_of(sqlite_dashboard.database, port=port).site.fleet.web
        with pytest.raises(InUseError, match=rf"web 127\.0\.0\.1:{port} is in use by .*web\.port"):
            listen(taken)
