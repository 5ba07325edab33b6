"""The application: routes, error answers and static files, put together."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import Scope as AsgiScope

from surveil.errors import SurveilError, UnavailableError
from surveil.logs import get_logger
from surveil.store.engine import RefusedError
from surveil.web import api, pages
from surveil.web.api.events import MOST_OF_ONE, MOST_STREAMS
from surveil.web.guard import Guard
from surveil.web.headers import SAFE, SecureHeaders
from surveil.web.measured import Measured
from surveil.web.packing import Packed
from surveil.web.pages.rendering import render
from surveil.web.places import Places
from surveil.web.problems import (
    ForbiddenError,
    HiddenError,
    ProblemError,
    TooOftenError,
    UnauthenticatedError,
    describe,
)
from surveil.web.replays import Replays
from surveil.web.site import Site
from surveil.web.witness import Refusals

API = "/api/"
DOORS = ("/login", "/open/")
STATIC = Path(__file__).parent / "static"
RETRY_S = 5

_log = get_logger("web")


def create_app(site: Site, guard: Guard | None = None) -> FastAPI:
    """Return the dashboard and API of a fleet.

    Args:
        site: What all requests share.
        guard: The keeper of sessions; a new one by default.
    """
    app = FastAPI(
        title="surveil",
        description="Emotion timelines and alerts from a fleet of cameras.",
        docs_url=None,  # its page loads scripts from a CDN
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.site = site
    app.state.guard = guard or Guard(site)
    app.state.refusals = Refusals(site)
    app.state.replays = Replays()
    app.state.event_places = Places("events", MOST_STREAMS, MOST_OF_ONE, site.tally)
    app.mount(
        "/static", _Static(directory=STATIC, packages=[("surveil.look", "static")]), name="static"
    )
    for router in (*api.ROUTERS, *pages.ROUTERS):
        app.include_router(router)
    app.add_exception_handler(ProblemError, _tell)
    app.add_exception_handler(UnavailableError, _tell)
    app.add_exception_handler(RefusedError, _tell)
    app.add_exception_handler(RequestValidationError, _tell)
    app.add_exception_handler(HTTPException, _tell)
    app.add_exception_handler(Exception, _tell)
    app.add_middleware(Packed)
    app.add_middleware(
        SecureHeaders,
        hosts=(site.fleet.web.bind, *site.fleet.web.allowed_hosts),
        is_secure=site.fleet.web.is_secure,
    )
    app.add_middleware(Measured, tally=site.tally)
    return app


class _Static(StaticFiles):
    """Files that hold no data: a browser may keep them, and asks whether they have changed."""

    async def get_response(self, path: str, scope: AsgiScope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "no-cache"
        return answer


async def _tell(request: Request, error: Exception) -> Response:
    """Answer a request that failed: programs get problem details, people a page."""
    status, detail = _explain(error)
    if _is_refusal(request, error):
        refusals: Refusals = request.app.state.refusals
        await run_in_threadpool(refusals.note, request, status.value, detail)
    headers = {}
    if isinstance(error, TooOftenError):
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    elif status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_S)
    elif status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if request.url.path.startswith(API):
        return describe(status, detail, headers)
    if status is HTTPStatus.UNAUTHORIZED and not request.url.path.startswith(DOORS):
        if "hx-request" in request.headers:  # a part of a page: the whole page goes to the log-in
            return Response(status_code=401, headers={"hx-redirect": "/login"})
        then = quote(str(request.url.path), safe="/")
        return RedirectResponse(f"/login?then={then}", HTTPStatus.SEE_OTHER)
    page = render(request, "problem.html", None, status=status, detail=detail)
    page.status_code = status.value
    page.headers.update(headers)
    return page


def _is_refusal(request: Request, error: Exception) -> bool:
    """Return whether somebody tried what they may not; not whether they have yet to log in."""
    if isinstance(error, UnauthenticatedError):
        return "authorization" in request.headers or request.method not in SAFE
    return isinstance(error, ForbiddenError | HiddenError)


def _explain(error: Exception) -> tuple[HTTPStatus, str]:
    match error:
        case ProblemError():
            return error.status, str(error)
        case RefusedError():
            return HTTPStatus.UNPROCESSABLE_ENTITY, f"the database refuses it: {error}"
        case UnavailableError():
            return HTTPStatus.SERVICE_UNAVAILABLE, str(error)
        case RequestValidationError():
            return HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(map(_words, error.errors()))
        case HTTPException():
            return HTTPStatus(error.status_code), str(error.detail)
        case SurveilError():
            return HTTPStatus.INTERNAL_SERVER_ERROR, str(error)
    _log.error("web.failed", error=type(error).__name__, exc_info=error)
    return HTTPStatus.INTERNAL_SERVER_ERROR, "surveil made a mistake; its log says which"


def _words(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"][1:])
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
