"""What stored models say of a batch, for another network to learn."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2 import functional as vision

from surveil.classify.networks import StoredModel
from surveil.errors import ConfigError
from surveil.models import Preprocessing
from surveil.models.taxonomy import Taxonomy


class Teachers:
    """Several models as one: the mean of their softmax (Hinton et al. 2015).

    Each sees the learner's own views, in its own size, channels and scale of pixels.

    Args:
        models: At least one; each knows all classes of the learner, and may know more.
        classes: The learner's K.
        temperature: Divides their logits.
        device: Where they are run.

    Raises:
        ConfigError: A model does not know one of the classes; the message names it.
    """

    def __init__(
        self,
        models: Sequence[StoredModel],
        classes: Taxonomy,
        temperature: float,
        device: torch.device,
    ) -> None:
        self._temperature = temperature
        self._models = []
        for model in models:
            known = [emotion.value for emotion in model.facts.taxonomy.classes]
            wanted = [emotion.value for emotion in classes.classes]
            if missing := [name for name in wanted if name not in known]:
                raise ConfigError(
                    f"distil.teachers: {model.folder} does not know {', '.join(missing)}"
                )
            network = model.network.to(device).eval().requires_grad_(False)
            columns = torch.tensor([known.index(name) for name in wanted], device=device)
            self._models.append((network, model.facts.preprocessing, columns))

    @torch.no_grad()
    def shares(self, views: Tensor, seen: Preprocessing) -> Tensor:
        """Return what they say, ``(N, K)``, float32, rows sum to 1.

        Args:
            views: Normalised, ``(N, C, H, W)``, on their device.
            seen: How they were normalised.
        """
        pixels = views * seen.std + seen.mean
        total = torch.zeros((), device=views.device)
        for network, how, columns in self._models:
            own = pixels
            if own.shape[1] > how.channels:
                own = vision.rgb_to_grayscale(own)
            if own.shape[-1] != how.crop_px:
                side = [how.crop_px, how.crop_px]
                own = functional.interpolate(own, side, mode="bilinear", antialias=True)
            own = own.expand(-1, how.channels, -1, -1).sub(how.mean).div_(how.std)
            logits = network(own.contiguous(memory_format=torch.channels_last))
            total = total + functional.softmax(
                logits[:, columns].float() / self._temperature, dim=1
            )
        return total / len(self._models)
