"""The views on the past that measures read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from surveil.domain import Emotion
from surveil.rules.baselines import NO_BASELINES, Baseline, Baselines, Lookback, hour_of
from surveil.rules.listening import Listening
from surveil.rules.past import CameraPast
from surveil.rules.presence import Word
from surveil.rules.reading import Silence, Vote
from surveil.rules.windows import EPSILON_S

BEFORE_S = 5.0
"""How far before a window a track's votes tell whether what it shows is new.

Longer than the tracker remembers a face that it lost, and within what the engine keeps."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """The past of one key at one instant; a :class:`surveil.rules.reading.View`.

    Attributes:
        pasts: Of the cameras that the key spans; one but for a site.
        until_s: Instant of the evaluation.
        clock_s: The latest instant known, for silences; not before ``until_s``.
        listening: Since when silence means something.
        track: ``(run, track_id)`` where the key is a track.
        cameras: Ids of the cameras, in the same order.
        history: Who knows what is usual at them.
    """

    pasts: Sequence[CameraPast]
    until_s: float
    clock_s: float
    listening: Listening
    track: tuple[str, int] | None = None
    cameras: Iterable[str] = ()
    history: Baselines = NO_BASELINES

    def coverage(self, over_s: float) -> float:
        """Return the analysed part of the window, 0..1, mean over the cameras."""
        covered_s = sum(past.window.look(self.until_s, over_s).covered_s for past in self.pasts)
        return covered_s / (over_s * len(self.pasts)) + EPSILON_S if self.pasts else 0.0

    def votes(self, over_s: float) -> list[Vote]:
        """Return the key's votes in the window."""
        return [
            vote
            for past in self.pasts
            for sample in past.window.look(self.until_s, over_s).members
            for vote in sample.votes
            if self._is_mine(vote)
        ]

    def face_counts(
        self, over_s: float, emotion: Emotion | None = None, least: float = 0.0
    ) -> list[list[int]]:
        """Return per camera how many of the key's faces show it, by analysed interval."""
        looks = [past.window.look(self.until_s, over_s) for past in self.pasts]
        if self.track is None:
            return [look.counts(emotion, least) for look in looks]
        return [
            [
                sum(
                    self._is_mine(vote)
                    and (emotion is None or vote.emotion == emotion)
                    and vote.confidence >= least
                    for vote in sample.votes
                )
                for sample in look.members
            ]
            for look in looks
        ]

    def beginnings(self, over_s: float, is_on: Callable[[Vote], bool]) -> int:
        """Return how often the votes of one of the key's tracks became such ones."""
        count = 0
        for past in self.pasts:
            was_on: dict[tuple[str, int], bool] = {}
            inside = {id(sample) for sample in past.window.look(self.until_s, over_s).members}
            for sample in past.window.look(self.until_s, over_s + BEFORE_S).members:
                for vote in filter(self._is_mine, sample.votes):
                    track = (vote.run, vote.track_id)
                    begins = is_on(vote) and not was_on.get(track, False)
                    count += begins and id(sample) in inside
                    was_on[track] = is_on(vote)
        return count

    def baselines(self, lookback: Lookback) -> list[Baseline | None]:
        """Return what is usual at each camera in the hour of the evaluation."""
        hour_at = hour_of(self.until_s)
        return [self.history.find(camera, lookback, hour_at) for camera in self.cameras]

    def blindness(self) -> Silence:
        """Return for how long no frame of any of the cameras was analysed."""
        seen = [past.window.analysed_s for past in self.pasts]
        last_s = max((one for one in seen if one is not None), default=-inf)
        since_s = max(
            self.listening.counts_from_s(self.clock_s),
            *(past.presence.ready_s for past in self.pasts),
        )
        return self._silence(
            last_s, since_s, is_excused=all(past.is_excused(self.clock_s) for past in self.pasts)
        )

    def absence(self) -> Silence:
        """Return for how long inference spoke of one of the cameras not at all, the longest.

        A camera without a picture has told so itself, a file at its end has nothing to tell, and
        a camera that never came tells nothing of inference as long as others do.
        """
        heard = [
            past.presence.spoken_s
            for past in self.pasts
            if past.presence.word in (Word.WATCHED, Word.ABSENT)
        ]
        if not self.listening.is_ready(self.clock_s):
            heard.append(None)
        last_s = min((-inf if one is None else one for one in heard), default=self.clock_s)
        return self._silence(last_s, self.listening.since_s)

    def _silence(self, last_s: float, since_s: float, *, is_excused: bool = False) -> Silence:
        total_s = max(0.0, self.clock_s - last_s)
        watched_s = min(total_s, max(0.0, self.clock_s - since_s))
        return Silence(total_s, watched_s, is_excused)

    def _is_mine(self, vote: Vote) -> bool:
        return self.track is None or (vote.run, vote.track_id) == self.track
