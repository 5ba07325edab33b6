"""``surveil user``: who may look, and what of it is in the audit log."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from surveil.cli.user import command
from surveil.store import access, migrate
from surveil.store.audit import load_audit
from surveil.store.engine import connect, reading

PASSWORD = "correct horse battery"


def call(url: str, *words: str, password: str = "") -> Result:
    arguments = [words[0], "--database", url, *words[1:]]
    return CliRunner().invoke(command, arguments, input=f"{password}\n", env={"COLUMNS": "160"})


def test_users_and_keys_come_and_go_and_are_written_down(sqlite_url: str) -> None:
    added = call(
        sqlite_url, "add", "ann", "--role", "operator", "--cameras", "lobby-*",
        "--password-stdin", "--by", "root", password=PASSWORD,
    )  # fmt: skip
    assert added.output == "ann added: operator of lobby-*\n"
    token = call(sqlite_url, "token", "ann", "--label", "grafana", "--by", "root").output.strip()
    listed = call(sqlite_url, "list").output
    assert "lobby-*" in listed
    assert "grafana" in listed
    assert token not in listed
    id_ = next(line.split()[0] for line in listed.splitlines() if "grafana" in line)
    assert call(sqlite_url, "revoke", id_, "--by", "root").output == "revoked\n"
    assert call(sqlite_url, "remove", "ann", "--by", "root").output == "ann removed\n"
    database = connect(sqlite_url)
    with reading(database) as connection:
        rows = load_audit(connection, limit=10)[::-1]
    database.dispose()
    assert [(row.actor, row.action) for row in rows] == [
        ("root", action) for action in ("add-user", "make-token", "revoke-key", "remove-user")
    ]
    assert PASSWORD not in repr(rows)
    assert token not in repr(rows)


def test_another_password_ends_sessions_and_keeps_role_and_cameras(sqlite_url: str) -> None:
    call(sqlite_url, "add", "ann", "--cameras", "a", "--password-stdin", password=PASSWORD)
    database = connect(sqlite_url)
    with reading(database) as connection:
        before = access.find_user(connection, "ann")
    changed = call(sqlite_url, "password", "ann", "--password-stdin", password=PASSWORD + "2")
    assert changed.exit_code == 0
    with reading(database) as connection:
        after = access.find_user(connection, "ann")
    database.dispose()
    assert before is not None
    assert after is not None
    assert (after.role, after.cameras) == (before.role, before.cameras)
    assert after.password_hash != before.password_hash
    assert after.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("add", "<script>", "--password-stdin"), "a user's name is"),
        (("add", "ann", "--cameras", "LOBBY", "--password-stdin"), "a camera's id, or a glob"),
        (("add", "ann", "--password-stdin"), "12 to 1024 characters"),
        (("remove", "eve"), "no user eve"),
        (("password", "eve", "--password-stdin"), "12 to 1024"),
        (("token", "eve", "--label", "x"), "no user eve"),
        (("token", "eve", "--label", "x", "--for", "2y"), "--for '2y'"),
        (("revoke", "x"), "no key x"),
    ],
)
def test_what_is_wrong_is_said(sqlite_url: str, words: tuple[str, ...], message: str) -> None:
    call(sqlite_url, "add", "bob", "--password-stdin", password=PASSWORD)
    result = call(sqlite_url, *words, password="short")
    assert message in str(result.exception or result.output)


@pytest.mark.parametrize("words", [("list",), ("link",), ("remove", "ann"), ("revoke", "x")])
def test_database_of_before_says_how_it_is_upgraded(
    sqlite_url: str, words: tuple[str, ...]
) -> None:
    database = connect(sqlite_url)
    migrate.upgrade(database)
    migrate.downgrade(database, "0008")
    database.dispose()
    assert "surveil db upgrade" in str(call(sqlite_url, *words).exception)
