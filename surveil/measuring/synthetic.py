"""Events made up for measurements: cameras that see two faces, second after second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from ulid import ULID

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)

VISIT_INTERVALS = 20
"""A face is seen for so many intervals, then another one comes."""
MODEL = "emotion-resnet18@0123456"


def make_events(
    cameras: list[str], count: int, began_at: datetime, *, faces: int = 2, seed: int = 1
) -> Iterator[Event]:
    """Yield events as a fleet sends them at 5 fps: by turns, an interval a second and camera.

    Args:
        cameras: Each gets one run, which begins with the state ``live``.
        count: Of all events together; the same for the same arguments, but for the runs' ids.
        began_at: When the first interval begins; the events cover ``count / len(cameras)`` seconds.
        faces: In each interval.
        seed: Of scores and boxes.
    """
    random = Random(seed)  # noqa: S311  (no secret is made of it)
    runs = {camera: str(ULID.from_datetime(began_at)) for camera in cameras}
    for index in range(count):
        second, place = divmod(index, len(cameras))
        camera = cameras[place]
        if second == 0:
            run, live = runs[camera], CameraState.LIVE
            yield CameraEvent(camera, run, 1, began_at, live, Reason.NONE)
            continue
        first_id = 1 + (second - 1) // VISIT_INTERVALS * faces
        yield IntervalEvent(
            camera=camera,
            run=runs[camera],
            seq=second + 1,
            from_at=began_at + timedelta(seconds=second - 1),
            to_at=began_at + timedelta(seconds=second),
            frames=FrameCounts(captured=25, sampled=5, analysed=5),
            tracks=tuple(make_vote(first_id + i, random) for i in range(faces)),
            model=MODEL,
        )


def make_vote(track_id: int, random: Random) -> TrackVote:
    """Return a face's vote with made-up scores and box."""
    weights = [random.random() ** 3 for _ in EMOTIONS]
    scores = tuple(weight / sum(weights) for weight in weights)
    best = max(range(len(scores)), key=scores.__getitem__)
    left, top = random.uniform(0, 0.8), random.uniform(0, 0.7)
    emotion: Emotion = EMOTIONS[best]
    return TrackVote(
        track_id=track_id,
        frames=5,
        box=Box(left, top, left + 0.1, top + 0.2),
        score=random.uniform(0.9, 1.0),
        face_px=random.randrange(40, 200),
        emotion=emotion,
        confidence=scores[best],
        scores=scores,
    )
