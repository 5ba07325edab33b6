"""Copies are found, other faces are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from surveil.training.collect.near_duplicates import (
    HASH_BITS,
    Known,
    clusters,
    is_copy,
    near_pairs,
    perceptual_hash,
    perceptual_hashes,
    thumbnails,
)


def smooth(count: int, seed: int, side: int = 48) -> NDArray[np.uint8]:
    """Return pictures whose detail is as coarse as a face's, shape ``(N, side, side)``."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 9, 9), dtype=np.uint8)
    return np.stack(
        [cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC) for picture in coarse]
    ).astype(np.uint8)


def shifted(frame: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    return np.pad(frame, ((0, 0), (by, 0)), mode="edge")[:, :-by]


def jpeg(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def darker(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (frame * 0.7).astype(np.uint8)


@pytest.mark.parametrize("change", [jpeg, darker, lambda frame: shifted(frame, 1)])
def test_changed_copies_are_found_and_others_are_not(change: object) -> None:
    assert callable(change)
    frames = smooth(40, seed=1)
    small = np.concatenate([frames, np.stack([change(frame) for frame in frames])])
    pairs = near_pairs(small, perceptual_hashes(small))
    assert {(int(i), int(j)) for i, j in pairs} <= {(i, i + 40) for i in range(40)}
    assert len(pairs) >= 38


def test_pairs_are_those_of_comparing_each_with_each() -> None:
    frames = smooth(300, seed=2)
    frames[290:] = [shifted(frame, 1) for frame in frames[:10]]
    codes = perceptual_hashes(frames)
    expected = [
        (i, j)
        for i in range(300)
        for j in range(i + 1, 300)
        if (int(codes[i]) ^ int(codes[j])).bit_count() <= HASH_BITS
        and is_copy(frames[i], frames[j])
    ]
    assert sorted(map(tuple, near_pairs(frames, codes).tolist())) == expected
    assert len(expected) >= 8


def test_one_by_one_finds_what_all_at_once_finds() -> None:
    frames = smooth(90, seed=4)
    frames[70:] = [jpeg(frame) for frame in frames[:20]]
    known, found = Known(), []
    for index, frame in enumerate(frames):
        code = perceptual_hash(frame)
        found += [(other, index) for other in known.copies_of(frame, code)]
        known.add(frame, code)
    assert sorted(found) == sorted(
        map(tuple, near_pairs(frames, perceptual_hashes(frames)).tolist())
    )


def test_blank_pictures_are_copies_of_blank_ones_only() -> None:
    blank, face = np.full((48, 48), 7, np.uint8), smooth(1, seed=0)[0]
    assert is_copy(blank, np.zeros((48, 48), np.uint8))
    assert not is_copy(blank, face)
    assert not is_copy(face, blank)


def test_clusters_join_chains_and_are_called_by_their_first() -> None:
    pairs = np.array([[1, 4], [4, 5], [0, 2]], np.intp)
    assert clusters(7, pairs).tolist() == [0, 1, 0, 3, 1, 1, 6]
    assert clusters(2, np.empty((0, 2), np.intp)).tolist() == [0, 1]


def test_thumbnails_are_grey_and_small() -> None:
    colour = np.repeat(smooth(3, seed=5, side=100)[..., None], 3, axis=-1)
    assert thumbnails(colour).shape == (3, 48, 48)
    grey = smooth(2, seed=6)
    assert thumbnails(grey) is grey


def test_no_face_has_no_pair() -> None:
    assert near_pairs(np.empty((0, 48, 48), np.uint8), np.empty(0, np.uint64)).shape == (0, 2)
