"""Hold this host's leases: ask for those it wants, prolong them, give back those let go.

A thread of the supervisor's process, so that a database that is slow holds nothing else up. A lease
counts from before it was asked for, by a clock that also goes while the host is suspended: its end
here is never later than the one in SQL.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from surveil.errors import SurveilError, UnavailableError
from surveil.logs import get_logger
from surveil.reminders import Reminder
from surveil.store.engine import Connection, Database, connect, reading, writing
from surveil.store.leases import acquire, find_free, release, renew
from surveil.workers.host.lease_board import boot_s

ROUNDS = 5
"""So often within a lease's life it is prolonged."""

LOOKS = 30
"""So often it is looked, without a lock, whether there is something to take or to give."""

_log = get_logger("leases")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease of this host.

    Attributes:
        token: Its fencing token.
        until_s: Its end, by :func:`boot_s`.
        is_host_lost: Whether another host held it before and let it end.
    """

    token: int
    until_s: float
    is_host_lost: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last round found; ``is_stopping``: somebody asks this host to end."""

    held: Mapping[str, Held]
    wanted: Collection[str]
    errors: int = 0
    losses: int = 0
    is_stopping: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What a host is to hold, as it was read in a round's transaction."""

    subjects: Collection[str]
    is_stopping: bool = False


class LeaseKeeper:
    """Holds leases on what a host wants, as long as it wants it.

    Args:
        url: Of the database.
        host: Holder.
        ttl_s: Life of a lease that is not prolonged.
        wish: Reads what is wanted, in the transaction of each round.
        look: Reads between rounds which subjects are wanted; None where that never changes.
    """

    def __init__(
        self,
        url: str,
        host: str,
        ttl_s: float,
        wish: Callable[[Connection], Wish],
        look: Callable[[Connection], Collection[str]] | None = None,
    ) -> None:
        self.ttl_s = ttl_s
        self._host = host
        self._wish = wish
        self._look = look
        self._database: Database = connect(
            url, create=False, lock_timeout_s=ttl_s / 4, statement_timeout_s=ttl_s / 3
        )
        self._lock = threading.Lock()
        self._standing = Standing({}, ())
        self._let_go: dict[str, int] = {}
        self._trouble = Reminder()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self.thread = threading.Thread(target=self._run, name="leases", daemon=True)

    @property
    def standing(self) -> Standing:
        """The newest; a lease in it may have ended since."""
        with self._lock:
            return self._standing

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def holds(self, subject: str) -> bool:
        """Return whether this host may speak for a subject now."""
        held = self.standing.held.get(subject)
        return held is not None and boot_s() < held.until_s

    def let_go(self, subject: str, token: int) -> None:
        """Give a lease back with the next round; nothing here speaks for the subject any more."""
        with self._lock:
            self._let_go[subject] = token
        self._wake.set()

    def stop(self) -> None:
        """End the thread and give everything back, if SQL answers at once."""
        self._end_thread()
        held = {subject: one.token for subject, one in self.standing.held.items()}
        try:
            with writing(self._database) as connection:
                release(connection, self._host, held)
        except SurveilError as error:
            _log.warning("leases.kept", error=str(error))
        self._database.dispose()

    def abandon(self) -> None:
        """End the thread and give nothing back, as a host that is lost."""
        self._end_thread()
        self._database.dispose()

    def turn(self) -> None:
        """Do one round.

        Raises:
            UnavailableError: SQL is away; what is held ends when its time is over.
        """
        before = self.standing
        with self._lock:
            let_go = dict(self._let_go)
        asked_s = boot_s()
        kept = {
            subject: one
            for subject, one in before.held.items()
            if let_go.get(subject) != one.token and asked_s < one.until_s
        }
        with writing(self._database) as connection:
            wish = self._wish(connection)
            release(connection, self._host, let_go)
            tokens = {subject: one.token for subject, one in kept.items()}
            alive = renew(connection, self._host, tokens, self.ttl_s) if tokens else set()
            missing = set(wish.subjects) - alive
            granted = acquire(connection, self._host, missing, self.ttl_s) if missing else []
        until_s = asked_s + self.ttl_s
        held = {
            subject: Held(kept[subject].token, until_s, kept[subject].is_host_lost)
            for subject in alive
        }
        for one in granted:
            is_lost = one.lost_by is not None and one.lost_by != self._host
            held[one.subject] = Held(one.token, until_s, is_lost)
        lost = len(set(before.held) - alive - set(let_go))
        with self._lock:
            self._let_go = {s: t for s, t in self._let_go.items() if let_go.get(s) != t}
            self._standing = Standing(
                held, set(wish.subjects), before.errors, before.losses + lost, wish.is_stopping
            )
        if granted or lost:
            _log.info("leases.changed", granted=len(granted), lost=lost, held=len(held))

    def has_news(self) -> bool:
        """Return whether other subjects are wanted now, or one that lacks has come free.

        Raises:
            UnavailableError: SQL is away.
        """
        standing = self.standing
        with reading(self._database) as connection:
            wanted = set(self._look(connection) if self._look else standing.wanted)
            missing = wanted - standing.held.keys()
            return wanted != set(standing.wanted) or bool(find_free(connection, missing))

    def _end_thread(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self.thread.is_alive():
            self.thread.join(self.ttl_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.turn()
                if self._trouble.end():
                    _log.info("leases.recovered")
            except UnavailableError as error:
                self._fail(str(error))
            except Exception as error:  # noqa: BLE001  (counted, and tried again with the next round)
                self._fail(type(error).__name__)
            self._rest(boot_s() + self.ttl_s / ROUNDS)

    def _rest(self, until_s: float) -> None:
        """Wait for the next round, or for a reason to have it at once."""
        while not self._wake.wait(min(self.ttl_s / LOOKS, max(until_s - boot_s(), 0.0))):
            try:
                if boot_s() >= until_s or self.has_news():
                    return
            except UnavailableError:
                continue  # the round that follows tells
            except Exception as error:  # noqa: BLE001  (counted; the next round comes all the same)
                self._fail(type(error).__name__)

    def _fail(self, reason: str) -> None:
        with self._lock:
            one = self._standing
            self._standing = Standing(
                one.held, one.wanted, one.errors + 1, one.losses, one.is_stopping
            )
        if self._trouble.is_due():
            _log.warning("leases.failed", reason=reason, held=len(one.held))
