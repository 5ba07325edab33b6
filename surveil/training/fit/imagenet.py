"""ImageNet weights to begin with, where they can be had."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from pickle import UnpicklingError

import httpx
import torch
from torchvision.models import ResNet18_Weights

from surveil.classify.networks import FaceResNet18
from surveil.replacing import replacing

log = logging.getLogger(__name__)

URL: str = ResNet18_Weights.IMAGENET1K_V1.url
"""Its file name ends with the first digits of its SHA-256, as all of torchvision's do."""

CONNECT_S = 5.0
"""Wait for the server's first answer, and for each piece of the file."""
FETCH_S = 120.0
"""The whole file of 45 MB must have come by then."""
MAX_BYTES = 64 << 20

_ABSENT = (
    OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError, UnpicklingError,
)  # fmt: skip
"""What an unreachable server, a full disk or a damaged file in the cache raises."""


def begin_with_imagenet(network: FaceResNet18) -> bool:
    """Load torchvision's ImageNet weights into a network's trunk; its last layer stays fresh.

    They are taken from PyTorch's cache (``$TORCH_HOME/hub/checkpoints``), else fetched into it.

    Returns:
        False, and a line in the log that says why, where they cannot be had; the network is then
        as it was.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(URL).name
    try:
        if not path.is_file():
            _fetch(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        kept = {name: value for name, value in tensors.items() if not name.startswith("fc.")}
        network.trunk.load_state_dict(kept)
    except _ABSENT as error:
        log.warning("no ImageNet weights, training begins with fresh ones: %s", error)
        return False
    log.info("training begins with ImageNet weights: %s", path)
    return True


def _fetch(path: Path) -> None:
    """Write the file whole and checked, or not at all.

    Raises:
        ValueError: It is too large, too slow or not the file that its name says.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until_s = time.monotonic() + FETCH_S
    wanted = path.stem.rpartition("-")[2]
    digest = hashlib.sha256()
    size = 0
    with replacing(path) as fresh:
        with (
            fresh.open("wb") as file,
            httpx.stream("GET", URL, timeout=CONNECT_S, follow_redirects=True) as answer,
        ):
            answer.raise_for_status()
            for piece in answer.iter_bytes(1 << 16):
                size += len(piece)
                if size > MAX_BYTES or time.monotonic() > until_s:
                    raise ValueError(f"{URL}: too large or too slow")
                digest.update(piece)
                file.write(piece)
        if not digest.hexdigest().startswith(wanted):
            raise ValueError(f"{URL}: its SHA-256 does not begin with {wanted}")
