"""The fleet: a tile for each camera."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from surveil.web.pages.rendering import etag, render
from surveil.web.wiring import Looks, Shared

router = APIRouter(include_in_schema=False)


@router.get("/")
def show(request: Request, site: Shared, viewer: Looks) -> Response:
    """The whole page."""
    return render(request, "fleet.html", viewer, standing=site.standing(viewer.scope))


@router.get("/fleet/tiles")
def tiles(request: Request, site: Shared, viewer: Looks) -> Response:
    """The tiles alone, as they are now."""
    page = render(request, "fleet_tiles.html", viewer, standing=site.standing(viewer.scope))
    return etag(request, page)
