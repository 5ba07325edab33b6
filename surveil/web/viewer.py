"""Who looks: the one value by which routes decide what may be seen and done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from surveil.store.access import Grant, KeyKind, Role
from surveil.store.scope import Scope
from surveil.web.problems import ForbiddenError, HiddenError, MissingError


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who proved who they are.

    Attributes:
        name: User's name, or ``local`` for whoever opened a link of this machine.
        kind: By what they proved it.
        role: What they may do.
        scope: Cameras that they may see.
        expires_at: When they have to prove it again, UTC.
    """

    name: str
    kind: KeyKind
    role: Role
    scope: Scope
    expires_at: datetime

    def may(self, role: Role) -> bool:
        """Return whether they may do what a role is for."""
        return self.role.covers(role)

    def demand(self, role: Role) -> None:
        """Go on only if they may do what a role is for.

        Raises:
            ForbiddenError: They may not.
        """
        if not self.may(role):
            raise ForbiddenError(f"this is for {role.value}s; {self.name} is {self.role.value}")


def viewer_of(grant: Grant, cameras: Iterable[str]) -> Viewer:
    """Return who a key belongs to.

    Args:
        grant: What the key gives.
        cameras: Ids of all cameras there are, of the fleet and of SQL.
    """
    if set(grant.cameras) == set(grant.user_cameras) == {"*"}:
        scope = Scope.all()
    else:
        scope = Scope.only(
            camera
            for camera in cameras
            if _matches(camera, grant.cameras) and _matches(camera, grant.user_cameras)
        )
    return Viewer(grant.user or "local", grant.kind, grant.role, scope, grant.expires_at)


def _matches(camera: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(camera, glob) for glob in globs)


def missing_camera(fleet_cameras: Iterable[str], viewer: Viewer, camera: str) -> MissingError:
    """Return the error that there is no such camera, or none that the viewer may know of."""
    is_hidden = camera in fleet_cameras and not viewer.scope.sees(camera)
    kind = HiddenError if is_hidden else MissingError
    return kind(f"there is no camera {camera}")
