"""Choose an engine for a device and compile a network with it."""

from __future__ import annotations

from surveil.engines.blueprint import Blueprint
from surveil.engines.keeping import KeptNetworks
from surveil.engines.network import EngineName, Network
from surveil.engines.shapes import InputShape
from surveil.errors import ConfigError


def compile_network(
    blueprint: Blueprint,
    *,
    device: str,
    example_shape: tuple[int, ...],
    dynamic_batch: bool = True,
    dynamic_axes: tuple[int, ...] = (),
    engine: EngineName = EngineName.AUTO,
    threads: int | None = None,
    kept: KeptNetworks | None = None,
    copies: int = 1,
) -> Network:
    """Compile a network for a device.

    Args:
        blueprint: What network; :class:`~surveil.engines.torch.ModuleBlueprint` for a module that
            is there.
        device: ``cpu`` or ``cuda:N``, as :func:`~surveil.engines.resolve_device` returns it.
        example_shape: Shape of an input the network can take.
        dynamic_batch: Whether axis 0 may change from call to call.
        dynamic_axes: Further axes that may change, as in a fully convolutional network. Give them
            sizes of at least 2, all different, in ``example_shape``.
        engine: ``auto`` takes the fastest one that agrees with the reference.
        threads: CPU threads the network may use; ``None`` leaves it to the engine. PyTorch
            has one setting for the whole process, ``torch.set_num_threads``, which is left alone.
        kept: Where OpenVINO looks for the network compiled, and leaves it.
        copies: That OpenVINO may make of it for different shapes: worth it where a few alternate.

    Returns:
        The network, ready: the first call costs no more than later ones by much.

    Raises:
        ValueError: OpenVINO is asked to run on a GPU.
        ModelError: A file of the network is missing or damaged.
        ConfigError: OpenVINO is to run it and cannot be imported.
        DeviceMemoryError: The device has no memory left for it.
    """
    on_cpu = device == "cpu"
    if engine is EngineName.OPENVINO and not on_cpu:
        raise ValueError(f"OpenVINO runs networks on the CPU, not on {device}")
    shape = InputShape.of(example_shape, dynamic_batch=dynamic_batch, dynamic_axes=dynamic_axes)
    # Libraries are imported where they are used: a CPU needs no PyTorch, a GPU no OpenVINO.
    if engine is EngineName.OPENVINO or (engine is EngineName.AUTO and on_cpu):
        try:
            from surveil.engines.openvino import compile_openvino
        except ImportError as error:
            raise ConfigError(
                f"OpenVINO, which runs networks on CPUs, cannot be imported ({error}): install it"
                " again (pip install --force-reinstall openvino)"
            ) from error

        return compile_openvino(
            blueprint.onnx(), shape=shape, threads=threads, kept=kept, copies=copies
        )
    from surveil.engines.torch import compile_torch

    return compile_torch(blueprint.build(), device=device, shape=shape)
