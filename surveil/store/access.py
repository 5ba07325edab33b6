"""Who may look at a fleet over HTTP: users, and the keys that sessions, tokens and links are.

A key is 256 random bits, of which SQL has the SHA-256 digest alone: whoever reads the table cannot
use what stands there. (A slow hash is for passwords, which people choose.) What a key may is
looked up with each use, so that a user who loses a role, a camera or everything does so at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from surveil.store.access_tables import web_key, web_user
from surveil.store.upsert import upsert

LOCAL = ""
"""User of keys that whoever may read this machine's database has made, without a user's name."""

LINK_LIFETIME = timedelta(minutes=15)

MOST_KEYS = 100
"""Of one kind that one user holds; the oldest goes for the next."""


class Role(StrEnum):
    """What somebody may do, each with all that the ones before it may.

    ``viewer`` looks; ``operator`` acknowledges, silences and marks alerts; ``admin`` sees the whole
    system and who did what.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Return whether whoever has this role may do what the other role is for."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Role)


class KeyKind(StrEnum):
    """What a key is for: a browser that logged in, a program, or one log-in without a password."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105
    LINK = "link"


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user.

    Attributes:
        name: Its name.
        password_hash: Argon2id, in its usual text form.
        role: The most that it may.
        cameras: Globs of the camera ids that it may see.
        created_at: When it was added, UTC.
    """

    name: str
    password_hash: str
    role: Role
    cameras: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key gives its holder at this moment.

    Attributes:
        user: Name, :data:`LOCAL` for this machine's own.
        kind: What the key is for.
        role: The lesser of the key's and its user's.
        cameras: Globs; a camera must match one of the key's and one of the user's.
        user_cameras: Globs of the user.
        expires_at: When the key ends, UTC.
    """

    user: str
    kind: KeyKind
    role: Role
    cameras: tuple[str, ...]
    user_cameras: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as its owner may list it; ``id`` is the beginning of its digest."""

    id: str
    kind: KeyKind
    user: str
    label: str
    role: Role
    cameras: tuple[str, ...]
    created_at: datetime
    expires_at: datetime


def put_user(connection: sa.Connection, user: UserRow) -> None:
    """Add a user, or change the one of that name."""
    row = {
        "name": user.name,
        "password_hash": user.password_hash,
        "role": user.role.value,
        "cameras": list(user.cameras),
        "created_at": user.created_at,
    }
    upsert(connection, web_user, [row], replace=("password_hash", "role", "cameras"))


def find_user(connection: sa.Connection, name: str) -> UserRow | None:
    """Return a user by name."""
    row = connection.execute(sa.select(web_user).where(web_user.c.name == name)).one_or_none()
    return None if row is None else _user(row)


def list_users(connection: sa.Connection) -> list[UserRow]:
    """Return all users by name."""
    return [_user(row) for row in connection.execute(sa.select(web_user).order_by("name"))]


def remove_user(connection: sa.Connection, name: str) -> bool:
    """Remove a user with all its keys; return false if there is none of that name."""
    revoke_keys(connection, name)
    return connection.execute(sa.delete(web_user).where(web_user.c.name == name)).rowcount > 0


def has_users(connection: sa.Connection) -> bool:
    """Return whether anybody can log in with a password."""
    return bool(connection.scalar(sa.select(sa.exists().select_from(web_user))))


def has_tokens(connection: sa.Connection, now: datetime) -> bool:
    """Return whether any token is valid."""
    valid = sa.and_(web_key.c.kind == KeyKind.TOKEN.value, web_key.c.expires_at > now)
    return bool(connection.scalar(sa.select(sa.exists().select_from(web_key).where(valid))))


def make_key(
    connection: sa.Connection,
    kind: KeyKind,
    user: str,
    *,
    role: Role,
    cameras: Sequence[str],
    label: str,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """Store a new key and return it, the only time that it can be read.

    What has expired goes at the same time, and the user's oldest of the kind beyond the bound.
    """
    key = secrets.token_urlsafe(32)
    connection.execute(sa.delete(web_key).where(web_key.c.expires_at <= now))
    mine = sa.and_(web_key.c.user_name == user, web_key.c.kind == kind.value)
    old = sa.select(web_key.c.digest).where(mine).order_by(web_key.c.created_at.desc())
    extra = list(connection.scalars(old.offset(MOST_KEYS - 1)))
    if extra:
        connection.execute(sa.delete(web_key).where(web_key.c.digest.in_(extra)))
    connection.execute(
        sa.insert(web_key).values(
            digest=_digest(key),
            kind=kind.value,
            user_name=user,
            label=label,
            role=role.value,
            cameras=list(cameras),
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return key


def make_link(connection: sa.Connection, now: datetime) -> str:
    """Store and return the key of a link for whoever sits at this machine, who may do all."""
    return make_key(
        connection,
        KeyKind.LINK,
        LOCAL,
        role=Role.ADMIN,
        cameras=("*",),
        label="this machine",
        now=now,
        lifetime=LINK_LIFETIME,
    )


def find_grant(connection: sa.Connection, key: str, now: datetime) -> Grant | None:
    """Return what a key gives now; None for one that is unknown, expired or of a removed user."""
    row = connection.execute(
        sa.select(
            web_key,
            web_user.c.name,
            web_user.c.role.label("user_role"),
            web_user.c.cameras.label("user_cameras"),
        )
        .outerjoin(web_user, web_user.c.name == web_key.c.user_name)
        .where(web_key.c.digest == _digest(key), web_key.c.expires_at > now)
    ).one_or_none()
    if row is None or (row.name is None and row.user_name != LOCAL):
        return None
    role = Role(row.role)
    user_cameras = ("*",)
    if row.name is not None:
        user_role = Role(row.user_role)
        role = role if user_role.covers(role) else user_role
        user_cameras = tuple(row.user_cameras)
    return Grant(
        row.user_name, KeyKind(row.kind), role, tuple(row.cameras), user_cameras, row.expires_at
    )


def use_link(connection: sa.Connection, key: str, now: datetime) -> Grant | None:
    """Return what a link gives, which it gives once."""
    found = find_grant(connection, key, now)
    if found is None or found.kind is not KeyKind.LINK:
        return None
    deleted = connection.execute(sa.delete(web_key).where(web_key.c.digest == _digest(key)))
    return found if deleted.rowcount == 1 else None


def revoke_key(connection: sa.Connection, key: str) -> None:
    """End one key."""
    connection.execute(sa.delete(web_key).where(web_key.c.digest == _digest(key)))


def revoke_keys(connection: sa.Connection, user: str, kind: KeyKind | None = None) -> int:
    """End a user's keys, all or those of a kind; return how many."""
    mine = web_key.c.user_name == user
    if kind is not None:
        mine &= web_key.c.kind == kind.value
    return connection.execute(sa.delete(web_key).where(mine)).rowcount


def revoke_listed(connection: sa.Connection, id_: str) -> int:
    """End the keys whose ``KeyRow.id`` it is; return how many."""
    matches = sa.func.substr(web_key.c.digest, 1, _ID_CHARACTERS) == id_
    return connection.execute(sa.delete(web_key).where(matches)).rowcount


def list_keys(connection: sa.Connection, now: datetime) -> list[KeyRow]:
    """Return the keys that are valid, by user, newest first."""
    order = (web_key.c.user_name, web_key.c.created_at.desc())
    valid = sa.select(web_key).where(web_key.c.expires_at > now).order_by(*order)
    return [
        KeyRow(
            row.digest[:_ID_CHARACTERS],
            KeyKind(row.kind),
            row.user_name,
            row.label,
            Role(row.role),
            tuple(row.cameras),
            row.created_at,
            row.expires_at,
        )
        for row in connection.execute(valid)
    ]


_ID_CHARACTERS = 12


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _user(row: sa.Row[Any]) -> UserRow:
    return UserRow(row.name, row.password_hash, Role(row.role), tuple(row.cameras), row.created_at)
