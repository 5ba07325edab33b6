"""``surveil user``: who may look at the dashboard, and the tokens of programs."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console

from surveil.cli.databases import with_database
from surveil.cli.options import read_duration, with_author
from surveil.cli.tabular import show
from surveil.errors import ConfigError
from surveil.store import access
from surveil.store.access import KeyKind, KeyRow, Role, UserRow
from surveil.store.audit import record
from surveil.store.engine import Database, reading, writing
from surveil.store.revisions import require_current
from surveil.store.upgrading import bring_up
from surveil.tables import draw_table, whole

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
_GLOB = re.compile(r"[a-z0-9_*?\[\]!-]{1,100}")
LEAST_PASSWORD = 12
"""Characters; NIST SP 800-63B asks for 8 at least, and for 15 where nothing else is asked for."""


@click.group("user")
def command() -> None:
    """Say who may look at the dashboard and call its API."""


_cameras = click.option(
    "--cameras",
    "globs",
    multiple=True,
    default=("*",),
    show_default=True,
    metavar="GLOB",
    help="Cameras to be seen, such as 'lobby-*'; may be repeated.",
)


@command.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="viewer looks; operator also acknowledges, silences, marks; admin sees all of the system.",
)
@_cameras
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_author
@with_database(create=True)
def add(
    database: Database,
    name: str,
    role: str,
    globs: tuple[str, ...],
    password_stdin: bool,
    by: str,
) -> None:
    """Add NAME, or give it another role, cameras and password."""
    from surveil.web.guard import hash_password  # loads Argon2

    _check(name, globs)
    password = _ask_password(password_stdin)
    bring_up(database)
    with writing(database) as connection:
        was_there = access.find_user(connection, name) is not None
        user = UserRow(name, hash_password(password), Role(role), globs, datetime.now(UTC))
        access.put_user(connection, user)
        access.revoke_keys(connection, name, KeyKind.SESSION)
        change = "change-user" if was_there else "add-user"
        record(connection, by, change, f"user {name}", {"role": role, "cameras": globs})
    click.echo(f"{name} {'changed' if was_there else 'added'}: {role} of {', '.join(globs)}")


@command.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_author
@with_database()
def set_password(database: Database, name: str, password_stdin: bool, by: str) -> None:
    """Give NAME another password; who is logged in as NAME has to do so again."""
    from surveil.web.guard import hash_password  # loads Argon2

    password = _ask_password(password_stdin)
    with writing(database) as connection:
        require_current(connection)
        user = access.find_user(connection, name)
        if user is None:
            raise ConfigError(f"there is no user {name}; `surveil user list` shows all")
        access.put_user(connection, replace(user, password_hash=hash_password(password)))
        access.revoke_keys(connection, name, KeyKind.SESSION)
        record(connection, by, "change-password", f"user {name}")
    click.echo(f"{name} has another password")


@command.command("list")
@with_database()
def list_all(database: Database) -> None:
    """List users, and the keys that are valid now."""
    with reading(database) as connection:
        require_current(connection)
        users, keys = access.list_users(connection), access.list_keys(connection, datetime.now(UTC))

    def draw(console: Console) -> None:
        people = [(one.name, one.role.value, " ".join(one.cameras)) for one in users]
        if people:
            console.print(draw_table(console, ("user", "role", "cameras"), people))
        else:
            console.print("no users; `surveil user add NAME` adds one")
        if keys:
            columns = (whole("key"), "kind", "user", "role", "cameras", whole("until"), "for")
            console.print()
            console.print(draw_table(console, columns, [_cells(key) for key in keys]))

    show(draw)


def _cells(key: KeyRow) -> tuple[str, ...]:
    until = f"{key.expires_at:%Y-%m-%d %H:%M}Z"
    cameras = " ".join(key.cameras)
    return (key.id, key.kind.value, key.user or "local", key.role.value, cameras, until, key.label)


@command.command("remove")
@click.argument("name")
@with_author
@with_database()
def remove(database: Database, name: str, by: str) -> None:
    """Remove NAME with its sessions and tokens, within seconds."""
    with writing(database) as connection:
        require_current(connection)
        if not access.remove_user(connection, name):
            raise ConfigError(f"there is no user {name}; `surveil user list` shows all")
        record(connection, by, "remove-user", f"user {name}")
    click.echo(f"{name} removed")


@command.command("token")
@click.argument("name")
@click.option("--label", required=True, help="What it is for, such as grafana.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="The most that it may; never more than its user.",
)
@_cameras
@click.option("--for", "lifetime", default="90d", show_default=True, metavar="DURATION")
@with_author
@with_database()
def token(
    database: Database,
    name: str,
    label: str,
    role: str,
    globs: tuple[str, ...],
    lifetime: str,
    by: str,
) -> None:
    """Print a new token for a program that acts for NAME; it is shown this once."""
    _check(name, globs)
    seconds = read_duration(lifetime, "--for", least_s=60, most_s=366 * 86_400)
    with writing(database) as connection:
        require_current(connection)
        if access.find_user(connection, name) is None:
            raise ConfigError(f"there is no user {name}; add it with `surveil user add`")
        key = access.make_key(
            connection,
            KeyKind.TOKEN,
            name,
            role=Role(role),
            cameras=globs,
            label=label[:100],
            now=datetime.now(UTC),
            lifetime=timedelta(seconds=seconds),
        )
        details = {"label": label[:100], "role": role, "cameras": globs, "for": lifetime}
        record(connection, by, "make-token", f"user {name}", details)
    click.echo(key)


@command.command("revoke")
@click.argument("key")
@with_author
@with_database()
def revoke(database: Database, key: str, by: str) -> None:
    """End a session, token or link: KEY as `surveil user list` shows it."""
    with writing(database) as connection:
        require_current(connection)
        if not access.revoke_listed(connection, key):
            raise ConfigError(f"there is no key {key}; `surveil user list` shows all")
        record(connection, by, "revoke-key", f"key {key}")
    click.echo("revoked")


@command.command("link")
@with_author
@with_database()
def link(database: Database, by: str) -> None:
    """Print the end of an address that opens the dashboard once, within 15 minutes, as admin."""
    with writing(database) as connection:
        require_current(connection)
        key = access.make_link(connection, datetime.now(UTC))
        record(connection, by, "make-link", "dashboard")
    click.echo(f"/open/{key}")


def _check(name: str, globs: tuple[str, ...]) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError("a user's name is 1 to 63 of letters, digits, . _ @ and -")
    for glob in globs:
        if not _GLOB.fullmatch(glob):
            raise ConfigError(f"--cameras {glob}: a camera's id, or a glob such as 'lobby-*'")


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline(1026).rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not LEAST_PASSWORD <= len(password) <= 1024:
        raise ConfigError(f"a password has {LEAST_PASSWORD} to 1024 characters")
    return str(password)
