"""Begin with the weights of a stored model, of the same classes or of more."""

from __future__ import annotations

from torch import nn

from surveil.classify.networks import StoredModel
from surveil.errors import ConfigError
from surveil.training.config import TrainConfig

LAST_LAYER = "fc"
"""Name of the layer that has a row for each class; every network calls it so."""


def begin_with(network: nn.Module, start: StoredModel, config: TrainConfig) -> None:
    """Copy a model's weights into a network of the same architecture.

    Where the run tells fewer expressions apart, its last layer gets the rows of those it knows: the
    model as it stands, asked about these alone.

    Raises:
        ConfigError: The model is of another architecture, or does not know one of the classes.
    """
    if start.facts.architecture != config.architecture:
        raise ConfigError(
            f"start_from: {start.folder} is of another architecture "
            f"({start.facts.architecture}) than {config.name} ({config.architecture})"
        )
    known = start.facts.taxonomy.classes
    if not set(config.classes.classes) <= set(known):
        raise ConfigError(
            f"start_from: {start.folder} tells other expressions apart "
            f"({', '.join(start.facts.classes)}) than taxonomy {config.taxonomy!r}"
        )
    rows = [known.index(emotion) for emotion in config.classes.classes]
    weights = {
        name: value[rows] if name.startswith(f"{LAST_LAYER}.") else value
        for name, value in start.network.state_dict().items()
    }
    network.load_state_dict(weights)
