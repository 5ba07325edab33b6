"""The pages, rendered on the server.

How to add one: a module here with an ``APIRouter``, put into ``ROUTERS``; a template of the same
name that extends ``base.html``; its link in ``rendering.MENU``. A route takes ``Reads`` (or
``Looks`` where it needs no SQL), asks :mod:`surveil.store.reading` with ``reads.scope``, and
returns ``render(request, "NAME.html", reads.viewer, …)``.

What changes by itself is a fragment: a template of its own that the page includes within an element
with ``hx-get="/NAME/part" hx-trigger="every 2s"``; its route renders that template alone. An answer
with ``etag(request, response)`` costs nothing while nothing has changed. No page holds state here,
has script or style of its own within it (the policy in :mod:`surveil.web.headers` forbids both), or
shows what its scope does not give.
"""

from surveil.web.pages import alerts, camera, door, fleet, live, models, rules, system, timelines

ROUTERS = (
    door.router,
    fleet.router,
    camera.router,
    live.router,
    alerts.router,
    rules.router,
    timelines.router,
    models.router,
    system.router,
)
