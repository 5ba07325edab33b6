"""Where a face is, how fast it moves, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from surveil.domain import Box
from surveil.track.options import TrackerOptions

SIZE_DRIFT = 0.12
"""Change of the logarithm of the size in a second, one standard deviation: somebody who walks up
to a camera at 1 m/s, 5 to 10 m away."""

SUDDEN = 4.0
"""A detection further than so many standard deviations from its prediction is a change of speed."""

CALM_S = 0.25
"""How long what was learnt of a face's agility holds out of sight: a frame, at five a second."""
LEARNING = 0.25
EXCESS = 4.0
"""By which power of e the agility changes per detection, and the most surprise it learns from."""


def centre_of(box: Box) -> NDArray[np.float64]:
    """Return the centre of a box, ``x, y``."""
    return np.array([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2])


def size_of(box: Box) -> float:
    """Return the longer side of a box: the frame's edge cuts the shorter one first."""
    return max(box.width, box.height)


class Motion:
    """A Kalman filter with constant velocity and white noise acceleration.

    x and y are independent and equally uncertain, so that one 2 x 2 covariance of position and
    velocity serves both. Noise is proportional to the face's size, as a near face moves further in
    the picture. The size is filtered by itself, as the random walk of its logarithm. The model is
    in Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and Navigation,
    section 6.2; pixels and seconds.
    """

    def __init__(self, box: Box, options: TrackerOptions) -> None:
        self._options = options
        self.position = centre_of(box)
        self.velocity = np.zeros(2)
        self.last_seen_position = self.position
        self.unseen_s = 0.0
        self._log_size = math.log(max(size_of(box), 1.0))
        self._size_variance = options.size_noise**2
        self._pp = (options.box_noise * self.size) ** 2
        self._pv = 0.0
        self._vv = (options.start_speed * self.size) ** 2
        self._agility = options.agility
        self._is_settled = False

    @property
    def size(self) -> float:
        """The longer side of the face in pixels."""
        return math.exp(self._log_size)

    @property
    def size_deviation(self) -> float:
        """Standard deviation between the logarithms of the size and of a detection's size."""
        return math.sqrt(self._size_variance + self._options.size_noise**2)

    @property
    def deviation(self) -> float:
        """Standard deviation between prediction and detection in sizes, per axis."""
        return math.sqrt(self._pp / self.size**2 + self._options.box_noise**2)

    def predict(self, by_s: float) -> None:
        """Move on by so many seconds."""
        calm_s = min(max(CALM_S - self.unseen_s, 0.0), by_s)
        self._predict(calm_s, self._agility)
        # Out of sight for longer, a face that stood may do anything.
        self._predict(by_s - calm_s, max(self._agility, self._options.agility))

    def _predict(self, by_s: float, agility: float) -> None:
        noise = agility * self.size**2
        self.unseen_s += by_s
        self.position = self.position + self.velocity * by_s
        self._pp += by_s * (2 * self._pv + by_s * self._vv) + noise * by_s**3 / 3
        self._pv += by_s * self._vv + noise * by_s**2 / 2
        self._vv += noise * by_s
        self._size_variance += SIZE_DRIFT**2 * by_s

    def correct(self, box: Box) -> None:
        """Take in a detection. One far from the prediction starts the velocity anew."""
        seen = centre_of(box)
        surprise = math.dist(seen, self.position) / (self.deviation * self.size)
        if surprise > SUDDEN:
            self._restart()
        elif self._is_settled:
            self._adapt(surprise)
        self._is_settled = True
        total = (self.deviation * self.size) ** 2
        gain, velocity_gain = self._pp / total, self._pv / total
        self.position, self.velocity = (
            self.position + gain * (seen - self.position),
            self.velocity + velocity_gain * (seen - self.position),
        )
        self._vv -= velocity_gain * self._pv
        self._pv *= 1 - gain
        self._pp *= 1 - gain
        size_gain = self._size_variance / self.size_deviation**2
        self._log_size += size_gain * (math.log(max(size_of(box), 1.0)) - self._log_size)
        self._size_variance *= 1 - size_gain
        self.last_seen_position = seen
        self.unseen_s = 0.0

    def _adapt(self, surprise: float) -> None:
        """Learn how agile this face is from how well it was predicted.

        A face that stands still is soon expected to stay, so that somebody who passes before it is
        not mistaken for it; one that bobs as it walks gets room. In two dimensions, the square of
        the surprise is 2 in the mean where the agility is right (covariance matching; Mehra, 1972).
        """
        options = self._options
        excess = min(surprise**2 / 2, EXCESS) - 1
        learnt = self._agility * math.exp(LEARNING * excess)
        self._agility = min(max(learnt, options.least_agility), options.most_agility)

    def _restart(self) -> None:
        """Predict again from where the face was last seen, as if it had been seen but once."""
        start = self._options.start_speed * self.size
        self.position, self.velocity = self.last_seen_position, np.zeros(2)
        self._pp = (self._options.box_noise * self.size) ** 2 + (start * self.unseen_s) ** 2
        self._pv = start**2 * self.unseen_s
        self._vv = start**2
