"""The log-in, links that open once, and the log-out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from surveil.web.guard import SESSION
from surveil.web.pages.rendering import render
from surveil.web.problems import UnauthenticatedError
from surveil.web.wiring import COOKIE, Guarded, Shared
from surveil.web.witness import Refusals, address_of

router = APIRouter(include_in_schema=False)


_Path = Annotated[str, Query(max_length=2000)]


def refusals_of(request: Request) -> Refusals:
    """Return who writes down what is refused."""
    found: Refusals = request.app.state.refusals
    return found


@router.get("/login")
def show(request: Request, then: _Path = "/") -> Response:
    """The form."""
    return render(request, "login.html", None, then=_own(then), wrong="")


@router.post("/login")
def log_in(
    request: Request,
    guard: Guarded,
    site: Shared,
    refusals: Annotated[Refusals, Depends(refusals_of)],
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1024)],
    then: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Begin a session by name and password."""
    try:
        key = guard.log_in(name, password, address=address_of(request))
    except UnauthenticatedError as error:
        refusals.note(request, HTTPStatus.UNAUTHORIZED, f"{error}: {name}")
        page = render(request, "login.html", None, then=_own(then), wrong=str(error))
        page.status_code = HTTPStatus.UNAUTHORIZED
        return page
    return _enter(_own(then), key, is_secure=site.fleet.web.is_secure)


@router.get("/open/{link}")
def ask_to_open(request: Request, link: str, then: _Path = "/") -> Response:
    """Ask before a link is used: programs that look at links in advance would use it up."""
    return render(request, "open.html", None, link=link, then=_own(then))


@router.post("/open/{link}")
def open_link(
    request: Request,
    link: str,
    guard: Guarded,
    site: Shared,
    then: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Begin a session by a link that opens once."""
    key = guard.open_link(link, address=address_of(request))
    return _enter(_own(then), key, is_secure=site.fleet.web.is_secure)


@router.post("/logout")
def log_out(request: Request, guard: Guarded) -> Response:
    """End the session."""
    guard.log_out(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE)
    return answer


def _enter(then: str, key: str, *, is_secure: bool) -> Response:
    answer = RedirectResponse(then, HTTPStatus.SEE_OTHER)
    seconds = round(SESSION.total_seconds())
    answer.set_cookie(COOKIE, key, max_age=seconds, httponly=True, samesite="lax", secure=is_secure)
    return answer


def _own(path: str) -> str:
    """Return a path of this server, whatever was asked for: never another server's address."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_own and path.isprintable() else "/"
