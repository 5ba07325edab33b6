"""The cascade finds what facenet-pytorch's does, on a sample of clips and all stills.

``bench/detect_reference.py`` compares on every frame.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from detect_reference import (
    Agreement,
    Faces,
    Image,
    compare,
    material,
    pictures,
    reference_faces,
)
from facenet_pytorch import MTCNN

from surveil.detect import MtcnnDetector, MtcnnNetworks
from surveil.engines import EngineName

SAMPLE_EVERY = 120
"""Frames of a clip; some 25 frames in all."""


Sample = list[tuple[Image, Faces | None]]


@pytest.fixture(scope="module")
def sample(shared_dir: Path) -> Sample:
    """Pictures with what the reference finds in them."""
    torch.set_num_threads(1)
    reference = MTCNN(keep_all=True, min_face_size=40)
    images = [image for path in material(shared_dir) for image in pictures(path, SAMPLE_EVERY)]
    return [(image, reference_faces(reference, image)) for image in images]


@pytest.mark.parametrize("engine", [EngineName.OPENVINO, EngineName.TORCH])
def test_all_faces_of_the_reference_are_found(sample: Sample, engine: EngineName) -> None:
    networks = MtcnnNetworks.load(engine=engine, threads=1)
    detector = MtcnnDetector(min_face_px=40, networks=networks)
    total = Agreement()
    detections = detector.detect([image for image, _ in sample])
    for (_, expected), found in zip(sample, detections, strict=True):
        compare(expected, found, total)
    assert total.reference_faces >= 55
    assert total.reference_failed == 0
    assert total.missing == total.extra == 0
    assert total.lowest_iou > 0.999
    assert total.largest_score_gap < 1e-3
    assert total.largest_landmark_gap_px < 0.1
