"""Make pictures of frames for whoever watches: what is hidden is blurred, faces are outlined."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from surveil.domain import Box, Frame
from surveil.live.readings_ring import LiveFace
from surveil.sources.planar import Canvas, PlanarFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_WIDTH_PX = 1280
JPEG_QUALITY = 75


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, made for whoever watches.

    Attributes:
        jpeg: At most ``MOST_WIDTH_PX`` wide.
        width: Of it, in pixels.
        height: Of it, in pixels.
        run: The frame's run.
        index: The frame's index in it.
        captured_at: The frame's instant, UTC.
        faces: Those that are known of it, boxes in fractions; none where it is blurred entirely.
        is_unread: It is blurred entirely, since inference has not said in time who is on it.
    """

    jpeg: bytes
    width: int
    height: int
    run: str
    index: int
    captured_at: datetime
    faces: tuple[LiveFace, ...]
    is_unread: bool


@dataclass
class Shown:
    """The frame that is shown now, and what was made of it.

    Attributes:
        number: Counts what was shown.
        frame: The frame.
        faces: See :class:`Picture`.
        hidden: What is blurred, in fractions.
        is_unread: See :class:`Picture`.
        made: Pictures with boxes and labels, and without.
    """

    number: int
    frame: Frame
    faces: tuple[LiveFace, ...]
    hidden: list[Box]
    is_unread: bool
    made: dict[bool, Picture] = field(default_factory=dict)


class PictureMaker:
    """Makes pictures of one camera, in memory that it keeps."""

    def __init__(self) -> None:
        self._canvas = Canvas()

    def make(self, shown: Shown, *, labels: bool) -> Picture:
        """Return a picture, with boxes and labels or without; takes milliseconds."""
        # Here: OpenCV and Pillow are loaded with the first picture: most processes show none.
        import cv2

        from surveil.drawing.outlines import outline
        from surveil.drawing.painter import ShownFace
        from surveil.live.blurring import blur_parts, blur_whole

        cv2.setNumThreads(1)  # others would spin between the steps of a picture
        image = self._fitted(shown.frame)
        height, width = image.shape[:2]
        if shown.is_unread:
            image = blur_whole(image)
        else:
            blur_parts(image, shown.hidden)
        if labels:
            faces = [
                ShownFace(one.track_id, _scaled(one.box, width, height), one.emotion, one.scores)
                for one in shown.faces
            ]
            outline(image, faces)
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        _, encoded = cv2.imencode(".jpg", image, options)
        frame = shown.frame
        return Picture(
            *(encoded.tobytes(), width, height, frame.run, frame.index, frame.captured_at),
            faces=shown.faces,
            is_unread=shown.is_unread,
        )

    def _fitted(self, frame: Frame) -> NDArray[np.uint8]:
        """Return a frame's picture as one's own, BGR, not wider than ``MOST_WIDTH_PX``."""
        import cv2

        width, height = frame.size
        if isinstance(frame, PlanarFrame):
            image = self._canvas.show(frame.planes, frame.colour, is_bgr=True)
        else:
            image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)  # type: ignore[assignment]
        if width <= MOST_WIDTH_PX:
            return image
        size = (MOST_WIDTH_PX, max(round(height * MOST_WIDTH_PX / width), 1))
        return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _scaled(box: Box, width: int, height: int) -> Box:
    return Box(box.x1 * width, box.y1 * height, box.x2 * width, box.y2 * height)
