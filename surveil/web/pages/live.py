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
from starlette.types import Send

from surveil.errors import UnavailableError
from surveil.live.blank import blank_picture
from surveil.live.frames import STALE_S, LiveViewAwayError, LiveViewOffError, Watch
from surveil.web.guard import FRESH_S
from surveil.web.lasting import LastingAnswer, give
from surveil.web.problems import BusyError, MissingError, UnauthenticatedError
from surveil.web.tally import Tally
from surveil.web.viewer import Viewer, missing_camera
from surveil.web.wiring import Looks, Shared, viewer_of_request
from surveil.web.witness import witness

LOOK_EVERY_S = 0.02
REST_S = 0.05
"""After a picture nobody looks for so long: there are ten a second at most."""
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
        raise missing_camera(site.fleet.cameras, viewer, camera)
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
    return LiveStream(watch, lambda: viewer_of_request(request), site.tally)


class LiveStream(LastingAnswer):
    """Pictures of one camera for one client.

    Args:
        watch: Of the camera; closed with the answer.
        look_again: Returns who asks, as things are now.
        tally: Where a client that is cut off is counted.
    """

    def __init__(self, watch: Watch, look_again: Callable[[], Viewer], tally: Tally) -> None:
        super().__init__(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.headers["cache-control"] = "no-store"
        self._watch = watch
        self._look_again = look_again
        self._tally = tally
        self._size = SIZE

    async def pour(self, gone: asyncio.Task[None], send: Send) -> None:
        await give(send, _BOUNDARY_LINE)
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
                await give(send, await run_in_threadpool(self._take))
                await asyncio.sleep(REST_S)
            elif now_s - shown_s > STALE_S and not is_blank:
                is_blank = True
                await give(send, await run_in_threadpool(self._blank))
            await asyncio.sleep(LOOK_EVERY_S)

    def cut(self) -> None:
        self._tally.count("web_streams_cut_total", kind="live")

    def close(self) -> None:
        self._watch.close()

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


def _part(jpeg: bytes) -> bytes:
    """Return a picture with the boundary that ends it, which browsers wait for."""
    head = f"content-type: image/jpeg\r\ncontent-length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + _BOUNDARY_LINE
