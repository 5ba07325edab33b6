"""The contract of a face detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box, Detection


class Detector(Protocol):
    """Finds the faces in each of a batch of frames, and looks again at faces that are known.

    Called in the inference process by one thread at a time. A detector remembers nothing of earlier
    frames, and what it finds in one frame does not depend on the frames beside it.

    How it finds them is its own affair: which networks, on which engine, and where their pictures
    and boxes lie meanwhile. A cascade whose stages hand tensors on without leaving the GPU is
    another class with these methods; frames go in and detections come out on the host, and only
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

    def recheck(self, frame: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Detection]:
        """Look again at the places of known faces: the square about each, and a pixel around it.

        It costs a small part of :meth:`detect`, whatever the size of the frame, and serves faces
        that stand still. A face that moved by more than a tenth of its side is found badly or not
        at all; who comes new is not seen.

        Boxes come out within some 3% of a face's height of those that :meth:`detect` gives (the
        median; 6% at the 95th percentile), and near where they went in if nothing moved. Go on from
        the boxes of the last :meth:`detect`: from its own answers it drifts off a face in some 30
        repetitions for 3 faces of 100.

        Args:
            frame: RGB image, shape ``(H, W, 3)``. Read only.
            boxes: Faces as found in an earlier frame of this size, in pixels.

        Returns:
            One detection for each box, in the same order, with its new box in pixels, clipped to
            the frame, its score and its landmarks. **The score tells whether the face is still
            there**: 0 to 1, also below the detector's lowest score. A place without a pixel in the
            frame has a score of 0, and the box that was given, clipped.

        Raises:
            DeviceMemoryError: The boxes do not fit into the device's memory at once; fewer may.
        """
        ...
