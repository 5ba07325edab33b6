"""``/cameras/{camera}/live``: the camera's picture while somebody watches, as motion JPEG.

Pictures are sent to whoever reads them and are kept nowhere: not cached, not logged. Where none
came for some seconds a grey one says so; a frozen one would look as if all were well.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from surveil.errors import UnavailableError
from surveil.live.blank import blank_picture
from surveil.live.frames import STALE_S, LiveViewAwayError, LiveViewOffError, Watch
from surveil.web.guard import FRESH_S
from surveil.web.problems import BusyError, MissingError, UnauthenticatedError
from surveil.web.viewer import Viewer
from surveil.web.wiring import Looks, Shared, viewer_of_request
from surveil.web.witness import witness

LOOK_EVERY_S = 0.02
STALLED_S = 10.0
"""A client that takes nothing for so long is cut off."""
BOUNDARY = "surveil-picture"
_BOUNDARY_LINE = f"\r\n--{BOUNDARY}\r\n".encode()
SIZE = (640, 360)
"""Of the grey picture, where none came before."""

router = APIRouter(include_in_schema=False, prefix="/cameras")


@router.get("/{camera}/live")
def live(
    request: Request, site: Shared, viewer: Looks, camera: Annotated[str, Path(max_length=64)]
) -> Response:
    """Pictures until the client goes, or its session ends."""
    if camera not in site.fleet.cameras or not viewer.scope.sees(camera):
        raise MissingError(f"there is no camera {camera}")
    try:
        watch = site.live.watch(camera)
    except LiveViewOffError as error:
        raise MissingError(str(error)) from None
    except LiveViewAwayError as error:
        raise BusyError(str(error)) from None
    try:
        witness(site, viewer, "watch", f"camera {camera}", {"view": watch.view.value})
    except BaseException:
        watch.close()
        raise
    return LiveStream(watch, lambda: viewer_of_request(request))


class LiveStream(Response):
    """Pictures of one camera for one client.

    Args:
        watch: Of the camera; closed with the answer.
        look_again: Returns who asks, as things are now.
    """

    def __init__(self, watch: Watch, look_again: Callable[[], Viewer]) -> None:
        super().__init__(media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-store"
        self._watch = watch
        self._look_again = look_again
        self._size = SIZE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._pour(gone, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            pass  # the client reads nothing: its connection is closed
        finally:
            gone.cancel()
            self._watch.close()

    async def _pour(self, gone: asyncio.Task[None], send: Send) -> None:
        await _give(send, _BOUNDARY_LINE)
        looked_s = shown_s = time.monotonic()
        is_blank = False
        while not gone.done():
            now_s = time.monotonic()
            if now_s - looked_s >= FRESH_S:
                looked_s = now_s
                if not await run_in_threadpool(self._may_look):
                    return
            if self._watch.has_news():
                shown_s, is_blank = now_s, False
                await _give(send, await run_in_threadpool(self._take))
            elif now_s - shown_s > STALE_S and not is_blank:
                is_blank = True
                await _give(send, await run_in_threadpool(self._blank))
            await asyncio.sleep(LOOK_EVERY_S)

    def _take(self) -> bytes:
        picture = self._watch.take()
        if picture is None:
            return self._blank()
        self._size = (picture.width, picture.height)
        return _part(picture.jpeg)

    def _blank(self) -> bytes:
        words = f"no picture since {datetime.now(UTC):%H:%M:%S} UTC"
        return _part(blank_picture(*self._size, words))

    def _may_look(self) -> bool:
        with contextlib.suppress(UnavailableError):
            try:
                return self._look_again().scope.sees(self._watch.camera)
            except UnauthenticatedError:
                return False
        return True


async def _give(send: Send, part: bytes) -> None:
    """Hand bytes to the connection; ``TimeoutError`` if it takes none for too long."""
    async with asyncio.timeout(STALLED_S):
        await send({"type": "http.response.body", "body": part, "more_body": True})


def _part(jpeg: bytes) -> bytes:
    """Return a picture with the boundary that ends it, which browsers wait for."""
    head = f"content-type: image/jpeg\r\ncontent-length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + _BOUNDARY_LINE


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
