"""What routes ask for: who looks, and reading or writing in their name.

A route states what it needs in its parameters:

    @router.get("/cameras")
    def cameras(reads: Reads) -> list[CameraOut]: ...

* :data:`Looks`: the :class:`Viewer`; without a valid session or token the request ends with 401.
* :data:`Reads`: a viewer together with one transaction of the database.
* :data:`Administers`: the viewer; for whoever is no admin the request ends with 403.

What operators do is in :mod:`surveil.web.acting`, which demands their role itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from surveil.store.access import KeyKind, Role
from surveil.store.engine import Connection, reading
from surveil.store.scope import Scope
from surveil.web.guard import Guard
from surveil.web.problems import UnauthenticatedError
from surveil.web.site import Site
from surveil.web.viewer import Viewer

COOKIE = "surveil_session"


def site_of(request: Request) -> Site:
    """Return what all requests share."""
    site: Site = request.app.state.site
    return site


def guard_of(request: Request) -> Guard:
    """Return the keeper of sessions and tokens."""
    guard: Guard = request.app.state.guard
    return guard


def viewer_of_request(request: Request) -> Viewer:
    """Return who asks, by the ``Authorization`` header or else by the session's cookie.

    Raises:
        UnauthenticatedError: Neither is valid.
        UnavailableError: That cannot be told, since the database is away.
    """
    guard = guard_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        viewer = guard.find(token.strip()) if scheme.lower() == "bearer" else None
        if viewer is None or viewer.kind is not KeyKind.TOKEN:
            raise UnauthenticatedError("the token is unknown, has expired or was revoked")
        request.state.viewer = viewer
        return viewer
    viewer = guard.find(request.cookies.get(COOKIE, ""))
    if viewer is None or viewer.kind is not KeyKind.SESSION:
        raise UnauthenticatedError("log in first, or send Authorization: Bearer TOKEN")
    request.state.viewer = viewer
    return viewer


Shared = Annotated[Site, Depends(site_of)]
Guarded = Annotated[Guard, Depends(guard_of)]
Looks = Annotated[Viewer, Depends(viewer_of_request)]


@dataclass(frozen=True, slots=True)
class Reading:
    """A viewer with one transaction that reads.

    Attributes:
        site: What all requests share.
        viewer: Who asks.
        connection: In a transaction that sees one state of the database.
    """

    site: Site
    viewer: Viewer
    connection: Connection

    @property
    def scope(self) -> Scope:
        """Cameras that the viewer may see."""
        return self.viewer.scope


def _read(site: Shared, viewer: Looks) -> Iterator[Reading]:
    with reading(site.database) as connection:
        yield Reading(site, viewer, connection)


Reads = Annotated[Reading, Depends(_read, scope="function")]
"""The transaction ends before the answer is sent: a client that reads slowly holds none."""


def _administrator(viewer: Looks) -> Viewer:
    viewer.demand(Role.ADMIN)
    return viewer


Administers = Annotated[Viewer, Depends(_administrator)]
