"""What all routes of the API share: problems, pages with a cursor, tags, and words from outside."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from surveil.web.pages.rendering import etag
from surveil.web.problems import MEDIA_TYPE, BadRequestError

MOST_ITEMS = 1_000
_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")

T = TypeVar("T")

FIRST_AT, LAST_AT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Problem(BaseModel):
    """What is wrong, and what would help (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["from: Input should be greater than 2000-01-01T00:00:00Z"])


class Page(BaseModel, Generic[T]):
    """Some of many: ask again with ``cursor`` set to ``next`` until that is null."""

    items: list[T]
    next: str | None = Field(examples=["WyIyMDI2LTAzLTAxVDEyOjAwOjAwKzAwOjAwIiwieCJd"])


def _no_controls(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
            raise ValueError("holds control characters")
    return text


CameraId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
RowKey = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,64}$")]
Glob = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_no_controls),
]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(_no_controls),
]
Instant = Annotated[AwareDatetime, Field(ge=FIRST_AT, le=LAST_AT)]
"""With a zone, as in ``2026-03-01T12:00:00Z``."""

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="Where the page before ended, as it says.")
]


class TaggedRoute(APIRoute):
    """A route whose answers say by a tag whether they have changed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer_plain = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await answer_plain(request)
            is_whole = response.status_code == HTTPStatus.OK and bool(response.body)
            return etag(request, response) if request.method == "GET" and is_whole else response

        return answer


def make_router(tag: str) -> APIRouter:
    """Return a router below ``/api/v1``, whose routes document who may call and what may fail."""
    return APIRouter(
        prefix="/api/v1",
        tags=[tag],
        route_class=TaggedRoute,
        responses={
            status: {"model": Problem, "description": words, "content": {MEDIA_TYPE: {}}}
            for status, words in (
                (401, "Nobody knows who asks."),
                (403, "Who asks may not do this."),
                (404, "There is no such thing, or none that whoever asks may know of."),
                (422, "The request is not understood, or asks for too much."),
                (503, "The database or the daemon is away; ask again soon."),
            )
        },
        dependencies=[Depends(HTTPBearer(auto_error=False, scheme_name="token"))],
    )


def write_cursor(at: datetime, key: str) -> str:
    """Return the cursor that goes on behind a row."""
    text = json.dumps([at.astimezone(UTC).isoformat(), key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """Return what :func:`write_cursor` was given.

    Raises:
        BadRequestError: It is not such a cursor.
    """
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at_text, key = json.loads(text)
        at = datetime.fromisoformat(at_text)
        if not (FIRST_AT <= at <= LAST_AT and _KEY.fullmatch(key)):
            raise ValueError
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise BadRequestError("cursor: is not one that a page before ended with") from None
    return at, key


def page_of(rows: list[T], limit: int, place: Callable[[T], tuple[datetime, str]]) -> Page[T]:
    """Return a page of rows, of which one more than ``limit`` was asked for."""
    if len(rows) <= limit:
        return Page(items=rows, next=None)
    shown = rows[:limit]
    return Page(items=shown, next=write_cursor(*place(shown[-1])))
