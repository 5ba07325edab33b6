"""What detectors of tests have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kit.boxes import as_array, iou_matrix
from surveil.domain import Box, Detection


class ByDetecting(ABC):
    """Looks again at faces by looking for all: a box gets the face that covers it best."""

    @abstractmethod
    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]: ...

    def recheck(self, frame: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Detection]:
        (faces,) = self.detect([frame])
        gone = [Detection(box, 0.0, np.zeros((5, 2), np.float32)) for box in boxes]
        if not faces:
            return gone
        ious = iou_matrix(as_array(boxes), as_array(face.box for face in faces))
        return [faces[row.argmax()] if row.max() > 0 else gone[box] for box, row in enumerate(ious)]
