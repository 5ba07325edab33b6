"""How one of Apprise's services is written in a fleet file."""

from __future__ import annotations

import importlib.util
import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from surveil.durations import Duration
from surveil.notify.receiver import Receiver, ReceiverKind
from surveil.notify.schedule import MAIL_TIMEOUT_S
from surveil.secrets import Secret
from surveil.settings import Section, fault, is_as_written

_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def _check_url(value: Secret, info: ValidationInfo) -> Secret:
    if not _URL.fullmatch(value.reveal()):
        raise fault("must be a URL of Apprise such as ntfys://ntfy.sh/TOPIC")
    if is_as_written(info) and importlib.util.find_spec("apprise") is None:
        raise fault("apprise is not installed; this needs: pip install 'surveil[apprise]'")
    return value


class AppriseSettings(Section):
    """Alerts by one of Apprise's services: Telegram, ntfy, Slack, Matrix and a hundred more."""

    url: Annotated[Secret, AfterValidator(_check_url)]
    """Of the service, with its tokens, as Apprise has it; better ${env:NAME} or ${file:PATH}."""

    timeout_s: Annotated[Duration, Field(gt=0, le=120)] = MAIL_TIMEOUT_S
    """How long one attempt may take."""


def _make(settings: AppriseSettings) -> Receiver:
    # Here, and not above: it comes with an extra, and is for the alerter's process alone.
    from surveil.notify.apprise import AppriseReceiver

    return AppriseReceiver(settings.url, timeout_s=settings.timeout_s)


APPRISE = ReceiverKind(
    name="apprise",
    help="Send alerts by one of Apprise's services (surveil[apprise]).",
    settings=AppriseSettings,
    make=_make,
)
