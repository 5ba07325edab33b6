"""facenet-pytorch, which surveil's exact detection equals: what others would use in its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from surveil.errors import ConfigError


def load_reference(min_face_px: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return a function from RGB ``(H, W, 3)`` to boxes ``(N, 4)``, by one thread of PyTorch.

    Raises:
        ConfigError: facenet-pytorch is not installed.
    """
    try:
        import torch
        from facenet_pytorch import MTCNN
    except ModuleNotFoundError:
        raise ConfigError(
            "facenet-pytorch is not installed: in a checkout uv sync, elsewhere "
            "pip install 'surveil[cuda]' && pip install --no-deps 'facenet-pytorch>=2.6,<3'"
        ) from None
    torch.set_num_threads(1)
    mtcnn = MTCNN(keep_all=True, min_face_size=min_face_px)

    def detect(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        boxes, _ = mtcnn.detect(image)
        return np.zeros((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32)

    return detect
