"""Device and precision: what is asked for, or an error that says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from kit.models import tiny_config

from surveil.errors import ConfigError
from surveil.training.fit.precision import autocast, device_of, has_bfloat16, make_scaler

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


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("model name\t: a\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx2\nbugs\t\t: bf16\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_taken_where_the_processor_has_it(tmp_path: Path, text: str, has: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text)
    assert has_bfloat16(torch.device("cpu"), cpuinfo) is has


def test_processor_that_says_nothing_is_taken_for_one_without(tmp_path: Path) -> None:
    assert not has_bfloat16(torch.device("cpu"), tmp_path / "absent")


def test_auto_is_one_of_the_two() -> None:
    cpu = torch.device("cpu")
    a = torch.ones(2, 2)
    with autocast(tiny_config(precision="auto"), cpu):
        assert (a @ a).dtype == (torch.bfloat16 if has_bfloat16(cpu) else torch.float32)


def test_only_float16_scales_the_loss() -> None:
    assert not make_scaler(tiny_config(precision="bfloat16")).is_enabled()
    loss = torch.tensor(2.0)
    assert make_scaler(tiny_config()).scale(loss) is loss
