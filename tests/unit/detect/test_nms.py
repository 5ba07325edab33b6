"""Non-maximum suppression against the reference's own functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facenet_pytorch.models.utils.detect_face import nms_numpy
from hypothesis import given
from hypothesis import strategies as st
from kit.boxes import iou_matrix
from numpy.typing import NDArray
from torchvision.ops import nms

from surveil.detect.nms import keep_by_iou, keep_by_smaller

Floats = NDArray[np.float32]


def crowd(seed: int) -> tuple[Floats, Floats]:
    """Return 60 boxes that overlap, also at negative coordinates, and their scores."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(-60, 60, (60, 2))
    boxes = np.concatenate([low, low + rng.uniform(10, 60, (60, 2))], axis=1)
    return boxes.astype(np.float32), rng.permutation(60).astype(np.float32) / np.float32(60)


@pytest.mark.parametrize("seed", range(5))
def test_smaller_is_the_references_min(seed: int) -> None:
    boxes, scores = crowd(seed)
    ours = keep_by_smaller(boxes, scores, above=0.7)
    np.testing.assert_array_equal(ours, nms_numpy(boxes, scores, 0.7, "Min"))


@pytest.mark.parametrize("seed", range(5))
def test_kept_boxes_stand_apart_and_the_others_overlap_a_better_one(seed: int) -> None:
    boxes, scores = crowd(seed)
    kept = keep_by_iou(boxes, scores, above=0.5)
    assert (np.diff(scores[kept]) < 0).all()
    overlaps = iou_matrix(boxes, boxes)
    assert (overlaps[np.ix_(kept, kept)] - np.eye(len(kept)) <= 0.5).all()
    for gone in set(range(60)) - set(kept.tolist()):
        better = kept[scores[kept] > scores[gone]]
        assert (overlaps[gone, better] > 0.5).any()


def test_face_within_a_face_goes_by_the_smaller_only() -> None:
    boxes = np.array([[0, 0, 100, 100], [30, 30, 60, 60]], dtype=np.float32)
    scores = np.array([0.9, 0.8], dtype=np.float32)
    assert keep_by_iou(boxes, scores, above=0.7).tolist() == [0, 1]
    assert keep_by_smaller(boxes, scores, above=0.7).tolist() == [0]


def test_none_stay_none() -> None:
    boxes, scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    assert keep_by_iou(boxes, scores, above=0.5).tolist() == []
    assert keep_by_smaller(boxes, scores, above=0.5).tolist() == []


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.sampled_from([0.5, 0.7]))
def test_kept_boxes_are_those_of_torchvision(seed: int, count: int, above: float) -> None:
    """Also where coordinates are whole, so that overlaps equal the threshold and scores tie."""
    rng = np.random.default_rng(seed)
    low = rng.integers(-9, 9, (count, 2))
    boxes = np.concatenate([low, low + rng.integers(0, 9, (count, 2))], axis=1).astype(np.float32)
    scores = (rng.integers(0, 9, count) / 9).astype(np.float32)
    theirs = nms(torch.from_numpy(boxes), torch.from_numpy(scores), above).numpy()
    np.testing.assert_array_equal(keep_by_iou(boxes, scores, above=above), theirs)


@given(st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_groups_are_suppressed_each_for_itself(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.integers(-9, 9, (count, 2))
    boxes = np.concatenate([low, low + rng.integers(0, 9, (count, 2))], axis=1).astype(np.float32)
    scores = rng.random(count, np.float32)
    groups = rng.integers(0, 4, count).astype(np.int8)
    alone = [
        int(own[kept])
        for group in range(4)
        for own in [np.flatnonzero(groups == group)]
        for kept in keep_by_iou(boxes[own], scores[own], above=0.5)
    ]
    together = keep_by_iou(boxes, scores, above=0.5, groups=groups)
    assert sorted(together.tolist()) == sorted(alone)
