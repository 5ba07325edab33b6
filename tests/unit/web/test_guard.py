"""Keys: whose they are, until when, and how often somebody may try to get one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from kit.web import MINE, OTHER, Dashboard

from surveil.errors import UnavailableError
from surveil.store.access import (
    KeyKind,
    Role,
    UserRow,
    find_user,
    list_keys,
    put_user,
    remove_user,
    revoke_keys,
)
from surveil.store.engine import reading, writing
from surveil.store.scope import Scope
from surveil.web.guard import FRESH_S, hash_password
from surveil.web.problems import UnauthenticatedError


def test_key_belongs_to_its_user_with_role_and_cameras(dashboard: Dashboard) -> None:
    viewer = dashboard.guard.find(dashboard.key(Role.OPERATOR, ("lob*",)))
    assert viewer is not None
    assert (viewer.name, viewer.role, viewer.kind) == ("ann", Role.OPERATOR, KeyKind.SESSION)
    assert viewer.scope == Scope.only([MINE])
    assert viewer.may(Role.VIEWER)
    assert not viewer.may(Role.ADMIN)


def test_all_cameras_are_all_there_ever_will_be(dashboard: Dashboard) -> None:
    viewer = dashboard.guard.find(dashboard.key())
    assert viewer is not None
    assert viewer.scope == Scope.all()


def test_token_gives_no_more_than_its_user_has_now(dashboard: Dashboard) -> None:
    key = dashboard.key(Role.ADMIN, kind=KeyKind.TOKEN)
    with writing(dashboard.database) as connection:
        put_user(connection, UserRow("ann", "", Role.VIEWER, (OTHER,), dashboard.now))
    viewer = dashboard.guard.find(key)
    assert viewer is not None
    assert (viewer.role, viewer.scope) == (Role.VIEWER, Scope.only([OTHER]))


def test_key_ends_with_its_time(dashboard: Dashboard) -> None:
    key = dashboard.key(lifetime=timedelta(minutes=1))
    assert dashboard.guard.find(key) is not None
    dashboard.now += timedelta(minutes=1)
    assert dashboard.guard.find(key) is None  # also while it is remembered


@pytest.mark.parametrize("how", ["revoked", "removed"])
def test_what_is_taken_away_is_gone_within_seconds(dashboard: Dashboard, how: str) -> None:
    key = dashboard.key()
    assert dashboard.guard.find(key) is not None
    with writing(dashboard.database) as connection:
        if how == "revoked":
            assert revoke_keys(connection, "ann", KeyKind.SESSION) == 1
        else:
            assert remove_user(connection, "ann")
    dashboard.mono_s += FRESH_S + 0.1
    assert dashboard.guard.find(key) is None


def test_nobody_has_an_unknown_key(dashboard: Dashboard) -> None:
    assert dashboard.guard.find("") is None
    assert dashboard.guard.find("x" * 43) is None


def test_whoever_watches_goes_on_while_sql_is_away(
    sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = sqlite_dashboard.key()
    assert sqlite_dashboard.guard.find(key) is not None
    monkeypatch.setattr("surveil.web.guard.reading", _away)
    sqlite_dashboard.mono_s += 300
    assert sqlite_dashboard.guard.find(key) is not None
    sqlite_dashboard.mono_s += 600
    with pytest.raises(UnavailableError):
        sqlite_dashboard.guard.find(key)


def _away(_database: object) -> object:
    raise UnavailableError("SQLite: away")


def test_password_opens_and_another_does_not(dashboard: Dashboard) -> None:
    with writing(dashboard.database) as connection:
        user = UserRow("bob", hash_password("correct horse"), Role.VIEWER, ("*",), dashboard.now)
        put_user(connection, user)
    viewer = dashboard.guard.find(dashboard.guard.log_in("bob", "correct horse", address="a"))
    assert viewer is not None
    assert viewer.name == "bob"
    for name, password in (("bob", "correct hors"), ("eve", "correct horse")):
        with pytest.raises(UnauthenticatedError, match="no such user with that password"):
            dashboard.guard.log_in(name, password, address="a")


def test_link_opens_once(dashboard: Dashboard) -> None:
    link = dashboard.guard.make_link()
    assert dashboard.guard.find(link).kind is KeyKind.LINK  # type: ignore[union-attr]
    viewer = dashboard.guard.find(dashboard.guard.open_link(link, address="a"))
    assert viewer is not None
    assert (viewer.name, viewer.role) == ("local", Role.ADMIN)
    with pytest.raises(UnauthenticatedError, match="used already"):
        dashboard.guard.open_link(link, address="a")


def test_sql_holds_no_key(dashboard: Dashboard) -> None:
    key = dashboard.key()
    with reading(dashboard.database) as connection:
        (row,) = list_keys(connection, dashboard.now)
        assert find_user(connection, "ann") is not None
    assert row.id not in key
    assert key not in repr(row)
