"""The models that came with surveil, and which of them a fleet uses."""

from __future__ import annotations

from functools import lru_cache

from surveil.config.schema import Fleet
from surveil.models.files import SHIPPED
from surveil.training.records.compare import Comparison, compare
from surveil.training.records.model_record import find_records


@lru_cache(maxsize=1)
def known_models() -> Comparison:
    """Return the models that come with surveil, compared; their files are read once."""
    return compare(*find_records([SHIPPED]))


def serving_model(fleet: Fleet) -> str:
    """Return the name of the model that a fleet uses."""
    return fleet.model.rpartition("/")[2]
