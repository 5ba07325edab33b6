"""What a tracker can be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """Options of a tracker. Lengths are in sizes: the longer side of the face, about 0.2 m.

    Attributes:
        start_score: Detections below it continue a track and never start one, 0..1.
        confirm_within_s: A face becomes a track when it is seen a second time within so long, so
            that a single false detection is no visit.
        keep_lost_s: How long a track that is not seen is waited for.
        start_speed: Speed of a face seen for the first time, one standard deviation, in sizes/s.
            People walk at 1 to 2 m/s, which is 5 to 10 sizes/s across the picture.
        agility: Change of speed, as spectral density of white noise acceleration in size^2/s^3:
            after a second, the speed is uncertain by its root.
        box_noise: Scatter of a detection's centre, in sizes (MTCNN on sharp faces: 0.03 to 0.06).
        size_noise: Scatter of the logarithm of a detection's size.
        gate_sigmas: A detection further from where a track may be is not it; in standard deviations
            of the prediction.
        gate_least: The gate's lower bound, in sizes: no prediction is better than this.
        gate_most: The gate's upper bound, in sizes: a lost track must not reach for every newcomer.
        stop_within_s: Up to this time since it was last seen, a face may be anywhere between there
            and its prediction: people stop at once.
        size_ratio: Largest ratio between the sizes of a track and of a detection that is it.
    """

    start_score: float = 0.9
    confirm_within_s: float = 1.0
    keep_lost_s: float = 2.0
    start_speed: float = 4.0
    agility: float = 20.0
    box_noise: float = 0.06
    size_noise: float = 0.1
    gate_sigmas: float = 3.0
    gate_least: float = 0.8
    gate_most: float = 2.5
    stop_within_s: float = 0.5
    size_ratio: float = 1.8
