"""What viewers do: each act is checked against their role and cameras, and written down.

Pages and API call the same functions, so that neither allows what the other refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from surveil.errors import ConfigError
from surveil.store.access import Role
from surveil.store.engine import Connection, writing
from surveil.store.marks import Verdict
from surveil.store.marks import acknowledge as store_acknowledgement
from surveil.store.marks import mark as store_mark
from surveil.store.reading import AlertRow, load_alert
from surveil.store.scope import Scope
from surveil.store.silences import add_silence, expire_silence
from surveil.web.problems import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    HiddenError,
    MissingError,
)
from surveil.web.site import Site
from surveil.web.viewer import Viewer

SHORTEST_SILENCE_S, LONGEST_SILENCE_S = 1.0, 90 * 86_400.0


def acknowledge(site: Site, viewer: Viewer, alert_id: str, note: str) -> bool:
    """Say that the viewer knows of an alert; return whether nobody had before.

    Raises:
        ForbiddenError: The viewer is no operator.
        MissingError: There is no such alert among those that the viewer may see.
        ConflictError: It has not fired.
        UnavailableError: The database is away.
    """
    viewer.demand(Role.OPERATOR)
    with writing(site.database) as connection:
        find_alert(connection, viewer, alert_id)
        try:
            return store_acknowledgement(
                connection, viewer.scope, alert_id, by=viewer.name, note=note, now=site.now()
            )
        except ConfigError as error:
            raise ConflictError(str(error)) from None


def mark(site: Site, viewer: Viewer, alert_id: str, verdict: Verdict, note: str) -> None:
    """Say whether an alert was right; errors are those of :func:`acknowledge`."""
    viewer.demand(Role.OPERATOR)
    with writing(site.database) as connection:
        find_alert(connection, viewer, alert_id)
        try:
            store_mark(
                connection, viewer.scope, alert_id, verdict,
                by=viewer.name, note=note, now=site.now(),
            )  # fmt: skip
        except ConfigError as error:
            raise ConflictError(str(error)) from None


def silence(
    site: Site,
    viewer: Viewer,
    *,
    rule: str,
    camera: str,
    labels: Mapping[str, str],
    length_s: float,
    comment: str,
) -> str:
    """Silence alerts from now on; return the id of the silence.

    Args:
        site: What all requests share.
        viewer: Who asks.
        rule: Glob of rules' names.
        camera: Glob of cameras' ids; whoever may not see all cameras names one.
        labels: Globs of rules' labels.
        length_s: For how long.
        comment: Why.

    Raises:
        ForbiddenError: The viewer is no operator, or ``camera`` reaches beyond their cameras.
        BadRequestError: Nothing is said of which alerts, for how long, or why.
        UnavailableError: The database is away.
    """
    viewer.demand(Role.OPERATOR)
    if not viewer.scope.sees(camera):
        raise ForbiddenError("camera: name one of your cameras; a pattern is for who sees all")
    if rule == camera == "*" and not labels:
        raise BadRequestError("give rule, camera or labels; camera ?* is everything")
    if not SHORTEST_SILENCE_S <= length_s <= LONGEST_SILENCE_S:
        raise BadRequestError("for: 1s to 90d")
    if not comment.strip():
        raise BadRequestError("comment: say why, for whoever looks at it later")
    now = site.now()
    with writing(site.database) as connection:
        return add_silence(
            connection,
            rule=rule,
            camera=camera,
            labels=labels,
            starts_at=now,
            ends_at=now + timedelta(seconds=length_s),
            by=viewer.name,
            comment=comment.strip(),
            now=now,
        )


def expire(site: Site, viewer: Viewer, silence_id: str) -> None:
    """End a silence now.

    Raises:
        ForbiddenError: The viewer is no operator.
        MissingError: There is no such silence that has not ended and that the viewer may see.
        UnavailableError: The database is away.
    """
    viewer.demand(Role.OPERATOR)
    with writing(site.database) as connection:
        scope, now = viewer.scope, site.now()
        if not expire_silence(connection, scope, silence_id, by=viewer.name, now=now):
            raise MissingError(f"no silence {silence_id} that has not ended")


def find_alert(connection: Connection, viewer: Viewer, alert_id: str) -> AlertRow:
    """Return an alert that the viewer may see.

    Raises:
        MissingError: There is none.
        HiddenError: There is one, of which they may not know.
    """
    found = load_alert(connection, viewer.scope, alert_id)
    if found is not None:
        return found
    is_hidden = load_alert(connection, Scope.all(), alert_id) is not None
    kind = HiddenError if is_hidden else MissingError
    raise kind(f"there is no alert {alert_id}")
