"""A production crop is framed as FER2013 frames its faces: the source of ``FACE_MARGIN``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from surveil.classify import FACE_MARGIN
from surveil.detect import MtcnnDetector

ENLARGED = 4
BORDER_PX = 60


def test_square_around_a_detected_face_is_the_frame_of_fer2013(shared_dir: Path) -> None:
    torch.set_num_threads(1)
    table = pd.read_parquet(shared_dir / "data" / "fer2013" / "train-0.parquet")
    detector = MtcnnDetector(min_face_px=96, min_score=0.97)
    frames = []
    for data in table.sample(60, random_state=0).image:
        face = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        large = cv2.resize(face, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        # The border gives room for boxes larger than the picture, which are clipped otherwise.
        bordered = cv2.copyMakeBorder(
            large, BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX, cv2.BORDER_REPLICATE
        )
        frames.append(np.asarray(bordered, dtype=np.uint8))
    boxes = np.array([found[0].box.xyxy for found in detector.detect(frames) if found])
    assert len(boxes) > 30
    boxes = (boxes - BORDER_PX) / ENLARGED
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    assert np.median(48 / longer) == pytest.approx(1 + 2 * FACE_MARGIN, abs=0.03)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    np.testing.assert_allclose(np.median(centre, axis=0), 24, atol=1.0)
