"""Device and precision: what is asked for, or an error that says what is missing."""

from __future__ import annotations

import pytest
import torch
from kit.models import tiny_config

from surveil.errors import ConfigError
from surveil.training.fit.precision import autocast, device_of, make_scaler

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


def test_cpu_can_be_asked_for() -> None:
    assert device_of(tiny_config(device="cpu")).type == "cpu"


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    found = device_of(tiny_config(device="auto", precision="bfloat16")).type
    assert found == ("cuda" if torch.cuda.is_available() else "cpu")


@NO_GPU
def test_gpu_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="tiny: device is cuda, but PyTorch finds no GPU"):
        device_of(tiny_config(device="cuda"))
    with pytest.raises(ConfigError, match="float16 needs a GPU"):
        device_of(tiny_config(precision="float16"))


def test_products_are_in_the_precision_asked() -> None:
    cpu = torch.device("cpu")
    a = torch.ones(2, 2)
    for precision, wanted in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with autocast(tiny_config(precision=precision), cpu):
            assert (a @ a).dtype == wanted


def test_only_float16_scales_the_loss() -> None:
    assert not make_scaler(tiny_config(precision="bfloat16")).is_enabled()
    loss = torch.tensor(2.0)
    assert make_scaler(tiny_config()).scale(loss) is loss
