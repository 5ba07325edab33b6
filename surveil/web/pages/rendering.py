"""Templates, what each of them knows, and answers that say when nothing has changed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from surveil.plaintext import escape
from surveil.web.viewer import Viewer


class MenuItem(NamedTuple):
    """A link at the top of every page."""

    path: str
    title: str


MENU: tuple[MenuItem, ...] = (
    MenuItem("/", "Fleet"),
    MenuItem("/timelines", "Timelines"),
    MenuItem("/alerts", "Alerts"),
    MenuItem("/rules", "Rules"),
    MenuItem("/models", "Models"),
    MenuItem("/system", "System"),
)


def _plain(value: object) -> str:
    """Show control and bidirectional characters instead of obeying them."""
    return escape(str(value))


def _plain_lines(value: object) -> str:
    """The same for text of several lines."""
    return escape(str(value), keep_lines=True)


def _instant(value: datetime) -> str:
    """Return an instant as ``<time>`` elements carry it; a script shows it in the viewer's zone."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_TEMPLATES = Environment(
    loader=PackageLoader("surveil.web"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"plain": _plain, "plain_lines": _plain_lines, "instant": _instant}


def render(
    request: Request, template: str, viewer: Viewer | None, **values: object
) -> HTMLResponse:
    """Return a page.

    Args:
        request: Whom it is for.
        template: File below ``templates/``.
        viewer: Who sees it; None for whoever has not logged in.
        values: What the template shows.
    """
    body = _TEMPLATES.get_template(template).render(
        viewer=viewer, menu=MENU, here=request.url.path, **values
    )
    return HTMLResponse(body)


def etag(request: Request, response: Response) -> Response:
    """Return an answer with its tag, or without a body if the browser has it already."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"etag": tag})
    response.headers["etag"] = tag
    response.headers["cache-control"] = "private, no-cache"
    return response
