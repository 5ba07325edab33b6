"""Where the gate says to look, on small grey pictures."""

from __future__ import annotations

import numpy as np
import pytest

from surveil.domain import Box
from surveil.gate import Gate, small_luma
from surveil.gate.gate import _meet

SIZE = (1280, 720)
SMALL = (90, 160)


def scene(*spots: tuple[int, int, int], light: float = 100.0) -> np.ndarray:
    """Return a grey picture with bright squares at ``x, y`` of a side, in small pixels."""
    luma = np.full(SMALL, light, np.float32)
    for x, y, side in spots:
        luma[y : y + side, x : x + side] += 60
    return luma


def looked(*faces: Box, luma: np.ndarray | None = None) -> Gate:
    gate = Gate()
    first = scene() if luma is None else luma
    assert gate.decide(first, 0.0, faces, frame_size=SIZE).kind == "whole"
    return gate


def test_nothing_is_looked_at_where_nothing_moved() -> None:
    gate = looked()
    assert gate.decide(scene(), 0.2, [], frame_size=SIZE).kind == "skip"
    face = Box(100, 100, 200, 200)
    decision = gate.decide(scene(), 0.4, [face], frame_size=SIZE)
    assert (decision.kind, decision.still) == ("recheck", (0,))


def test_all_is_looked_at_every_five_seconds() -> None:
    gate = looked()
    kinds = [gate.decide(scene(), at_s, [], frame_size=SIZE).kind for at_s in (4.9, 5.0, 9.9, 10.0)]
    assert kinds == ["skip", "whole", "skip", "whole"]


@pytest.mark.parametrize("x", [0, 75, 154])
@pytest.mark.parametrize("y", [0, 40, 84])
def test_a_face_of_forty_pixels_that_appears_is_in_a_region_with_room(x: int, y: int) -> None:
    decision = looked().decide(scene((x, y, 5)), 0.2, [], frame_size=SIZE)
    assert decision.kind == "part"
    holds = [
        left <= max(x * 8 - 40, 0)
        and top <= max(y * 8 - 40, 0)
        and right >= min(x * 8 + 80, 1280)
        and bottom >= min(y * 8 + 80, 720)
        for left, top, right, bottom in decision.regions
    ]
    assert holds.count(True) == 1


def test_slow_motion_adds_up_until_it_is_looked_at() -> None:
    gate = looked()
    kinds = []
    for step in range(20):
        luma = scene()
        luma[40:48, 40:48] += 0.3 * step
        kinds.append(gate.decide(luma, 0.2 * step, [], frame_size=SIZE).kind)
    assert "part" in kinds[7:11]


def test_a_change_of_light_that_is_even_is_no_motion_and_a_great_one_is_a_new_scene() -> None:
    gate = looked()
    assert gate.decide(scene(light=105), 0.2, [], frame_size=SIZE).kind == "skip"
    assert gate.decide(scene(light=120), 0.4, [], frame_size=SIZE).kind == "whole"
    assert gate.decide(scene(light=120), 0.6, [], frame_size=SIZE).kind == "skip"


def test_a_cut_and_a_camera_that_shakes_are_looked_at_whole() -> None:
    noise = np.random.default_rng(0).uniform(0, 255, SMALL).astype(np.float32)
    gate = looked()
    assert gate.decide(noise, 0.2, [], frame_size=SIZE).kind == "whole"
    assert gate.decide(np.roll(noise, 2, axis=1), 0.4, [], frame_size=SIZE).kind == "whole"


def test_the_noise_of_a_sensor_is_no_motion() -> None:
    random = np.random.default_rng(0)

    def noisy() -> np.ndarray:
        image = np.full((720, 1280, 3), 100.0) + random.normal(0, 8, (720, 1280, 3))
        return small_luma(image.clip(0, 255).astype(np.uint8))

    gate = Gate()
    kinds = [gate.decide(noisy(), 0.2 * i, [], frame_size=SIZE).kind for i in range(10)]
    assert kinds == ["whole"] + ["skip"] * 9


def test_the_swaying_of_a_known_person_is_left_to_a_look_at_the_face_for_a_second() -> None:
    face = Box(600, 200, 680, 280)  # in small pixels 75..85, 25..35
    gate = looked(face, luma=scene((76, 26, 9)))
    kinds = [
        gate.decide(scene((77 - i % 2, 26, 9)), 0.2 * i, [face], frame_size=SIZE).kind
        for i in range(11)
    ]
    assert kinds == ["recheck"] * 6 + ["part"] + ["recheck"] * 4


@pytest.mark.parametrize("x", [66, 70, 86, 90])
def test_who_comes_beside_a_known_person_is_looked_for_at_once(x: int) -> None:
    face = Box(600, 200, 680, 280)
    gate = looked(face, luma=scene((76, 26, 9)))
    decision = gate.decide(scene((76, 26, 9), (x, 30, 5)), 0.2, [face], frame_size=SIZE)
    assert decision.kind == "part"
    assert any(left <= x * 8 and right >= (x + 5) * 8 for left, _, right, _ in decision.regions)


def test_who_comes_elsewhere_is_looked_for_while_others_sway() -> None:
    face = Box(600, 200, 680, 280)
    gate = looked(face, luma=scene((76, 26, 9)))
    decision = gate.decide(scene((77, 26, 9), (10, 40, 6)), 0.2, [face], frame_size=SIZE)
    assert (decision.kind, decision.still) == ("part", (0,))
    assert [region[0] for region in decision.regions] == [0]


def test_who_walks_past_a_person_who_stands_is_looked_for() -> None:
    face = Box(600, 200, 680, 280)  # tiles 9..10 of 20
    gate = looked(face, luma=scene((76, 26, 9)))
    decision = gate.decide(scene((77, 26, 9), (60, 26, 8)), 0.2, [face], frame_size=SIZE)
    assert decision.kind == "part"
    (region,) = decision.regions
    assert region[0] <= 480
    assert region[2] >= 680
    assert decision.still == ()


def test_no_known_face_lies_across_the_border_of_a_region() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        corners = random.uniform(0, 1, (4, 2)) * (1180, 620)
        faces = [Box(x, y, x + 100, y + 100) for x, y in corners]
        gate = looked()
        spots = [(int(x), int(y), 6) for x, y in random.uniform(0, 1, (2, 2)) * (150, 84)]
        decision = gate.decide(scene(*spots), 2.0, faces, frame_size=SIZE)
        for i, face in enumerate(faces):
            inside = [
                r[0] <= face.x1 and r[1] <= face.y1 and r[2] >= face.x2 and r[3] >= face.y2
                for r in decision.regions
            ]
            assert decision.is_whole or any(inside) != (i in decision.still)
        for i, region in enumerate(decision.regions):
            assert not any(_meet(region, Box(*other)) for other in decision.regions[i + 1 :])


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 400), (159, 5), (7680, 4320), (1281, 721)])
def test_pictures_of_any_size_are_decided_on(size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    gate = Gate()
    face = Box(0, 0, width, height)
    assert gate.decide(small_luma(image), 0.0, [], frame_size=size).kind == "whole"
    assert gate.decide(small_luma(image), 0.2, [face], frame_size=size).kind == "recheck"
    image[: height // 2 + 1] = 200
    assert gate.decide(small_luma(image), 2.4, [face], frame_size=size).kind in ("part", "whole")


def test_a_camera_that_changes_its_size_is_looked_at_whole() -> None:
    gate = looked()
    small = np.full((90, 120), 100, np.float32)
    assert gate.decide(small, 0.2, [], frame_size=(640, 480)).kind == "whole"
