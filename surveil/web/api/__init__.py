"""``/api/v1``: the same reads for programs. Errors are problem details (RFC 9457)."""

from surveil.web.api import cameras

ROUTERS = (cameras.router,)
