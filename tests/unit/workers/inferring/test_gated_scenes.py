"""What is hard for a gate: lamps, rain, shaking, cuts and crowds, with faces that are squares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from kit.squares import SquareDetector, add_squares, boxes, frame_of, picture
from numpy.typing import NDArray

from surveil.domain import Frame
from surveil.intervals.smoothing import ScoreSmoother
from surveil.track import Tracker
from surveil.workers.host.lifeline import LocalTelemetry
from surveil.workers.inferring.gated import GatedDetector
from surveil.workers.inferring.pipeline import Pipeline

FRAME_PX = 1280 * 720
STANDS = (200, 300, 80)


def watch(pictures: Iterable[NDArray[np.uint8]]) -> tuple[list[str], list[float]]:
    """Look at pictures 0.2 s apart; each face must be found in each, at a bounded cost.

    Returns:
        The kind of each decision, and which part of its frame was looked at; a frame whose parts
        did not do is looked at whole as well.
    """
    detector, plain = SquareDetector(), SquareDetector()
    gated = GatedDetector(detector, 0.7)
    kinds, parts = [], []
    for index, image in enumerate(pictures):
        before = sum(detector.pixels)
        faces, kind = gated.detect(frame_of(image, 0.2 * index))
        assert sorted(boxes(faces)) == sorted(boxes(plain.detect([image])[0])), index
        kinds.append(kind)
        parts.append((sum(detector.pixels) - before) / FRAME_PX)
    assert max(parts) <= 1.6
    return kinds, parts


def lit(level: int, *squares: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.full((720, 1280, 3), level, np.uint8)
    add_squares(image, *squares)
    return image


def test_a_lamp_that_lights_all_is_followed_and_hides_nobody() -> None:
    visitor = (900, 300, 60)
    weak = [lit(60 + 5 * (i % 2), STANDS, *[visitor][: i > 5]) for i in range(12)]
    kinds, _ = watch(weak)
    assert kinds[:5] == ["whole"] + ["recheck"] * 4
    assert kinds[6] == "part"
    assert "whole" not in kinds[1:]
    strong = [lit(60 + 30 * (i % 2), STANDS, *[visitor][: i > 5]) for i in range(12)]
    assert watch(strong)[0] == ["whole"] * 12


def test_a_lamp_in_a_corner_has_only_its_corner_looked_at() -> None:
    pictures = []
    for index in range(20):
        image = picture(STANDS, *[(700, 500, 60)][: index > 10])
        image[:100, 1100:] = 60 + 90 * (index % 2)
        pictures.append(image)
    kinds, parts = watch(pictures)
    assert kinds == ["whole"] + ["part"] * 19
    assert sum(part <= 0.13 for part in parts) == 18  # the other: where the visitor comes as well


def test_rain_is_looked_through() -> None:
    random = np.random.default_rng(0)

    def rain(drops: int, *squares: tuple[int, int, int]) -> NDArray[np.uint8]:
        image = picture()
        for x, y in random.integers(0, (1280, 680), (drops, 2)):
            image[y : y + 40, x : x + 2] = 150
        add_squares(image, *squares)
        return image

    walkers = [((20 + 30 * i, 400, 60), STANDS) for i in range(4)]
    walkers += [((320 + 30 * i, 100, 60), STANDS) for i in range(16)]
    kinds, _ = watch(rain(15, *squares) for squares in walkers)
    assert set(kinds) > {"part"}
    kinds, parts = watch(rain(600, *squares) for squares in walkers)
    assert kinds == ["whole"] * 20
    assert parts == [1.0] * 20


def test_a_camera_that_shakes_costs_as_without_a_gate() -> None:
    random = np.random.default_rng(0)
    wall = np.kron(random.integers(20, 120, (50, 84)), np.ones((16, 16))).astype(np.uint8)
    pictures = []
    for dx, dy in random.integers(0, 60, (20, 2)):
        image = np.repeat(wall[dy : dy + 720, dx : dx + 1280, None], 3, axis=2)
        add_squares(image, (300 - dx, 300 - dy, 80), (700 - dx, 200 - dy, 60))
        pictures.append(image)
    kinds, parts = watch(pictures)
    assert kinds == ["whole"] * 20
    assert parts == [1.0] * 20


def test_a_cut_from_night_to_day_shows_at_once_who_is_there() -> None:
    random = np.random.default_rng(0)
    day = np.repeat(random.integers(60, 190, (720, 1280, 1), np.uint8), 3, axis=2)
    night = (day // 8).astype(np.uint8)
    add_squares(day, STANDS, (900, 100, 120))
    kinds, _ = watch([night] * 5 + [day] * 5 + [night] * 3)
    assert kinds == (
        ["whole"] + ["skip"] * 4 + ["whole"] + ["recheck"] * 4 + ["whole"] + ["skip"] * 2
    )


def test_five_hundred_faces_are_told_one_by_one() -> None:
    crowd = [(10 + 50 * column, 10 + 35 * row, 25) for row in range(20) for column in range(25)]
    gone = [face for index, face in enumerate(crowd) if index != 137]
    comes = [*gone, (1255, 350, 20)]
    kinds, parts = watch(
        [picture(*crowd)] * 3 + [picture(*gone)] * 2 + [picture(*comes)] * 2 + [picture()] * 2
    )
    assert kinds[:3] == ["whole", "recheck", "recheck"]
    assert kinds[-1] == "skip"
    assert max(parts) <= 1.0


class EvenClassifier:
    """Says the same of every face."""

    name = "even@1"

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.full((len(crops), 7), 1 / 7, np.float32)


def shown(bad: Sequence[NDArray[np.uint8]]) -> tuple[list[object], LocalTelemetry]:
    """Return what is told of a quiet camera whose frames are analysed together with bad ones."""
    detector, telemetry = SquareDetector(), LocalTelemetry()
    pipeline = Pipeline(
        {"bad": detector, "quiet": detector},
        EvenClassifier(),
        make_tracker=lambda camera, first_id: Tracker(first_id=first_id),
        make_smoother=lambda: ScoreSmoother(tau_s=0.0, hysteresis=0.2),
        telemetry=telemetry,
        make_gated=lambda camera: GatedDetector(detector, 0.7),
    )
    told: list[object] = []
    for index in range(4):
        at_s = 0.2 * index
        at = datetime.fromtimestamp(at_s, UTC)
        frames = [Frame("quiet", "run", index + 1, at, at_s, picture((200 + 9 * index, 300, 80)))]
        if bad:
            frames.insert(0, Frame("bad", "run", index + 1, at, at_s, bad[index]))
        readings = pipeline.process(frames)
        assert all(reading.faces is not None for reading in readings)
        told.append([(f.track_id, f.detection.box) for f in readings[-1].faces or ()])
    return told, telemetry


CROWD = picture(
    *((10 + 50 * column, 10 + 35 * row, 25) for row in range(20) for column in range(25))
)
NOISE = np.random.default_rng(0).integers(0, 190, (4, 360, 640, 3), np.uint8)
BAD = {
    "one pixel": [np.full((1, 1, 3), 60, np.uint8)] * 4,
    "8K": [np.full((4320, 7680, 3), 60, np.uint8)] * 4,
    "another size each time": [lit(60)[: 720 // n, : 1280 // n] for n in (1, 2, 700, 3)],
    "five hundred faces": [CROWD] * 4,
    "lamp": [lit(60), lit(150), lit(60), lit(150)],
    "rain and shaking": list(NOISE),
    "night to day": [lit(5), lit(5), lit(150, STANDS), lit(150, STANDS)],
}


@pytest.mark.parametrize("name", BAD)
def test_other_cameras_do_not_notice(name: str) -> None:
    told, telemetry = shown(BAD[name])
    assert told == shown(())[0]
    assert not [key for key in telemetry.samples if key[0] == "frame_faults_total"]
