"""What goes wrong in a request, told as problem details (RFC 9457) or as a page."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from surveil.errors import SurveilError

MEDIA_TYPE = "application/problem+json"


class ProblemError(SurveilError):
    """A request that is answered with an error; the message is fit for whoever asked."""

    status = HTTPStatus.BAD_REQUEST


class UnauthenticatedError(ProblemError):
    """Nobody knows who asks."""

    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(ProblemError):
    """Who asks may not do this."""

    status = HTTPStatus.FORBIDDEN


class MissingError(ProblemError):
    """There is no such thing, or none that whoever asks may know of."""

    status = HTTPStatus.NOT_FOUND


class HiddenError(MissingError):
    """There is such a thing, and whoever asks may not know of it: answered as if there were not,
    and written down."""


class BadRequestError(ProblemError):
    """The request says what nobody understands."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class ConflictError(ProblemError):
    """What is asked for does not go with how things stand."""

    status = HTTPStatus.CONFLICT


class TooMuchError(ProblemError):
    """More is asked for than one answer may hold; the message says how to ask for less."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooOftenError(ProblemError):
    """Asked too often."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BusyError(ProblemError):
    """All places are taken."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def describe(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an answer with problem details.

    Args:
        status: Of the answer.
        detail: What is wrong and what would help, for people.
        headers: Further ones.
    """
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)
