"""Load the networks and compose them into a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from surveil.classify import Classifier
from surveil.detect import DetectionMode, Detector, MtcnnDetector, MtcnnNetworks
from surveil.engines import KeptNetworks, resolve_device
from surveil.intervals.smoothing import ScoreSmoother
from surveil.models import Precision, find_model
from surveil.models.taxonomy import find_taxonomy
from surveil.track import Tracker, TrackerOptions
from surveil.workers.host.lifeline import Telemetry
from surveil.workers.host.placement import threads_each, usable_cores
from surveil.workers.inferring.gated import GatedDetector
from surveil.workers.inferring.pipeline import EmotionClassifier, Pipeline

UNSURE_BY = 0.2
"""A face of a track may score this much less than the score that a track needs to begin."""


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """What counts as a face for one camera.

    Attributes:
        min_face_px: Smallest face looked for.
        min_score: Lowest detector score of a face that begins a track, 0..1.
    """

    min_face_px: int
    min_score: float


def build_pipeline(
    cameras: Mapping[str, FaceOptions],
    *,
    model: str,
    device: str,
    smoothing_tau_s: float,
    hysteresis: float,
    telemetry: Telemetry,
    threads: int | None = None,
    taxonomy: str | None = None,
    gated: Collection[str] = (),
    classify_after_s: float = 0.0,
    detection: DetectionMode = DetectionMode.EXACT,
    precision: Precision = Precision.FLOAT32,
    keep_in: Path | None = None,
) -> Pipeline:
    """Load and compile all networks; takes seconds.

    On a CPU, PyTorch is not imported.

    Args:
        cameras: Camera id to what counts as a face there.
        model: Name or path of the emotion model.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        smoothing_tau_s: Time constant of the scores of a track.
        hysteresis: Lead in score by which an emotion replaces a track's last one, 0..1.
        telemetry: For the pipeline's counters.
        threads: CPU threads; those of a host's only worker where None.
        taxonomy: Name of the expressions to tell apart; all that the model knows where None.
        gated: Cameras of which only those parts of a frame are looked at that may have changed. On
            a GPU, where frames of all cameras are looked at together, there is no gate.
        classify_after_s: A face that stands still is classified anew after so many seconds.
        detection: How exact it is; on a GPU always exact.
        precision: Of the classifier and of fast detection, on a CPU; a model that has no network
            in 8 bits runs in float32.
        keep_in: Folder where compiled networks are looked for and left, on a CPU.

    Raises:
        ConfigError: The device is not there.
        ModelError: The model is missing or damaged.
    """
    device = resolve_device(device)
    kept = KeptNetworks(keep_in) if keep_in is not None else None
    threads = threads or threads_each(1, usable_cores())
    classifier = Classifier.load(
        find_model(model),
        device,
        threads=threads,
        taxonomy=find_taxonomy(taxonomy) if taxonomy else None,
        precision=precision,
        kept=kept,
    )
    mode = detection if device == "cpu" else DetectionMode.EXACT
    networks = MtcnnNetworks.load(
        device=device,
        threads=threads,
        precision=precision if mode is DetectionMode.FAST else Precision.FLOAT32,
        kept=kept,
    )
    return compose_pipeline(
        cameras,
        classifier,
        networks,
        smoothing_tau_s=smoothing_tau_s,
        hysteresis=hysteresis,
        telemetry=telemetry,
        gated=gated if device == "cpu" else (),
        classify_after_s=classify_after_s,
        mode=mode,
    )


def compose_pipeline(
    cameras: Mapping[str, FaceOptions],
    classifier: EmotionClassifier,
    networks: MtcnnNetworks,
    *,
    smoothing_tau_s: float,
    hysteresis: float,
    telemetry: Telemetry,
    gated: Collection[str] = (),
    classify_after_s: float = 0.0,
    mode: DetectionMode = DetectionMode.EXACT,
) -> Pipeline:
    """Make a pipeline of networks that are loaded; arguments as of :func:`build_pipeline`."""
    shared: dict[FaceOptions, Detector] = {}
    for options in cameras.values():
        if options not in shared:
            shared[options] = MtcnnDetector(
                min_face_px=options.min_face_px,
                min_score=_lowest_score(options),
                mode=mode,
                networks=networks,
            )

    def make_tracker(camera: str, first_id: int) -> Tracker:
        start_score = cameras[camera].min_score
        return Tracker(TrackerOptions(start_score=start_score), first_id=first_id)

    def make_gated(camera: str) -> GatedDetector | None:
        if camera not in gated:
            return None
        options = cameras[camera]
        return GatedDetector(shared[options], _lowest_score(options))

    return Pipeline(
        {camera: shared[options] for camera, options in cameras.items()},
        classifier,
        make_tracker=make_tracker,
        make_smoother=lambda: ScoreSmoother(tau_s=smoothing_tau_s, hysteresis=hysteresis),
        telemetry=telemetry,
        make_gated=make_gated,
        classify_after_s=classify_after_s,
    )


def _lowest_score(options: FaceOptions) -> float:
    return max(options.min_score - UNSURE_BY, 0.0)
