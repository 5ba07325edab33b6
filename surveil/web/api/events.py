"""``/api/v1/events``: what happens, as server-sent events.

Each stream asks SQL and the daemon's status once a second, from its own position: nothing is kept
for a client between two looks, so a slow one costs no memory, and one that reads nothing is cut
off when the buffers of its connection are full.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.types import Send

from surveil.errors import UnavailableError
from surveil.live.status import CameraStatus
from surveil.store.engine import reading
from surveil.store.reading import (
    TransitionRow,
    count_steps,
    find_step,
    last_step_id,
    load_steps_after,
)
from surveil.store.scope import Scope
from surveil.web.api.alerts import StepOut, step_of
from surveil.web.api.routing import make_router
from surveil.web.guard import FRESH_S
from surveil.web.lasting import LastingAnswer, give
from surveil.web.places import Places
from surveil.web.problems import UnauthenticatedError
from surveil.web.site import Site
from surveil.web.viewer import Viewer
from surveil.web.wiring import Looks, Shared, viewer_of_request

MOST_STREAMS = 64
MOST_OF_ONE = 8
LOOK_EVERY_S = 1.0
SAY_SOMETHING_S = 15.0
MOST_STEPS = 100
"""In one look; further ones come with the next."""

router = make_router("events")
_STEP = TypeAdapter(StepOut)
_EXAMPLE = (
    "event: camera\n"
    'data: {"camera": "lobby", "state": "live", "reason": "none", "is_degraded": false}\n\n'
    "event: alert\nid: 01JNXB4Q0Z8W3V7K2T5M6R9ACD-1\n"
    'data: {"rule": "crowd-anger", "key": "lobby", "to_state": "firing"}\n\n'
)


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"example": _EXAMPLE}}}},
)
def events(
    request: Request,
    site: Shared,
    viewer: Looks,
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """Stream steps of alerts and states of cameras, until the client goes or its session ends.

    ``camera`` tells a camera's state: all at first, then each that changes. ``alert`` is one step
    of an alert; its id, sent back as ``Last-Event-ID``, goes on behind it. ``reset`` says that this
    id is not known any more, ``away`` that the database does not answer, ``end`` that whoever asked
    may not look any longer.
    """
    places: Places = request.app.state.event_places
    feed = Feed(site, lambda: viewer_of_request(request), viewer, last_event_id)
    places.take(viewer.name)
    return EventStream(feed, places, viewer.name)


class Feed:
    """What one client is still to be told; asked by one thread at a time.

    Args:
        site: What all requests share.
        look_again: Returns who asks, as things are now.
        viewer: Who asks.
        after: ``Last-Event-ID``, or empty to begin with the present.
        mono_s: The monotonic clock.
    """

    def __init__(
        self,
        site: Site,
        look_again: Callable[[], Viewer],
        viewer: Viewer,
        after: str,
        *,
        mono_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._look_again = look_again
        self._viewer = viewer
        self._after = after
        self._mono_s = mono_s
        self._looked_mono_s = mono_s()
        self._position: int | None = None
        self._states: dict[str, str] = {}
        self._is_away = False
        self.is_over = False

    def look(self) -> list[str]:
        """Return what is new, as server-sent events."""
        if self._mono_s() - self._looked_mono_s >= FRESH_S:
            self._looked_mono_s = self._mono_s()
            with contextlib.suppress(UnavailableError):
                try:
                    self._viewer = self._look_again()
                except UnauthenticatedError:
                    self.is_over = True
                    return [write_event("end", "{}")]
        told = list(self._changed_states())
        try:
            told += self._new_steps()
        except UnavailableError:
            if not self._is_away:
                told.append(write_event("away", "{}"))
            self._is_away = True
        else:
            self._is_away = False
        return told

    def _changed_states(self) -> Iterator[str]:
        status = self._site.standing(self._viewer.scope).status
        if status is None:
            return
        now = {one.camera: _state_of(one) for one in status.cameras}
        for camera, text in now.items():
            if self._states.get(camera) != text:
                yield write_event("camera", text)
        self._states = now

    def _new_steps(self) -> list[str]:
        told: list[str] = []
        scope = self._viewer.scope
        with reading(self._site.database) as connection:
            head = last_step_id(connection, Scope.all())
            if self._position is None:
                self._position = head
                if self._after:
                    found = find_step(connection, scope, *_split(self._after))
                    self._position = head if found is None else found
                    told += [write_event("reset", "{}")] if found is None else []
            steps = load_steps_after(connection, scope, self._position, limit=MOST_STEPS)
            for step in steps:
                number = count_steps(connection, scope, step.alert_id, step.id)
                told.append(_write_step(step, number))
        self._position = steps[-1].id if len(steps) == MOST_STEPS else head
        return told


class EventStream(LastingAnswer):
    """An answer that goes on until its client goes, reads nothing, or may not look any longer."""

    def __init__(self, feed: Feed, places: Places, viewer: str) -> None:
        super().__init__("text/event-stream")
        self._feed = feed
        self._places = places
        self._name = viewer

    async def pour(self, gone: asyncio.Task[None], send: Send) -> None:
        await give(send, b"retry: 3000\n\n")
        quiet_since_s = time.monotonic()
        while not gone.done() and not self._feed.is_over:
            for text in await run_in_threadpool(self._feed.look):
                await give(send, text.encode())
                quiet_since_s = time.monotonic()
            if time.monotonic() - quiet_since_s >= SAY_SOMETHING_S:
                await give(send, b": nothing new\n\n")
                quiet_since_s = time.monotonic()
            await asyncio.wait({gone}, timeout=LOOK_EVERY_S)

    def cut(self) -> None:
        self._places.cut()

    def close(self) -> None:
        self._places.free(self._name)


def write_event(kind: str, data: str, id_: str = "") -> str:
    """Return one server-sent event; ``data`` has no line breaks."""
    return f"event: {kind}\n" + (f"id: {id_}\n" if id_ else "") + f"data: {data}\n\n"


def _write_step(step: TransitionRow, number: int) -> str:
    data = _STEP.dump_json(step_of(step)).decode()
    return write_event("alert", data, f"{step.alert_id}-{number}")


def _state_of(one: CameraStatus) -> str:
    state: dict[str, Any] = {
        "camera": one.camera,
        "state": one.state.value,
        "reason": one.reason.value,
        "is_degraded": one.is_degraded,
    }
    return json.dumps(state)


def _split(event_id: str) -> tuple[str, int]:
    """Return the alert and the number of its step; those of no alert where it says neither."""
    alert_id, _, number = event_id.rpartition("-")
    is_known = alert_id.isascii() and alert_id.isalnum() and number.isascii()
    return (alert_id, int(number)) if is_known and number.isdecimal() else ("", 0)
