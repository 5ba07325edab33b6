"""The gate before detection: most of what a camera shows has been looked at before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box
from surveil.gate.motion import TILE_PX, Luma, moved_tiles, quick_tiles

PARTS = 4
"""Regions are as large as multiples of this part of the frame, so that networks see few sizes."""

Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the frame, right and bottom exclusive."""


@dataclass(frozen=True, slots=True)
class GateOptions:
    """How much a gate spares.

    Attributes:
        whole_every_s: The whole frame is looked at so often at least, in seconds.
        whole_from: The whole frame is looked at where motion takes this part of it, 0..1.
        face_margin: Part of a face's side that is looked at around a face near motion.
        person_every_s: Slow motion about a known face, as far as a person reaches, is taken for
            that person's for so long; the face is looked at on its place meanwhile.
    """

    whole_every_s: float = 5.0
    whole_from: float = 0.6
    face_margin: float = 0.5
    person_every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Where to look in a frame.

    Attributes:
        is_whole: All of it.
        regions: Else the parts in which something moved; they do not overlap, and no known face
            lies across a border.
        still: Indices of the known faces outside of them, each to be looked at on its place.
    """

    is_whole: bool
    regions: tuple[Region, ...] = ()
    still: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """Return ``whole``, ``part``, ``recheck`` or ``skip``."""
        if self.is_whole:
            return "whole"
        if self.regions:
            return "part"
        return "recheck" if self.still else "skip"


class Gate:
    """Says where faces may have come, gone or moved in one run of one camera.

    Pure: pictures and times are arguments. Motion is looked for in tiles of a small picture; where
    nothing moved, no new face can be. People who stand still sway: such slow motion is left to a
    look at their faces, for a second at most, and the frame is looked at if one is not on its
    place. Quick motion beside them is somebody else's until that was looked at.

    Args:
        options: See :class:`GateOptions`.
    """

    def __init__(self, options: GateOptions | None = None) -> None:
        self._options = options or GateOptions()
        self._reference: Luma | None = None
        self._last = np.zeros((0, 0), np.float32)
        """The last frame that was decided on."""
        self._whole_at_s = 0.0
        self._looked_at_s = np.zeros((0, 0), np.float64)
        """When each tile was last looked at."""

    def decide(
        self, luma: Luma, at_s: float, faces: Sequence[Box], *, frame_size: tuple[int, int]
    ) -> Decision:
        """Return where to look in the next frame. What it says is taken for looked at.

        Args:
            luma: The frame's :func:`~surveil.gate.motion.small_luma`.
            at_s: When it was captured, on a monotonic clock.
            faces: What was found last, in pixels of the frame.
            frame_size: Its width and height in pixels.
        """
        reference = self._reference
        if (
            reference is None
            or reference.shape != luma.shape
            or at_s - self._whole_at_s >= self._options.whole_every_s
            or (change := moved_tiles(luma, reference)) is None
        ):
            return self._whole(luma, at_s)
        moved, light = change
        if not moved.any():
            self._last = luma
            return Decision(is_whole=False, still=tuple(range(len(faces))))
        tile = TILE_PX * frame_size[0] / luma.shape[1]
        recent = at_s - self._looked_at_s < self._options.person_every_s
        is_slow = ~quick_tiles(luma, self._last)
        self._last = luma
        spared = recent & is_slow & _people(faces, moved.shape, tile)
        regions = self._regions(moved, spared, tile, faces, frame_size)
        area = sum((right - left) * (bottom - top) for left, top, right, bottom in regions)
        if area >= self._options.whole_from * frame_size[0] * frame_size[1]:
            return self._whole(luma, at_s)
        for left, top, right, bottom in regions:
            part = _in_luma((left, top, right, bottom), luma.shape, frame_size)
            reference[part] = luma[part] - light  # else its border would be one of light
            self._looked_at_s[_tiles((left, top, right, bottom), tile)] = at_s
        still = [i for i, box in enumerate(faces) if not any(_meet(r, box) for r in regions)]
        return Decision(is_whole=False, regions=tuple(regions), still=tuple(still))

    def forget(self) -> None:
        """Look at all of the next frame."""
        self._reference = None

    def _whole(self, luma: Luma, at_s: float) -> Decision:
        rows, columns = (-(-side // TILE_PX) for side in luma.shape)
        self._reference, self._whole_at_s, self._last = luma.copy(), at_s, luma
        self._looked_at_s = np.full((rows, columns), at_s)
        return Decision(is_whole=True)

    def _regions(
        self,
        moved: NDArray[np.bool_],
        spared: NDArray[np.bool_],
        tile: float,
        faces: Sequence[Box],
        frame_size: tuple[int, int],
    ) -> list[Region]:
        """Return the parts of the frame around what moved, apart from each other.

        Motion that hangs together is spared only as a whole: who walks past a person who stands
        is looked at with that person.
        """
        wide = cv2.dilate(moved.astype(np.uint8), np.ones((3, 3), np.uint8))
        _, labels, found, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
        boxes = [
            Box(x * tile, y * tile, (x + width) * tile, (y + height) * tile)
            for label, (x, y, width, height, _) in enumerate(found.tolist())
            if label and np.any(moved & ~spared & (labels == label))
        ]
        margin = self._options.face_margin
        around = [_wider(face, margin) for face in faces]
        return _apart([_snapped(box, frame_size) for box in boxes], around, frame_size)


def _people(faces: Sequence[Box], shape: tuple[int, ...], tile: float) -> NDArray[np.bool_]:
    """Return the tiles that the people of known faces may take."""
    taken = np.zeros(shape, np.bool_)
    for box in faces:
        side = max(box.width, box.height)
        person = (box.x1 - side, box.y1 - side, box.x2 + side, box.y2 + 4 * side)
        taken[_tiles(person, tile)] = True
    return taken


def _tiles(box: tuple[float, float, float, float], tile: float) -> tuple[slice, slice]:
    """Return the tiles that a box in pixels touches; ``tile`` is a tile's side."""
    left, top, right, bottom = box
    return (
        slice(max(int(top // tile), 0), max(int(-(-bottom // tile)), 0)),
        slice(max(int(left // tile), 0), max(int(-(-right // tile)), 0)),
    )


def _apart(
    regions: list[Region], faces: Sequence[Box], frame_size: tuple[int, int]
) -> list[Region]:
    """Grow regions over the faces that they cut and join those that meet, until none does."""
    waiting, done = list(regions), list[Region]()
    while waiting:
        region = waiting.pop()
        joined = [other for other in done if _meet(other, Box(*region))]
        grown = _around([region, *joined, *(f.xyxy for f in faces if _meet(region, f))])
        snapped = _snapped(Box(*grown), frame_size)
        if snapped == region and not joined:
            done.append(region)
        else:
            done = [other for other in done if other not in joined]
            waiting.append(snapped)
    return sorted(done)


def _around(
    boxes: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _wider(box: Box, margin: float) -> Box:
    by = margin * max(box.width, box.height)
    return Box(box.x1 - by, box.y1 - by, box.x2 + by, box.y2 + by)


def _meet(region: Region, box: Box) -> bool:
    left, top, right, bottom = region
    return box.x1 < right and box.x2 > left and box.y1 < bottom and box.y2 > top


def _snapped(box: Box, frame_size: tuple[int, int]) -> Region:
    """Return the smallest region on the grid of parts that holds a box, within the frame."""
    left, right = _grid(box.x1, box.x2, frame_size[0])
    top, bottom = _grid(box.y1, box.y2, frame_size[1])
    return left, top, right, bottom


def _grid(low: float, high: float, size: int) -> tuple[int, int]:
    first = min(max(int(low * PARTS // size), 0), PARTS - 1)
    last = min(max(int(-(-high * PARTS // size)), first + 1), PARTS)
    return first * size // PARTS, last * size // PARTS


def _in_luma(
    region: Region, luma_shape: tuple[int, ...], frame_size: tuple[int, int]
) -> tuple[slice, slice]:
    """Return where a region lies in the small picture."""
    (height, width), (frame_width, frame_height) = luma_shape, frame_size
    left, top, right, bottom = region
    return (
        slice(top * height // frame_height, bottom * height // frame_height),
        slice(left * width // frame_width, right * width // frame_width),
    )
