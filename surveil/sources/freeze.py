"""Tell a frozen picture from a quiet scene. Pure.

A camera whose sensor hangs goes on sending the same picture with fresh time stamps. A quiet scene
looks alike: encoders skip what does not change, so pictures between two key frames may be identical
for seconds. But a key frame is coded anew from the sensor, whose noise never repeats. So, of the
pictures that are sampled and of key frames:

* any picture whose coarse luma (8 x 8 means) moves restarts the clock;
* so does a key frame whose fine luma (64 x 64 single pixels) differs from that of the key frame
  before it by more than a tenth of a grey level on average;
* the picture is frozen once nothing restarted the clock for the time-out and at least two key
  frames vouch for it, or, in streams with endless groups of pictures, for four times as long.

An encoder that codes one frozen picture ever differently at key frames is missed, a synthetic scene
without any noise is reported; the first is the lesser evil, the second is a test picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID = 64
_COARSE = 8
_COARSE_LEVELS = 1.5
_FINE_LEVELS = 0.1
_KEY_FRAMES = 2
_PATIENCE = 4.0


class FreezeWatch:
    """Watches the pictures of one run; a time-out of 0 never finds one frozen."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._coarse: NDArray[np.float32] | None = None
        self._fine: NDArray[np.int16] | None = None
        self._since_s = 0.0
        self._key_frames = 0

    def observe(self, luma: NDArray[np.uint8], *, is_key: bool, now_s: float) -> bool:
        """Return whether the picture is frozen.

        Args:
            luma: Point samples of the picture, shape ``(GRID, GRID)``, in any pixel format's terms.
            is_key: The picture was coded without reference to others.
            now_s: Monotonic seconds.
        """
        if self._timeout_s <= 0:
            return False
        side = GRID // _COARSE
        coarse = luma.reshape(_COARSE, side, _COARSE, side).mean(axis=(1, 3), dtype=np.float32)
        is_changed = self._coarse is None or np.abs(coarse - self._coarse).max() > _COARSE_LEVELS
        if is_key:
            fine = luma.astype(np.int16)
            if self._fine is not None and np.abs(fine - self._fine).mean() > _FINE_LEVELS:
                is_changed = True
            self._fine = fine
        if is_changed:
            # Kept as the reference until the next change, so that slow motion adds up.
            self._coarse = coarse
            self._since_s = now_s
            self._key_frames = 0
        self._key_frames += is_key
        patience = 1.0 if self._key_frames >= _KEY_FRAMES else _PATIENCE
        return now_s - self._since_s >= self._timeout_s * patience


def sample_luma(plane: memoryview, line_bytes: int) -> NDArray[np.uint8]:
    """Return ``GRID`` x ``GRID`` bytes spread evenly over a picture's first plane, as a copy.

    The first plane is luma in every YUV format; elsewhere any of its bytes do as well.
    """
    line_bytes = abs(line_bytes)
    height = plane.nbytes // line_bytes
    rows = np.frombuffer(plane, np.uint8)[: line_bytes * height].reshape(height, line_bytes)
    y = (np.arange(GRID) * height + height // 2) // GRID
    x = (np.arange(GRID) * line_bytes + line_bytes // 2) // GRID
    return rows[np.ix_(y, x)]
