"""From frames of any kind to the views that the network is given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kit.models import make_faces, tiny_config

from surveil.classify.preprocess import normalise
from surveil.training.augmentation import NONE
from surveil.training.fit.views import Views, fitted, pixel_facts

CPU = torch.device("cpu")
PLAIN = {"augmentation": NONE.model_dump()}
COLOUR = {
    "architecture": {"kind": "colour-cnn"},
    "input": {"frame_px": 54, "crop_px": 50},
    "phases": [{"until": 1.0, "px": 50}],
}


def test_statistics_are_those_of_all_pixels() -> None:
    faces = make_faces(20, "train")
    how = pixel_facts(tiny_config(), faces.frames)
    assert how.mean == pytest.approx(float((faces.frames / 255).mean()))
    assert how.std == pytest.approx(float((faces.frames / 255).std()))


def test_one_grey_alone_can_be_normalised() -> None:
    how = pixel_facts(tiny_config(), np.full((3, 48, 48), 9, np.uint8))
    assert how.std > 0


def test_plain_views_are_what_serving_gives() -> None:
    config = tiny_config(**PLAIN, phases=[{"until": 1.0, "px": 44}])
    faces = make_faces(7, "train")
    views = Views(config, faces, CPU)
    how = pixel_facts(config, faces.frames)
    batch = views.batch(torch.arange(7), 0, how, views.generators(0))
    wanted = torch.from_numpy(normalise(faces.frames, how))
    torch.testing.assert_close(batch.views, wanted, atol=1e-3, rtol=0)
    assert batch.views.is_contiguous(memory_format=torch.channels_last)
    assert batch.targets.argmax(1).tolist() == list(range(7))
    assert views.counts.tolist() == [1] * 7


@pytest.mark.parametrize("channels", [1, 3])
def test_network_of_colour_is_given_three_channels_at_its_size(channels: int) -> None:
    config = tiny_config(**PLAIN, **COLOUR)
    faces = make_faces(7, "train", channels=channels)
    views = Views(config, faces, CPU)
    how = pixel_facts(config, faces.frames)
    batch = views.batch(torch.tensor([3, 1]), 0, how, views.generators(0))
    assert batch.views.shape == (2, 3, 50, 50)
    if channels == 1:
        assert torch.equal(batch.views[:, 0], batch.views[:, 2])


def test_frames_are_fitted_where_they_hold_more_than_the_network_sees() -> None:
    grey, colour = np.zeros((2, 60, 60), np.uint8), np.zeros((2, 60, 60, 3), np.uint8)
    assert fitted(grey, tiny_config()).shape == (2, 48, 48)
    assert fitted(colour, tiny_config()).shape == (2, 48, 48)
    assert fitted(colour, tiny_config(**COLOUR)).shape == (2, 54, 54, 3)
    assert fitted(grey, tiny_config(**COLOUR)).shape == (2, 54, 54)
    small = grey[:, :48, :48]
    assert fitted(small, tiny_config(**COLOUR)) is small


def test_an_epochs_views_do_not_depend_on_the_epochs_before() -> None:
    config = tiny_config(mixup={"share": 1.0})
    faces = make_faces(7, "train")
    how = pixel_facts(config, faces.frames)
    views = Views(config, faces, CPU)
    views.batch(torch.arange(7), 0, how, views.generators(0))
    first = views.batch(torch.arange(7), 1, how, views.generators(1))
    again = Views(config, faces, CPU).batch(torch.arange(7), 1, how, views.generators(1))
    assert torch.equal(first.views, again.views)
    assert torch.equal(first.targets, again.targets)
