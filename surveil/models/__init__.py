"""Models as their folders describe them, without the libraries that run them.

Nothing here imports PyTorch or OpenVINO; what loads weights is :mod:`surveil.classify.networks`.
"""

from surveil.models.facts import ModelFacts, PixelFacts, read_facts
from surveil.models.finding import find_model, models_in
from surveil.models.placing import model_in_the_making
from surveil.models.precision import Precision
from surveil.models.preprocessing import Preprocessing

__all__ = [
    "ModelFacts",
    "PixelFacts",
    "Precision",
    "Preprocessing",
    "find_model",
    "model_in_the_making",
    "models_in",
    "read_facts",
]
