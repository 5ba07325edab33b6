"""Every architecture: shapes, features, and the sizes that its makers give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from surveil.classify import normalise, to_frame
from surveil.classify.networks import build_network
from surveil.classify.networks.peers import DeepEmotionNetwork
from surveil.models import Preprocessing
from surveil.models.architecture import (
    FIXED_SIDE_PX,
    Architecture,
    ColourCnn,
    Conv5,
    DeepEmotion,
    KerasCnn,
    ResNet18,
    ResNetSmall,
)

ALL = [ResNetSmall(width=8), ResNet18(), DeepEmotion(), KerasCnn(), Conv5(), ColourCnn()]


@pytest.mark.parametrize("architecture", ALL, ids=lambda one: one.kind)
@pytest.mark.parametrize("classes", [2, 7])
def test_logits_come_from_features(architecture: Architecture, classes: int) -> None:
    network = build_network(architecture, classes).eval()
    side = FIXED_SIDE_PX.get(architecture.kind, 64)
    batch = torch.rand(3, architecture.channels, side, side)
    with torch.inference_mode():
        logits = network(batch)
        features = network.features(batch)
        from_features = network.fc(features)
    assert logits.shape == (3, classes)
    assert features.shape == (3, network.fc.in_features)
    assert torch.allclose(from_features, logits, atol=1e-5)


@pytest.mark.parametrize("architecture", ALL, ids=lambda one: one.kind)
def test_every_weight_gets_a_gradient(architecture: Architecture) -> None:
    network = build_network(architecture, 4)
    side = FIXED_SIDE_PX.get(architecture.kind, 64)
    network(torch.rand(4, architecture.channels, side, side)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_keras_network_has_as_many_parameters_as_its_makers_count() -> None:
    network = build_network(KerasCnn(), 7)
    trained = sum(parameter.numel() for parameter in network.parameters())
    moving = sum(v.numel() for name, v in network.state_dict().items() if "running_" in name)
    assert trained + moving == 32_116_743


def test_the_spatial_transformer_begins_with_the_whole_face() -> None:
    network = build_network(DeepEmotion(), 7)
    assert isinstance(network, DeepEmotionNetwork)
    theta = network.where(network.localisation(torch.rand(2, 1, 48, 48)))
    assert theta.tolist() == [[1, 0, 0, 0, 1, 0]] * 2


def test_a_kind_is_told_by_its_name() -> None:
    parse = TypeAdapter(Architecture).validate_python
    assert parse({"kind": "conv5"}) == Conv5()
    with pytest.raises(ValueError, match="resnet-small"):
        parse({"kind": "vgg"})


def test_colour_frames() -> None:
    crop = np.random.default_rng(0).integers(0, 255, (70, 50, 3), np.uint8)
    frame = to_frame(crop, 100, channels=3)
    assert frame.shape == (100, 100, 3)
    how = Preprocessing(100, 96, 0.5, 0.25, channels=3)
    batch = normalise(frame[None], how)
    assert batch.shape == (1, 3, 96, 96)
    assert np.allclose(batch[0, 1], (frame[2:98, 2:98, 1] / 255 - 0.5) / 0.25, atol=1e-5)


def test_grey_frames_fill_three_channels_and_colour_ones_give_luma() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (2, 48, 48), np.uint8)
    wide = normalise(grey, Preprocessing(48, 48, 0.5, 0.25, channels=3))
    assert wide.shape == (2, 3, 48, 48)
    assert np.array_equal(wide[:, 0], wide[:, 2])
    colour = np.repeat(grey[..., None], 3, axis=3)
    narrow = normalise(colour, Preprocessing(48, 48, 0.5, 0.25))
    assert np.allclose(narrow[:, 0], wide[:, 0], atol=1e-5)
    assert normalise(colour[:0], Preprocessing()).shape == (0, 1, 44, 44)
