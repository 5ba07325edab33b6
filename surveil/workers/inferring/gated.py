"""Detection that looks only where a gate says that something may have changed."""

from __future__ import annotations

import numpy as np

from surveil.detect import Detector
from surveil.domain import Box, Detection, Frame
from surveil.gate import Decision, Gate, Region, small_luma

STAYS_WITHIN = 0.1
"""Part of its side by which the box of a face that stands still may differ from its last
detection's. Farther off, a look on its place would find it badly."""


class GatedDetector:
    """Finds the faces of one run's frames, one after the other; used by one thread.

    Faces that stand still are looked at again on the places of their last detection, as a detector
    drifts on its own answers. If one is no longer there, or one is cut by a border of what was
    looked at, the whole frame is looked at.

    Args:
        detector: What looks.
        min_score: Lowest score of a face, 0..1.
        gate: Says where.
    """

    def __init__(self, detector: Detector, min_score: float, gate: Gate | None = None) -> None:
        self._detector = detector
        self._min_score = min_score
        self._gate = gate or Gate()
        self._known: list[Detection] = []

    def detect(self, frame: Frame) -> tuple[list[Detection], str]:
        """Return the faces of a frame, largest first, and how they were found.

        Returns:
            Detections as of the detector, and the kind of the
            :class:`~surveil.gate.gate.Decision`: ``whole``, ``part``, ``recheck`` or ``skip``.

        Raises:
            DeviceMemoryError: The frame does not fit into the device's memory.
        """
        boxes = [face.box for face in self._known]
        luma = small_luma(frame.light, frame.light_gain)
        decision = self._gate.decide(luma, frame.captured_mono_s, boxes, frame_size=frame.size)
        try:
            return self._look(frame, decision)
        except BaseException:
            self._gate.forget()  # what it took for looked at was not
            raise

    def _look(self, frame: Frame, decision: Decision) -> tuple[list[Detection], str]:
        if decision.is_whole:
            return self._whole(frame), decision.kind
        still = [self._known[i] for i in decision.still]
        again = self._recheck(frame, [face.box for face in still])
        if not all(map(self._is_on_its_place, still, again)):
            return self._whole(frame), "whole"
        image = frame.showing([Box(*region) for region in decision.regions])
        found = []
        for left, top, right, bottom in decision.regions:
            (faces,) = self._detector.detect([image[top:bottom, left:right]])
            inside = [_moved(face, left, top) for face in faces]
            if any(_is_cut(face.box, (left, top, right, bottom), frame.size) for face in inside):
                return self._whole(frame), "whole"
            found += inside
        self._known = still + found
        return _largest_first(again + found), decision.kind

    def _is_on_its_place(self, before: Detection, again: Detection) -> bool:
        side = max(before.box.width, before.box.height)
        corners = zip(before.box.xyxy, again.box.xyxy, strict=True)
        is_near = all(abs(one - other) <= STAYS_WITHIN * side for one, other in corners)
        return is_near and again.score >= self._min_score

    def _recheck(self, frame: Frame, boxes: list[Box]) -> list[Detection]:
        if not boxes:
            return []
        image = frame.showing([box_around(box) for box in boxes])
        return self._detector.recheck(image, boxes)

    def _whole(self, frame: Frame) -> list[Detection]:
        (self._known,) = self._detector.detect([frame.image])
        return list(self._known)


def box_around(box: Box) -> Box:
    """Return what of a frame a look at a known face needs: the square about it, and 2 px more."""
    half = max(box.width, box.height) / 2 + 2
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    return Box(x - half, y - half, x + half, y + half)


def _is_cut(box: Box, region: Region, frame_size: tuple[int, int]) -> bool:
    """Return whether a face lies at a border of a region that is none of the frame's."""
    left, top, right, bottom = region
    width, height = frame_size
    return (
        (left > 0 and box.x1 <= left + 1)
        or (top > 0 and box.y1 <= top + 1)
        or (right < width and box.x2 >= right - 1)
        or (bottom < height and box.y2 >= bottom - 1)
    )


def _moved(face: Detection, left: int, top: int) -> Detection:
    """Return a face of a region as one of the frame."""
    box = face.box
    by = np.array([left, top], np.float32)
    moved = Box(box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top)
    return Detection(moved, face.score, face.landmarks + by)


def _largest_first(faces: list[Detection]) -> list[Detection]:
    return sorted(faces, key=lambda face: -face.box.width * face.box.height)
