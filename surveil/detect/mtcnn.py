"""MTCNN as a detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from surveil.boxes import areas, as_box, clip
from surveil.detect.again import look_again
from surveil.detect.area import AreaSampler
from surveil.detect.cascade import Candidates, Floats, finish, propose, refine
from surveil.detect.fast import REFINED_ABOVE, propose_on_canvas
from surveil.detect.halving import HalvingSampler
from surveil.detect.mode import DetectionMode
from surveil.detect.networks import MtcnnNetworks
from surveil.detect.scales import CELL_PX
from surveil.domain import Box, Detection

PIXELS_AT_ONCE = 4 * 1920 * 1080
"""Frames of a batch that are worked on together; bounds memory to some 120 bytes a pixel."""


class MtcnnDetector:
    """Face detection with MTCNN's networks and weights, in batches of frames of any sizes.

    In exact detection it finds on a single frame what ``facenet_pytorch.MTCNN.detect`` finds with
    the same smallest face, with boxes clipped to the frame. Frames too small for a face have none.

    Args:
        min_face_px: Smallest face looked for, in pixels, at least 12. Time grows with its inverse
            square.
        min_score: Faces with a lower score are left out; MTCNN itself gives none below 0.7.
        mode: How exact it is.
        networks: Compiled networks, which detectors with different settings may share.
        device: Where to run, if no networks are given: ``cpu`` or ``cuda:N``.
        threads: CPU threads, if no networks are given.

    Raises:
        ValueError: ``min_face_px`` is below 12, the size of P-Net's window.
    """

    def __init__(
        self,
        *,
        min_face_px: int = 40,
        min_score: float = 0.0,
        mode: DetectionMode = DetectionMode.EXACT,
        networks: MtcnnNetworks | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        if min_face_px < CELL_PX:
            raise ValueError(f"min_face_px is {min_face_px}; MTCNN finds none below {CELL_PX} px")
        self.min_face_px = min_face_px
        self.min_score = min_score
        self.mode = mode
        self._networks = networks or MtcnnNetworks.load(device=device, threads=threads)

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """See :class:`~surveil.detect.detector.Detector`."""
        found: list[list[Detection]] = []
        for batch in _bounded(frames):
            found.extend(self._detect_batch(batch))
        return found

    def recheck(self, frame: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Detection]:
        """See :class:`~surveil.detect.detector.Detector`."""
        sampler = HalvingSampler if self.mode is DetectionMode.FAST else AreaSampler
        return look_again(frame, boxes, self._networks, sampler)

    def _detect_batch(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        detections: list[list[Detection]] = [[] for _ in frames]
        large = [i for i, frame in enumerate(frames) if min(frame.shape[:2]) >= self.min_face_px]
        cascade = self._fast if self.mode is DetectionMode.FAST else self._exact
        faces, landmarks = cascade([frames[i] for i in large])
        order = np.argsort(-areas(faces.boxes), kind="stable")
        for face in order[faces.scores[order] >= self.min_score]:
            number = large[faces.frames[face]]
            height, width = frames[number].shape[:2]
            box = clip(faces.boxes[face : face + 1], width=width, height=height)
            if areas(box)[0] > 0:
                score = float(faces.scores[face])
                detections[number].append(Detection(as_box(box[0]), score, landmarks[face]))
        return detections

    def _exact(self, frames: Sequence[NDArray[np.uint8]]) -> tuple[Candidates, Floats]:
        samplers = [AreaSampler(frame) for frame in frames]
        candidates = propose(samplers, self._networks, self.min_face_px)
        candidates = refine(candidates, samplers, self._networks)
        return finish(candidates, samplers, self._networks)

    def _fast(self, frames: Sequence[NDArray[np.uint8]]) -> tuple[Candidates, Floats]:
        samplers = [HalvingSampler(frame) for frame in frames]
        candidates = propose_on_canvas(samplers, self._networks, self.min_face_px)
        candidates = refine(candidates, samplers, self._networks, above=REFINED_ABOVE)
        return finish(candidates, samplers, self._networks)


def _bounded(
    frames: Sequence[NDArray[np.uint8]],
) -> Iterator[list[NDArray[np.uint8]]]:
    """Yield the frames in order, as many at once as may be worked on together."""
    batch: list[NDArray[np.uint8]] = []
    pixels = 0
    for frame in frames:
        size = frame.shape[0] * frame.shape[1]
        if batch and pixels + size > PIXELS_AT_ONCE:
            yield batch
            batch, pixels = [], 0
        batch.append(frame)
        pixels += size
    if batch:
        yield batch
