"""A receiver for the services that Apprise knows: https://github.com/caronc/apprise/wiki."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import apprise

from surveil.notify.deadline import BoundedCalls
from surveil.notify.receiver import Attempt, Notice, Outcome, detail_of
from surveil.notify.wording import subject_of, text_of
from surveil.secrets import Secret

KINDS = {
    "alert.firing": apprise.NotifyType.WARNING,
    "alert.group": apprise.NotifyType.WARNING,
    "alert.resolved": apprise.NotifyType.SUCCESS,
}


class AppriseReceiver:
    """Sends subject and text; the id is the last line, since services have no place for one.

    Apprise says whether a service took a message, and why not in its log alone, which is read for
    the reason. It is not known whether the message or the service was at fault: each failure counts
    as one of the service.
    """

    def __init__(self, url: Secret, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._calls: BoundedCalls[Attempt] = BoundedCalls("apprise", timeout_s)
        self._service: apprise.NotifyBase | None = None

    def deliver(self, notice: Notice, at: datetime) -> Attempt:
        """Send once."""
        try:
            return self._calls.run(lambda: self._send(notice))
        except TimeoutError as error:
            return Attempt(Outcome.RETRY, f"timed out: {error}", is_reachable=False)

    def close(self) -> None:
        """Nothing to let go of."""

    def _send(self, notice: Notice) -> Attempt:
        capture: Any = apprise.LogCapture(  # type: ignore[no-untyped-call]
            level=apprise.logging.WARNING, fmt="%(message)s"
        )
        with capture as captured:
            if self._service is None:
                asset = apprise.AppriseAsset(app_id="surveil", app_desc="", app_url="")
                self._service = apprise.Apprise.instantiate(self._url.reveal(), asset=asset)
            if self._service is None:
                return _failed("Apprise knows no service for this URL: " + captured.getvalue())
            was_sent = self._service.notify(
                body=text_of(notice.payload, notice.id),
                title=subject_of(notice.payload),
                notify_type=KINDS.get(str(notice.payload.get("type")), apprise.NotifyType.INFO),
                body_format=apprise.NotifyFormat.TEXT,
            )
            if was_sent:
                return Attempt(Outcome.DELIVERED)
            return _failed(captured.getvalue() or "the service did not take it")


def _failed(reason: str) -> Attempt:
    return Attempt(Outcome.RETRY, detail_of(" ".join(reason.split())), is_reachable=False)
