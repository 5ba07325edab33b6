"""A receiver that writes alerts to surveil's own log."""

from __future__ import annotations

from datetime import datetime

from surveil.notify.receiver import Attempt, Notice, Outcome, ReceiverKind
from surveil.notify.wording import alerts_of
from surveil.settings import Section


class LogSettings(Section):
    """Alerts as lines of surveil's own log."""


class LogReceiver:
    """One line for each message; every field of it is redacted as any other line."""

    def __init__(self) -> None:
        # Here: structlog takes 0.1 s, and whoever only checks a fleet makes no receiver.
        from surveil.logs import get_logger

        self._log = get_logger(__name__)

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Write the line, one for each alert of a group; a log cannot refuse."""
        for one in alerts_of(notice.payload):
            data = one["data"]
            self._log.warning(
                one["type"],
                message_id=notice.id,
                rule=data["rule"],
                key=data["key"],
                value=data["value"],
                labels=dict(data["labels"]),
                **{f"annotation_{name}": text for name, text in data["annotations"].items()},
            )
        return Attempt(Outcome.DELIVERED)

    def close(self) -> None:
        """Nothing to let go of."""


LOG = ReceiverKind(
    name="log",
    help="Write alerts to surveil's log.",
    settings=LogSettings,
    make=lambda settings: LogReceiver(),
)
