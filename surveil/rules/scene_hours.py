"""What is usual at the cameras of a test of rules: hours of scenes, summed up as SQL would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from surveil.domain import EMOTIONS
from surveil.rules.baselines import HOUR_S, Baseline, Lookback, hour_of
from surveil.rules.scenes import SEEN, Scene, length_s, scores_of

_NONE = (0,) * len(EMOTIONS)


@dataclass(slots=True)
class _Hour:
    analysed_s: float = 0.0
    votes: list[int] = field(default_factory=lambda: [0] * len(EMOTIONS))
    score_sums: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))


class SceneBaselines:
    """A :class:`surveil.rules.baselines.Baselines` of scenes.

    Args:
        interval_s: Length of the intervals of which scenes consist.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._hours: dict[tuple[str, datetime], _Hour] = {}

    def add(self, camera: str, scenes: tuple[Scene, ...], start_at: datetime) -> None:
        """Add the scenes of a camera, of which the first begins at an instant."""
        begin_s = start_at.timestamp()
        for scene in scenes:
            end_s = begin_s + scene.lasts_s
            while begin_s < end_s:
                hour_at = hour_of(begin_s)
                until_s = min(end_s, (hour_at + timedelta(seconds=HOUR_S)).timestamp())
                hour = self._hours.setdefault((camera, hour_at), _Hour())
                self._add(hour, scene, until_s - begin_s)
                begin_s = until_s

    def add_before(self, camera: str, scenes: tuple[Scene, ...], start_at: datetime) -> None:
        """Add scenes that end at an instant."""
        self.add(camera, scenes, start_at - timedelta(seconds=length_s(scenes)))

    def find(self, camera: str, lookback: Lookback, hour_at: datetime) -> Baseline | None:
        """Return what is usual; never None."""
        hours = lookback.hours(hour_at)
        known = [self._hours[camera, at] for at in hours if (camera, at) in self._hours]
        return Baseline(
            hours=len(hours),
            analysed_s=sum(hour.analysed_s for hour in known),
            votes=tuple(map(sum, zip(*(hour.votes for hour in known), strict=True))) or _NONE,
            score_sums=tuple(map(sum, zip(*(hour.score_sums for hour in known), strict=True)))
            or _NONE,
        )

    def _add(self, hour: _Hour, scene: Scene, lasts_s: float) -> None:
        if scene.state not in SEEN:
            return
        hour.analysed_s += lasts_s
        count = round(lasts_s / self._interval_s)
        for emotion, confidence in scene.faces:
            hour.votes[EMOTIONS.index(emotion)] += count
            for place, score in enumerate(scores_of(emotion, confidence)):
                hour.score_sums[place] += count * score
