"""How large a stored model is."""

from __future__ import annotations

from dataclasses import dataclass

from surveil.classify.networks import StoredModel
from surveil.models.files import WEIGHTS


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts and bytes, under their names in ``metrics.json``.

    Attributes:
        parameters: Learned numbers.
        statistics: Batch-norm means and variances.
        weights_bytes: Size of the weights' file.
    """

    parameters: int
    statistics: int
    weights_bytes: int


def sizes_of(model: StoredModel) -> Sizes:
    """Return the sizes of a model as read from its folder."""
    return Sizes(
        parameters=sum(value.numel() for value in model.network.parameters()),
        statistics=sum(b.numel() for b in model.network.buffers() if b.is_floating_point()),
        weights_bytes=(model.folder / WEIGHTS).stat().st_size,
    )
