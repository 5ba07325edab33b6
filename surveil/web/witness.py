"""What goes into the audit log of what viewers do and of what they were refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from surveil.errors import UnavailableError
from surveil.logs import get_logger
from surveil.store.audit import record
from surveil.web.problems import TooOftenError
from surveil.web.site import Site
from surveil.web.tries import Tries
from surveil.web.viewer import Viewer

MOST_REFUSALS = 60
"""Of one viewer or address that are written down at once; one more each half a minute."""

_log = get_logger("web")


def witness(
    site: Site, viewer: Viewer, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Write down what a viewer does, before it is done: what cannot be written is not done.

    Args:
        site: What all requests share.
        viewer: Who.
        action: ``export``, ``watch``, …
        subject: To what, as in ``camera lobby``.
        details: JSON values.

    Raises:
        UnavailableError: The database is away.
    """
    record(site.database, viewer.name, action, subject, details, now=site.now())


class Refusals:
    """Writes down what was refused, within a bound: nobody fills the log by being refused."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tries = Tries()

    def note(self, request: Request, status: int, why: str) -> None:
        """Write down one refusal; where the database is away or the bound is reached, count it."""
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        address = address_of(request)
        actor = viewer.name if viewer is not None else f"somebody at {address}"
        path = request.url.path
        if path.startswith("/open/"):
            path = "/open/…"  # what follows is a key
        try:
            self._tries.spend(actor, MOST_REFUSALS)
            record(
                self._site.database,
                actor,
                "refuse",
                f"{request.method} {path}",
                {"status": status, "why": why, "address": address},
                now=self._site.now(),
            )
        except TooOftenError:
            self._site.tally.count("web_audit_dropped_total", cause="too-many")
        except UnavailableError as error:
            self._site.tally.count("web_audit_dropped_total", cause="sql")
            _log.warning("web.refusal_not_written", why=str(error))


def address_of(request: Request) -> str:
    """Return where a request came from."""
    return request.client.host if request.client else "unknown"
