"""Logits of the reference engine."""

from __future__ import annotations

import numpy as np
import torch

from surveil.classify import preprocess
from surveil.classify.networks import build_network
from surveil.models import Preprocessing
from surveil.models.architecture import ResNetSmall
from surveil.training.logits import logits_of


def test_frames_of_another_size_are_resized_as_crops_are() -> None:
    network = build_network(ResNetSmall(blocks=(1, 1, 1, 1), width=8), 7)
    how = Preprocessing(64, 60, 0.5, 0.25)
    frames = np.random.default_rng(1).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    wanted = network.eval()(torch.from_numpy(preprocess(list(frames), how)))
    torch.testing.assert_close(logits_of(network, frames, how), wanted)
    assert logits_of(network, frames[:0], how).shape == (0, 7)
