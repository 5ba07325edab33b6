"""What a tracker can be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """Options of a tracker. Lengths are in sizes: the longer side of the face, about 0.2 m.

    Attributes:
        start_score: Detections below it continue a track and never start one, 0..1.
        confirm_within_s: A face becomes a track when it is seen a second time within so long (or
            in the next frame, where frames are further apart), so that a single false detection
            is no visit.
        keep_lost_s: How long a track that is not seen is waited for, whether frames come or not.
        start_speed: Speed of a face seen for the first time, one standard deviation, in sizes/s.
            People walk at 1 to 2 m/s, which is 5 to 10 sizes/s across the picture.
        agility: Change of speed, as spectral density of white noise acceleration in size^2/s^3:
            after a second, the speed is uncertain by its root. It is learnt for each face,
            beginning with this.
        least_agility: Of a face that stands.
        most_agility: Of a face that hurries.
        box_noise: Scatter of a detection's centre, in sizes (MTCNN: 0.01 on still
            faces, more on people who walk).
        size_noise: Scatter of the logarithm of a detection's size.
        stop_share: How often a face stops between two detections rather than moving on.
        start_share: How often a face takes on another speed at once, as ``start_speed`` says.
        hidden_share: How often a detection shows but a part of a face, and so another size.
        reach: A detection further than this from a track's way is not it, in sizes.
        size_ratio: Largest ratio between the sizes of a track and of a detection that is it.
        enter_rate: Faces that appear in a frame within ``edge`` sizes of the picture's edge, per
            square size of the picture and e-fold of size. The edge of a 720p picture has some 80
            square sizes; one newcomer in every frame, in 2 e-folds, makes 6e-3.
        appear_rate: The same for the rest of the picture, where people only turn around.
        edge: In sizes, from the edge of the face to that of the picture.
        seen_again: How often a face seen in the last frame is detected in this one.
        found_again: How often a face not seen in the last frame is detected in this one.
    """

    start_score: float = 0.9
    confirm_within_s: float = 1.0
    keep_lost_s: float = 2.0
    start_speed: float = 4.0
    agility: float = 2.0
    least_agility: float = 0.6
    most_agility: float = 10.0
    box_noise: float = 0.04
    size_noise: float = 0.04
    stop_share: float = 0.1
    start_share: float = 0.03
    hidden_share: float = 0.005
    reach: float = 3.0
    size_ratio: float = 1.8
    enter_rate: float = 1e-2
    appear_rate: float = 3e-5
    edge: float = 1.5
    seen_again: float = 0.9
    found_again: float = 0.3
