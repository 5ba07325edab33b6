"""Every engine runs a network as PyTorch eager does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surveil.engines import DeviceMemoryError, EngineName, Network, compile_network
from surveil.engines.torch import ModuleBlueprint

EXAMPLE = (2, 16, 19, 3)


class Branching(nn.Module):
    """What MTCNN and a ResNet are made of, in small: any size in, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.PReLU(8),
            nn.MaxPool2d(2, 2, ceil_mode=True),
            nn.Conv2d(8, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Linear(8, 7)
        self.shared_slope = nn.PReLU()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.shared_slope(self.body(pixels.permute(0, 3, 1, 2)))
        pooled = nn.functional.adaptive_avg_pool2d(features, 1).flatten(1)
        return self.head(pooled).softmax(dim=1), features


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(3)
    torch.set_num_threads(1)
    network = Branching()
    with torch.no_grad():
        for _ in range(3):  # so that batch normalisation has something to say
            network(torch.rand(4, 12, 14, 3) * 3)
    return network


@pytest.fixture(scope="module", params=[EngineName.TORCH, EngineName.OPENVINO, EngineName.AUTO])
def network(request: pytest.FixtureRequest, module: nn.Module) -> Network:
    return compile_network(
        ModuleBlueprint(module, EXAMPLE, dynamic_axes=(0, 1, 2)),
        device="cpu",
        example_shape=EXAMPLE,
        dynamic_axes=(1, 2),
        engine=request.param,
        threads=1,
    )


def batch(*shape: int) -> NDArray[np.float32]:
    values = np.random.default_rng(sum(shape)).normal(size=shape)
    return values.astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 16, 19, 3), (5, 7, 8, 3), (2, 33, 12, 3)])
def test_agrees_with_eager(network: Network, module: nn.Module, shape: tuple[int, ...]) -> None:
    values = batch(*shape)
    outputs = network(values)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(values.copy()))
    assert len(outputs) == 2
    for ours, theirs in zip(outputs, expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=network.tolerance)


def test_outputs_belong_to_the_caller(network: Network) -> None:
    first = network(batch(2, 16, 19, 3))
    kept = [output.copy() for output in first]
    network(np.zeros((2, 16, 19, 3), np.float32))
    for output, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(output, copy)


def test_batch_is_only_read(network: Network) -> None:
    values = batch(2, 16, 19, 3)
    values.setflags(write=False)
    before = values.copy()
    network(values)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("shape", [(2, 16, 19, 1), (16, 19, 3), (0, 16, 19, 3)])
def test_other_shapes_are_refused(network: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"does not fit a network for \(\*, \*, \*, 3\)"):
        network(np.zeros(shape, np.float32))


@pytest.mark.parametrize("engine", [EngineName.TORCH, EngineName.OPENVINO])
def test_one_output_comes_as_a_tuple_and_the_batch_may_be_fixed(engine: EngineName) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(4, 2)
    network = compile_network(
        ModuleBlueprint(linear, (3, 4), dynamic_axes=()),
        device="cpu",
        example_shape=(3, 4),
        dynamic_batch=False,
        engine=engine,
    )
    values = batch(3, 4)
    (output,) = network(values)
    expected = linear(torch.from_numpy(values)).detach().numpy()
    np.testing.assert_allclose(output, expected, atol=network.tolerance)
    with pytest.raises(ValueError, match="does not fit"):
        network(batch(2, 4))


def test_openvino_leaves_the_module_as_it_was() -> None:
    module = Branching()
    compile_network(
        ModuleBlueprint(module, EXAMPLE),
        device="cpu",
        example_shape=EXAMPLE,
        engine=EngineName.OPENVINO,
        threads=1,
    )
    assert module.training
    assert isinstance(module.shared_slope, nn.PReLU)


def test_openvino_is_for_cpus() -> None:
    with pytest.raises(ValueError, match="not on cuda:0"):
        compile_network(
            ModuleBlueprint(nn.Linear(1, 1), (1, 1)),
            device="cuda:0",
            example_shape=(1, 1),
            engine=EngineName.OPENVINO,
        )


class Hungry(nn.Module):
    """Makes some terabytes of every batch but one of a single row."""

    def forward(self, values: Tensor) -> Tensor:
        rows = values.shape[0] - 1
        return values.repeat(1, 1 + rows * (1 << 20), 1 + rows * (1 << 18))


@pytest.mark.parametrize("engine", [EngineName.TORCH, EngineName.OPENVINO])
def test_want_of_memory_is_told_apart_and_a_smaller_batch_runs(engine: EngineName) -> None:
    network = compile_network(
        ModuleBlueprint(Hungry(), (2, 1, 3)), device="cpu", example_shape=(2, 1, 3), engine=engine
    )
    with pytest.raises(DeviceMemoryError, match=r"cpu: no memory for \(3, 1, 3\)"):
        network(batch(3, 1, 3))
    (output,) = network(batch(1, 1, 3))
    np.testing.assert_array_equal(output, batch(1, 1, 3))


def test_other_faults_of_a_network_are_not_want_of_memory() -> None:
    network = compile_network(
        ModuleBlueprint(nn.Linear(4, 2), (2, 3)),
        device="cpu",
        example_shape=(2, 3),
        engine=EngineName.TORCH,
    )
    with pytest.raises(RuntimeError) as raised:
        network(batch(2, 3))
    assert not isinstance(raised.value, MemoryError)
