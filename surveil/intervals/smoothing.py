"""Smooth the scores of each track over time."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, Emotion
from surveil.intervals.hysteresis import MAX_TRACKS, follow


@dataclass(slots=True)
class _State:
    scores: NDArray[np.float32]
    at_s: float
    label: int


class ScoreSmoother:
    """An exponential filter per track, in time rather than in frames. Pure: time is an argument.

    It is the exact solution of ``tau ds/dt = x - s`` with each observation ``x`` held over the time
    since the one before. So the result does not depend on the frame rate: two updates with equal
    scores do what one at the later time does, and after a long gap the past counts for nothing.

    Args:
        tau_s: Time constant; after it, 63% of a change has come through. 0 smooths nothing.
        hysteresis: A track's emotion changes only when another one's smoothed score is ahead of it
            by more than this, 0..1, so that it does not flicker between two close ones.

    Of more than ``MAX_TRACKS`` tracks, the one updated longest ago is forgotten.
    """

    def __init__(self, *, tau_s: float, hysteresis: float) -> None:
        if tau_s < 0 or not 0 <= hysteresis <= 1:
            raise ValueError("tau_s >= 0 and 0 <= hysteresis <= 1 are needed")
        self._tau_s = tau_s
        self._hysteresis = hysteresis
        self._states: OrderedDict[int, _State] = OrderedDict()

    def update(
        self, track_id: int, scores: NDArray[np.float32], at_s: float
    ) -> NDArray[np.float32]:
        """Take in the scores of a track's face and return its smoothed ones.

        Args:
            track_id: The track; its first scores come back as they are.
            scores: Shape ``(7,)``, sum 1.
            at_s: Monotonic seconds of the frame. A frame that is not later than the one before has
                no time to be held for, and changes nothing.

        Returns:
            Shape ``(7,)``, sum 1; the caller's to keep.
        """
        state = self._states.get(track_id)
        if state is None:
            state = _State(scores.astype(np.float32), at_s, int(scores.argmax()))
            self._states[track_id] = state
            if len(self._states) > MAX_TRACKS:
                self._states.popitem(last=False)
            return state.scores.copy()
        self._states.move_to_end(track_id)
        elapsed_s = max(at_s - state.at_s, 0.0)
        share = 1.0
        if self._tau_s > 0:
            share = -math.expm1(-elapsed_s / self._tau_s)
        state.scores = np.asarray(state.scores + share * (scores - state.scores), dtype=np.float32)
        state.at_s = max(at_s, state.at_s)
        state.label = follow(state.scores.tolist(), state.label, self._hysteresis)
        return state.scores.copy()

    def emotion(self, track_id: int) -> Emotion:
        """Return a track's emotion after hysteresis.

        Raises:
            KeyError: The track is unknown or forgotten.
        """
        return EMOTIONS[self._states[track_id].label]
