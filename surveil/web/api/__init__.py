"""``/api/v1``: the same reads for programs. Errors are problem details (RFC 9457)."""

from surveil.web.api import alerts, cameras, events, models, rules, silences, timelines

ROUTERS = tuple(
    module.router for module in (cameras, timelines, alerts, silences, rules, models, events)
)
