"""How many operations the work on given material takes: what a noisy machine cannot blur.

Processor time differs from hour to hour; counts do not. They grow when a change makes the networks
look at more, or the store ask more often.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveil.classify import Classifier
from surveil.config.schema import Inference
from surveil.detect import DetectionMode, MtcnnNetworks
from surveil.engines import Network
from surveil.engines.overheard import Overheard
from surveil.measuring.pictures import options_of, use_one_thread
from surveil.measuring.report import Figure, Report
from surveil.measuring.synthetic import make_events
from surveil.models import find_model
from surveil.simulate.examples import CLIPS
from surveil.sources.files import read_file
from surveil.store import migrate
from surveil.store.engine import connect, writing
from surveil.store.ingest import write_batch
from surveil.store.statements import counting_statements
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.building import FaceOptions, compose_pipeline
from surveil.workers.inferring.pipeline import Pipeline
from surveil.workers.recording.recorder import BATCH_EVENTS

SAMPLE_FPS = 5.0
MIN_FACE_PX = 40
MIN_SCORE = 0.9
CAMERAS = 16
BEGAN_AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""Far from the end of an hour or day, at which a store has more to do."""

FIGURES = (Figure("what", "what"), Figure("count", "count", 0))
NOTES = (
    "In float32, which counts alike on every processor. Of the frames of a clip at 5 fps, and of "
    "three batches of events into a new SQLite database.",
)


def count_operations() -> Report:
    """Count what each way of detection and the store do on material that comes with surveil."""
    counts = {**_of_frames(), **_of_batches()}
    rows = [{"what": what, "count": count} for what, count in counts.items()]
    return Report("operations", {"clip": next(iter(CLIPS))}, FIGURES, rows, NOTES)


class _CountedClassifier:
    """A classifier that counts the faces it is given."""

    def __init__(self, classifier: Classifier, counts: Counter[str]) -> None:
        self._classifier, self._counts = classifier, counts
        self.name = classifier.name

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self._counts["faces classified"] += len(crops)
        return self._classifier.classify(crops)


def _of_frames() -> Mapping[str, int]:
    use_one_thread()
    classifier = Classifier.load(find_model("emotion-resnet18"))
    frames = list(read_file(options_of(next(iter(CLIPS.values())), SAMPLE_FPS)))
    found: dict[str, int] = {"frames": len(frames)}
    for mode, is_gated in (
        (DetectionMode.EXACT, False),
        (DetectionMode.FAST, False),
        (DetectionMode.FAST, True),
    ):
        counts: Counter[str] = Counter()
        pipeline = _pipeline(mode, is_gated, classifier, counts)
        for frame in frames:
            pipeline.process([frame])
        name = f"{mode.value}{', gate' if is_gated else ''}"
        found |= {f"{name}: {what}": count for what, count in sorted(counts.items())}
    return found


def _pipeline(
    mode: DetectionMode, is_gated: bool, classifier: Classifier, counts: Counter[str]
) -> Pipeline:
    def overheard(name: str, network: Network) -> Network:
        def count(batch: NDArray[np.float32]) -> None:
            counts[f"{name} calls"] += 1
            counts[f"{name} pixels"] += batch.shape[0] * batch.shape[1] * batch.shape[2]

        return Overheard(network, count)

    plain, served = MtcnnNetworks.load(threads=1), Inference()
    return compose_pipeline(
        dict.fromkeys(CLIPS, FaceOptions(MIN_FACE_PX, MIN_SCORE)),
        _CountedClassifier(classifier, counts),
        MtcnnNetworks(
            proposal=overheard("P-Net", plain.proposal),
            refinement=overheard("R-Net", plain.refinement),
            output=overheard("O-Net", plain.output),
        ),
        smoothing_tau_s=served.smoothing_tau_s,
        hysteresis=served.hysteresis,
        telemetry=LocalTelemetry(),
        gated=CLIPS if is_gated else (),
        classify_after_s=served.classify_after_s if is_gated else 0.0,
        mode=mode,
    )


def _of_batches() -> Mapping[str, int]:
    cameras = [f"camera-{number}" for number in range(CAMERAS)]
    events = list(make_events(cameras, 4 * BATCH_EVENTS, BEGAN_AT))
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as folder:
        database = connect(f"sqlite:///{Path(folder) / 'counted.db'}")
        try:
            migrate.upgrade(database)
            with writing(database) as connection:  # makes what is made once
                write_batch(connection, events[:BATCH_EVENTS])

            with counting_statements(database) as statements:
                for start in range(BATCH_EVENTS, len(events), BATCH_EVENTS):
                    with writing(database) as connection:
                        write_batch(connection, events[start : start + BATCH_EVENTS])
        finally:
            database.dispose()
    return {"store: statements": statements.sent}
