"""The contract of a face detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Detection


class Detector(Protocol):
    """Finds the faces in each of a batch of frames.

    Called in the inference process by one thread at a time, once per batch. A detector remembers
    nothing of earlier frames, and what it finds in one frame does not depend on the frames beside
    it.

    How it finds them is its own affair: which networks, on which engine, and where their pictures
    and boxes lie meanwhile. A cascade whose stages hand tensors on without leaving the GPU is
    another class with this one method; frames go in and detections come out on the host, and only
    those. Cameras with other settings have other detectors, which may share compiled networks.
    """

    def detect(self, frames: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """Return the faces of each frame.

        Args:
            frames: RGB images, shape ``(H, W, 3)`` each, of any sizes mixed; none is fine too. Read
                only.

        Returns:
            One list per frame, largest face first, empty where there is none or where the frame is
            too small to hold one. Boxes are in pixels of their frame, clipped to it, and have an
            area.

        Raises:
            DeviceMemoryError: The frames do not fit into the device's memory at once; fewer may.
        """
        ...
