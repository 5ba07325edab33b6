"""A client of the API that ``surveil run`` and ``surveil web`` serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.live.status import CameraStatus, DaemonStatus
from surveil.store.reading import AlertRow, GapRow

PAGE = 500
_T = TypeVar("_T")


class ApiError(SurveilError):
    """The API refused a call.

    Attributes:
        status: Of HTTP: 401 nobody knows who asks, 403 they may not, 404 there is no such thing (or
            none that they may know of), 422 what was asked cannot be answered.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Bucket(BaseModel):
    """One camera in one span of time.

    ``coverage`` is the part of it that was analysed, 0 to 1, and ``reason`` says why most of the
    rest was not. ``shares`` are parts of all votes, ``scores`` and ``confidences`` means; they are
    None where nobody was seen, which is not zero.
    """

    from_at: datetime
    to_at: datetime
    coverage: float
    reason: str | None
    votes: dict[str, int]
    shares: dict[str, float | None]
    scores: dict[str, float | None]
    confidences: dict[str, float | None]


class Timeline(BaseModel):
    """One camera's buckets, in order of time."""

    camera: str
    buckets: list[Bucket]


class Client:
    """Asks a dashboard; what it answers is limited to the cameras of whoever asks.

    Use it as a context manager, or :meth:`close` it.

    Args:
        url: Of the dashboard, such as ``http://127.0.0.1:8808``.
        token: Of ``surveil user token``; never sent to another host.
        timeout_s: For each call.
        http: Takes the place of a client of httpx of its own: with a proxy, or certificates.

    All calls raise ``ApiError`` for a refusal, ``UnavailableError`` where nobody answers or the
    dashboard's database or daemon is away.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_s: float = 10.0,
        http: httpx.Client | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError("the address of a dashboard begins with http:// or https://")
        self._base = f"{url.rstrip('/')}/api/v1"
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = http or httpx.Client(timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def fleet(self) -> DaemonStatus:
        """Return how the daemon and its cameras stand."""
        return _read(DaemonStatus, self._get("fleet"))

    def cameras(self) -> list[CameraStatus]:
        """Return how each camera stands, by id."""
        return _read(list[CameraStatus], self._get("cameras"))

    def timelines(
        self,
        from_at: datetime,
        to_at: datetime,
        *,
        cameras: Sequence[str] = (),
        bucket: str = "5m",
        tz: str = "UTC",
    ) -> list[Timeline]:
        """Return timelines with their coverage.

        Args:
            from_at: With a zone.
            to_at: With a zone.
            cameras: Some; without them all, if they are few.
            bucket: Length of a bucket: ``10s``, ``5m``, ``1h``, ``1d``.
            tz: Whose midnights divide days.
        """
        parameters = {
            "from": _instant(from_at),
            "to": _instant(to_at),
            "camera": list(cameras),
            "bucket": bucket,
            "tz": tz,
        }
        return _read(list[Timeline], self._get("timelines", parameters))

    def gaps(
        self, from_at: datetime, to_at: datetime | None = None, *, camera: str | None = None
    ) -> Iterator[GapRow]:
        """Yield times that nobody analysed, in order of time."""
        parameters: dict[str, Any] = {"from": _instant(from_at)}
        if to_at is not None:
            parameters["to"] = _instant(to_at)
        if camera is not None:
            parameters["camera"] = camera
        return self._pages(GapRow, "gaps", parameters)

    def alerts(
        self,
        which: Literal["active", "firing", "all"] = "active",
        *,
        rule: str | None = None,
        camera: str | None = None,
    ) -> Iterator[AlertRow]:
        """Yield alerts, newest first."""
        parameters = {"which": which, "rule": rule, "camera": camera}
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._pages(AlertRow, "alerts", given)

    def _pages(self, kind: type[_T], path: str, parameters: dict[str, Any]) -> Iterator[_T]:
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self._get(path, {**parameters, "limit": PAGE, **more})
            if not isinstance(page, dict):
                raise _unreadable()
            yield from _read(list[kind], page.get("items"))  # type: ignore[valid-type]
            cursor = page.get("next")
            if not cursor:
                return

    def _get(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._http.get(
                f"{self._base}/{path}", params=parameters, headers=self._headers
            )
        except httpx.HTTPError as error:
            raise UnavailableError(f"no dashboard answers at {self._base}: {error}") from error
        if answer.is_success:
            try:
                return answer.json()
            except ValueError as error:
                raise _unreadable() from error
        detail = _detail_of(answer)
        if answer.status_code in (502, 503, 504):
            raise UnavailableError(detail)
        raise ApiError(answer.status_code, detail)


def _detail_of(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = None
    detail = body.get("detail") if isinstance(body, dict) else None
    return str(detail or f"HTTP status {answer.status_code}")[:500]


def _read(kind: type[_T], body: Any) -> _T:
    try:
        return TypeAdapter(kind).validate_python(body)
    except ValidationError as error:
        raise _unreadable() from error


def _unreadable() -> UnavailableError:
    return UnavailableError("what answers there is no dashboard of surveil that this one knows")


def _instant(at: datetime) -> str:
    if at.tzinfo is None:
        raise ConfigError("an instant needs a zone: datetime.now(UTC), not datetime.now()")
    return at.isoformat()
