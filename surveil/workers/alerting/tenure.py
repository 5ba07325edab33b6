"""One alerter at a time among hosts: the others stand by until its lease ends.

What makes that nothing is told twice is the alerter's numbered commits; the lease keeps alerters
from beginning anew because of each other. All share one consumer's name, so that who takes over
takes up at once what the one before had read and not committed.
"""

from __future__ import annotations

from surveil.config import Fleet
from surveil.domain import Event
from surveil.logs import get_logger
from surveil.store.engine import Connection
from surveil.store.rows import span
from surveil.workers.host.availability import StoppedError
from surveil.workers.host.leasing import LeaseKeeper, Wish
from surveil.workers.host.lifeline import Lifeline

SUBJECT = "alerter:all"
"""What the lease is on: no id of a camera holds a colon."""

PLACE = "lease"
"""Where the consumer's name says it is, whichever host holds the lease."""

LOOK_EVERY_S = 0.5
TOKENS_KEPT = 8

_log = get_logger("alerter")


def _wish(_: Connection) -> Wish:
    return Wish((SUBJECT,))


class Tenure:
    """The lease of this host's alerter.

    Args:
        fleet: The configuration.
        holder: This host.
        lifeline: To the supervisor.
    """

    def __init__(self, fleet: Fleet, holder: str, lifeline: Lifeline) -> None:
        url = fleet.database.reveal()
        self._keeper = LeaseKeeper(url, holder, fleet.leases.ttl_s, _wish)
        self._lifeline = lifeline

    def begin(self) -> None:
        """Stand by until this host holds the lease.

        Raises:
            StoppedError: The worker is to end.
        """
        self._keeper.start()
        self._lifeline.watch(self._keeper.thread)
        while not self._keeper.holds(SUBJECT):
            self._lifeline.beat(doing="standing by")
            self._lifeline.ready(True)
            if self._lifeline.stopping.wait(LOOK_EVERY_S):
                raise StoppedError
        self._lifeline.ready(False)
        _log.info("alerter.took_over")

    def goes_on(self) -> bool:
        """Return whether this host still holds the lease."""
        return self._keeper.holds(SUBJECT)

    def end(self) -> None:
        """Give the lease back."""
        self._keeper.stop()


class TokenFence:
    """Keeps what a cut-off host says of a camera that another has taken away from the rules.

    By what the streams say alone: a token is known from its first event on. Of each camera the
    ``TOKENS_KEPT`` newest are remembered.
    """

    def __init__(self) -> None:
        self._begun: dict[str, dict[int, float]] = {}

    def admits(self, event: Event) -> bool:
        """Return whether no newer token had begun at the event's first instant."""
        if not event.token:
            return True
        at_s = span(event)[0].timestamp()
        begun = self._begun.setdefault(event.camera, {})
        if any(token > event.token and at_s >= from_s for token, from_s in begun.items()):
            return False
        begun[event.token] = min(at_s, begun.get(event.token, at_s))
        if len(begun) > TOKENS_KEPT:
            del begun[min(begun)]
        return True
