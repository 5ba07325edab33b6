"""The cascade against facenet-pytorch's, and where that one fails."""

from __future__ import annotations

import numpy as np
import pytest
from facenet_pytorch import MTCNN
from kit.boxes import as_array, iou_matrix
from kit.faces import drawn_frame
from numpy.typing import NDArray

from surveil.boxes import clip
from surveil.detect import MtcnnDetector, MtcnnNetworks
from surveil.domain import Box, Detection

Image = NDArray[np.uint8]

PX_PER_UNIT = 100
"""Networks give offsets in sides of a face, and faces here have some 100 px."""

CROWD = ((150, 180, 120), (400, 160, 70), (560, 330, 90), (300, 60, 40))


def assert_equal(found: list[Detection], expected: list[Detection], *, atol: float = 1e-2) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.box.xyxy == pytest.approx(theirs.box.xyxy, abs=atol)
        assert ours.score == pytest.approx(theirs.score, abs=1e-4)
        np.testing.assert_allclose(ours.landmarks, theirs.landmarks, atol=atol)


@pytest.mark.parametrize("size", [(640, 360), (641, 363), (360, 640)])
@pytest.mark.parametrize("min_face_px", [20, 47])
def test_finds_what_the_reference_finds(
    networks: MtcnnNetworks, size: tuple[int, int], min_face_px: int
) -> None:
    frame = drawn_frame(*size, *CROWD)
    reference = MTCNN(keep_all=True, min_face_size=min_face_px)
    boxes, scores, landmarks = reference.detect(frame, landmarks=True)
    found = MtcnnDetector(min_face_px=min_face_px, networks=networks).detect([frame])[0]
    clipped = clip(np.asarray(boxes, np.float32), width=size[0], height=size[1])
    assert len(found) == len(boxes) >= 2
    boxes_px = PX_PER_UNIT * networks.output.tolerance
    np.testing.assert_allclose(as_array(d.box for d in found), clipped, atol=boxes_px)
    np.testing.assert_allclose(
        [d.score for d in found], scores.astype(float), atol=networks.output.tolerance
    )
    ours = np.stack([d.landmarks for d in found])
    np.testing.assert_allclose(ours, landmarks.astype(float), atol=boxes_px)


def test_landmarks_lie_where_they_were_drawn(detector: MtcnnDetector) -> None:
    (face,) = detector.detect([drawn_frame(320, 240, (160, 120, 100))])[0]
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32
    drawn = [(144, 112), (176, 112), (160, 135), (147, 152), (173, 152)]
    np.testing.assert_allclose(face.landmarks, drawn, atol=6)


def test_a_batch_finds_what_single_frames_do(detector: MtcnnDetector) -> None:
    frames = [
        drawn_frame(640, 360, *CROWD),
        np.full((360, 640, 3), 90, dtype=np.uint8),  # no face
        drawn_frame(320, 240, (160, 120, 100)),
        np.zeros((8, 8, 3), dtype=np.uint8),  # too small
        drawn_frame(640, 360, (100, 100, 90), noise_seed=4),
        drawn_frame(640, 360, *CROWD),
    ]
    together = detector.detect(frames)
    assert [len(faces) for faces in together][1::2] == [0, 0, len(together[0])]
    for frame, found in zip(frames, together, strict=True):
        assert_equal(found, detector.detect([frame])[0])


def test_faces_over_the_edge_do_not_reach_into_other_frames(detector: MtcnnDetector) -> None:
    """Negative boxes of one frame made the reference's batched NMS drop those of another."""
    left = drawn_frame(320, 240, (25, 120, 100))
    right = drawn_frame(320, 240, (295, 120, 100))
    alone = [detector.detect([frame])[0] for frame in (left, right)]
    assert [len(faces) for faces in alone] == [1, 1]
    for order in ([left, right] * 3, [right, left] * 3):
        for frame, found in zip(order, detector.detect(order), strict=True):
            assert_equal(found, alone[0] if frame is left else alone[1])


def test_boxes_are_clipped_and_have_an_area(detector: MtcnnDetector) -> None:
    frame = drawn_frame(320, 240, (25, 120, 100), (160, 25, 100), (286, 120, 120))
    faces = detector.detect([frame])[0]
    assert len(faces) == 3
    for face in faces:
        assert 0 <= face.box.x1 < face.box.x2 <= 320
        assert 0 <= face.box.y1 < face.box.y2 <= 240
    assert min(face.box.x1 for face in faces) == min(face.box.y1 for face in faces) == 0
    assert max(face.box.x2 for face in faces) == 320


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 500), (8, 8), (29, 29), (29, 400), (30, 30), (31, 900)]
)
def test_small_and_narrow_frames_are_no_error(
    detector: MtcnnDetector, shape: tuple[int, int]
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for faces in detector.detect([noise, np.zeros((*shape, 3), np.uint8)]):
        assert isinstance(faces, list)


def test_no_frames_are_no_faces(detector: MtcnnDetector) -> None:
    assert detector.detect([]) == []


def test_frame_is_only_read(detector: MtcnnDetector) -> None:
    frame = drawn_frame(320, 240, (160, 120, 100))
    frame.setflags(write=False)
    assert len(detector.detect([frame])[0]) == 1


def test_largest_face_comes_first(detector: MtcnnDetector) -> None:
    faces = detector.detect([drawn_frame(640, 360, *CROWD)])[0]
    areas = [face.box.width * face.box.height for face in faces]
    assert areas == sorted(areas, reverse=True)


def test_faces_below_the_lowest_score_are_left_out(networks: MtcnnNetworks) -> None:
    frame = drawn_frame(640, 360, *CROWD)
    all_faces = MtcnnDetector(networks=networks).detect([frame])[0]
    middle = sorted(face.score for face in all_faces)[len(all_faces) // 2]
    some = MtcnnDetector(networks=networks, min_score=middle).detect([frame])[0]
    assert_equal(some, [face for face in all_faces if face.score >= middle])


def test_faces_below_the_networks_window_are_refused(networks: MtcnnNetworks) -> None:
    with pytest.raises(ValueError, match="below 12 px"):
        MtcnnDetector(min_face_px=11, networks=networks)


def test_batches_larger_than_fit_into_memory_are_cut(
    detector: MtcnnDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [drawn_frame(320, 240, (160, 120, 100), noise_seed=seed) for seed in range(5)]
    whole = detector.detect(frames)
    monkeypatch.setattr("surveil.detect.mtcnn.PIXELS_AT_ONCE", 2 * 320 * 240)
    monkeypatch.setattr("surveil.detect.cascade.CROPS_AT_ONCE", 3)
    for found, expected in zip(detector.detect(frames), whole, strict=True):
        assert_equal(found, expected)


def test_candidates_outside_their_frame_keep_the_others_in_line(networks: MtcnnNetworks) -> None:
    """A degenerate crop shifted the reference's boxes against their scores."""
    from surveil.detect.area import AreaSampler
    from surveil.detect.cascade import Candidates, finish

    frame = drawn_frame(320, 240, (160, 120, 100))
    face = [112, 66, 208, 182]
    boxes = np.array([[-50, -50, -20, -20], face, [400, 10, 450, 60], [5, 0, 5.5, 0.5]], np.float32)
    candidates = Candidates(boxes, np.ones(4, np.float32), np.zeros(4, np.intp))
    found, landmarks = finish(candidates, [AreaSampler(frame)], networks)
    assert len(found.boxes) == len(landmarks) == 1
    assert iou_matrix(found.boxes, np.array([face], np.float32))[0, 0] > 0.5


def test_face_that_stands_still_is_found_again(detector: MtcnnDetector) -> None:
    """Also over the edge of the frame, if less exactly, and whatever is asked for beside it."""
    frame = drawn_frame(640, 360, *CROWD, (620, 120, 100))
    faces = detector.detect([frame])[0]
    assert len(faces) >= 4
    again = detector.recheck(frame, [face.box for face in reversed(faces)])
    for before, after in zip(reversed(faces), again, strict=True):
        over_edge = before.box.x2 == 640 or before.box.y2 == 360
        pixels = (0.2 if over_edge else 0.05) * before.box.height
        assert after.box.xyxy == pytest.approx(before.box.xyxy, abs=pixels)
        assert after.score > 0.9
        np.testing.assert_allclose(after.landmarks, before.landmarks, atol=pixels)
    alone = detector.recheck(frame, [faces[1].box])
    assert_equal(alone, [again[-2]])


def test_face_that_left_gets_a_low_score_and_keeps_its_place(detector: MtcnnDetector) -> None:
    before = drawn_frame(640, 360, (150, 180, 120), (560, 200, 90))
    left, right = sorted(detector.detect([before])[0], key=lambda face: face.box.x1)
    after = drawn_frame(640, 360, (560, 200, 90))
    gone, stayed = detector.recheck(after, [left.box, right.box])
    assert gone.score < 0.7 < stayed.score
    assert stayed.box.xyxy == pytest.approx(right.box.xyxy, abs=5)


def test_places_outside_the_frame_hold_no_face(detector: MtcnnDetector) -> None:
    frame = drawn_frame(320, 240, (160, 120, 100))
    (face,) = detector.detect([frame])[0]
    outside = [Box(-60, -60, -10, -5), Box(330, 10, 380, 60), Box(5, 5, 5, 5)]
    *none, there = detector.recheck(frame, [*outside, face.box])
    assert [found.score < 0.7 for found in none] == [True, True, True]
    assert none[0].box == Box(0, 0, 0, 0)
    assert there.score > 0.9
    assert detector.recheck(frame, []) == []
    assert detector.recheck(np.zeros((1, 1, 3), np.uint8), [face.box])[0].score < 0.7
