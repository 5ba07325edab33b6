"""What a receiver is: one way to tell somebody of an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from surveil.notify.board import Snapshot
from surveil.redaction import redact
from surveil.settings import Section

MOST_DETAIL_CHARS = 300
"""Of what is said of a failed attempt."""


class Outcome(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. ``id`` stays the same over all attempts, so that a receiver can drop repeats."""

    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one try.

    Attributes:
        outcome: ``gone`` means that no further attempt of this message can succeed.
        detail: Why it was not delivered, for people; no credentials.
        retry_after_s: How long the receiver asked to be left alone.
        is_reachable: False if the receiver did not answer, or said that it is overloaded: other
            messages need not be tried either for now.
    """

    outcome: Outcome
    detail: str = ""
    retry_after_s: float | None = None
    is_reachable: bool = True


class Receiver(Protocol):
    """One way to tell somebody.

    Called from one thread of the alerter, one message at a time, at least once for each message
    until an attempt is ``delivered`` or ``gone``, or the courier gives up.
    """

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Try once, within bounded time.

        Raises nothing for what may go wrong on the way; whatever it raises all the same counts as
        an attempt that failed.
        """

    def close(self) -> None:
        """Let go of connections; called once, from the same thread."""


def detail_of(text: object) -> str:
    """Return what went wrong, short and without credentials; of an error its kind as well.

    Cut behind the redaction: of a secret across the end, a half would not be recognised.
    """
    if isinstance(text, BaseException):
        text = f"{type(text).__name__}: {text}"
    return redact(str(text))[:MOST_DETAIL_CHARS]


def try_once(receiver: Receiver, notice: Notice, at: datetime) -> Attempt:
    """Deliver once; a fault of the receiver's code or libraries is an attempt that failed."""
    try:
        return receiver.deliver(notice, at)
    except Exception as error:  # noqa: BLE001  whoever asked counts it as any failure
        return Attempt(Outcome.RETRY, detail_of(error), is_reachable=False)


@runtime_checkable
class StateReceiver(Receiver, Protocol):
    """A receiver that also shows how cameras stand, where a message tells what has happened."""

    def show(self, snapshot: Snapshot, at: datetime) -> Attempt:
        """Show what has changed, within bounded time; from the same thread, every few seconds.

        Nothing is owed of it: what could not be shown is shown as it is by then.
        """


@dataclass(frozen=True, slots=True)
class ReceiverKind:
    """One kind of receiver; :data:`surveil.notify.registry.KINDS` has them all.

    Attributes:
        name: Its key in a fleet file: ``receivers: {ops: {NAME: …}}``.
        help: What it does, in one sentence, for the schema that editors show.
        settings: What stands below the key. Credentials in it have type ``Secret``.
        make: Called once in the alerter's process, with an instance of ``settings``. A large
            library is imported here: reading a configuration must not load it.
    """

    name: str
    help: str
    settings: type[Section]
    make: Callable[[Any], Receiver]
