"""What a network says of faces, by PyTorch in float32: the reference engine."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surveil.classify.preprocess import normalise, to_frame
from surveil.models import Preprocessing


def logits_of(network: nn.Module, frames: NDArray[np.uint8], how: Preprocessing) -> Tensor:
    """Return a network's logits in float32 on the CPU, shape ``(N, K)``.

    Args:
        network: Run in evaluation mode, on the device that it is on.
        frames: Squares ``(N, S, S)``, or ``(N, S, S, 3)`` in colour; resized as serving resizes
            crops if their side is not the model's.
        how: The model's preprocessing.
    """
    network.eval()
    first = next(network.parameters())
    parts = [torch.empty(0, network.fc.out_features)] if not len(frames) else []  # type: ignore[union-attr,arg-type]
    with torch.inference_mode():
        for at in range(0, len(frames), 256):
            part = frames[at : at + 256]
            if part.shape[1] != how.frame_px:
                part = np.stack([to_frame(frame, how.frame_px, how.channels) for frame in part])
            batch = torch.from_numpy(normalise(part, how)).to(first.device)
            parts.append(network(batch).float().cpu())
    return torch.cat(parts)
