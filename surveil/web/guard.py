"""The keeper of the door: who a key belongs to, who may log in, and how often they may try.

Keys are in SQL. What a key gives is remembered for some seconds, so that a page of many parts asks
SQL once, and for minutes while SQL is away, so that whoever watches goes on watching.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from surveil.errors import UnavailableError
from surveil.store.access import (
    KeyKind,
    Role,
    find_grant,
    find_user,
    make_key,
    make_link,
    revoke_key,
    use_link,
)
from surveil.store.audit import record
from surveil.store.engine import reading, writing
from surveil.store.reading import list_cameras
from surveil.store.scope import Scope
from surveil.web.problems import UnauthenticatedError
from surveil.web.site import Site
from surveil.web.tries import Tries
from surveil.web.viewer import Viewer, viewer_of

SESSION = timedelta(hours=12)
FRESH_S = 5.0
"""So long may a viewer go on whose key, role or cameras were taken away."""
AWAY_S = 600.0
"""The same while SQL does not answer."""
MOST_REMEMBERED = 2_000
TRIES = 5
"""Of log-ins from one address: five at once for one name and 20 in all, then one each half a
minute. Not for a name from anywhere, by which anybody could keep its owner out."""
TRIES_OF_ADDRESS = 20
_HASHES = threading.BoundedSemaphore(2)
"""Argon2 takes 64 MiB and a core for a moment: so many passwords are checked at once."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password (RFC 9106, the library's low-memory profile)."""
    return _HASHER.hash(password)


_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("the password of a user whom there is not")


class Guard:
    """Finds viewers and begins sessions; used by many threads at once.

    Args:
        site: What all requests share.
        mono_s: The monotonic clock.
    """

    def __init__(self, site: Site, *, mono_s: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._mono_s = mono_s
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Viewer | None]] = OrderedDict()
        self._tries = Tries(mono_s=mono_s)

    def find(self, key: str) -> Viewer | None:
        """Return whom a key belongs to; None if it is not valid.

        Raises:
            UnavailableError: SQL does not answer and the key was not seen lately.
        """
        if not key:
            return None
        now_s = self._mono_s()
        with self._lock:
            then_s, viewer = self._known.get(key, (float("-inf"), None))
        if now_s - then_s > FRESH_S:
            try:
                viewer = self._look_up(key)
            except UnavailableError:
                if now_s - then_s > AWAY_S:
                    raise
            else:
                self._remember(key, now_s, viewer)
        return viewer if viewer is not None and viewer.expires_at > self._site.now() else None

    def log_in(self, name: str, password: str, *, address: str) -> str:
        """Return the key of a new session.

        Raises:
            UnauthenticatedError: No such user, or another password; which of both is not told.
            TooOftenError: Too many tries for this name or from this address.
            UnavailableError: SQL does not answer.
        """
        self._tries.spend(address, TRIES_OF_ADDRESS)
        self._tries.spend(f"{address} {name}", TRIES)
        with reading(self._site.database) as connection:
            user = find_user(connection, name)
        if not _is_right(user.password_hash if user else _NOBODY, password) or user is None:
            raise UnauthenticatedError("there is no such user with that password")
        return self._begin(user.name, user.role, f"from {address}")

    def open_link(self, key: str, *, address: str) -> str:
        """Return the key of a new session for a link, which opens once.

        Raises:
            UnauthenticatedError: The link was used, has expired, or never was one.
        """
        self._tries.spend(address, TRIES_OF_ADDRESS)
        with writing(self._site.database) as connection:
            grant = use_link(connection, key, self._site.now())
        if grant is None:
            raise UnauthenticatedError(
                "this link was used already or has expired; `surveil user link` makes another"
            )
        return self._begin(grant.user, grant.role, f"link, from {address}")

    def log_out(self, key: str) -> None:
        """End a session."""
        with self._lock:
            self._known.pop(key, None)
        with writing(self._site.database) as connection:
            revoke_key(connection, key)

    def make_link(self) -> str:
        """Return a new link's key, for whoever sits at this machine."""
        with writing(self._site.database) as connection:
            return make_link(connection, self._site.now())

    def _begin(self, user: str, role: Role, label: str) -> str:
        with writing(self._site.database) as connection:
            key = make_key(
                connection,
                KeyKind.SESSION,
                user,
                role=role,
                cameras=("*",),
                label=label,
                now=self._site.now(),
                lifetime=SESSION,
            )
            now = self._site.now()
            record(connection, user or "local", "log-in", "dashboard", {"by": label}, now=now)
            return key

    def _look_up(self, key: str) -> Viewer | None:
        with reading(self._site.database) as connection:
            grant = find_grant(connection, key, self._site.now())
            if grant is None:
                return None
            cameras = {*self._site.fleet.cameras, *list_cameras(connection, Scope.all())}
        return viewer_of(grant, cameras)

    def _remember(self, key: str, now_s: float, viewer: Viewer | None) -> None:
        with self._lock:
            self._known[key] = (now_s, viewer)
            self._known.move_to_end(key)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


def _is_right(stored: str, password: str) -> bool:
    with _HASHES:
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
