"""Classify the expressions of faces: crop, preprocess, score, smooth."""

from surveil.classify.classifier import Classifier, softmax
from surveil.classify.crop import FACE_MARGIN, EmptyCropError, crop_face
from surveil.classify.model_dir import (
    ModelFacts,
    PixelFacts,
    StoredModel,
    find_model,
    read_facts,
    read_model,
    write_model,
)
from surveil.classify.network import Architecture, build_network
from surveil.classify.preprocess import Preprocessing, normalise, preprocess, to_frame
from surveil.classify.smoothing import ScoreSmoother

__all__ = [
    "FACE_MARGIN",
    "Architecture",
    "Classifier",
    "EmptyCropError",
    "ModelFacts",
    "PixelFacts",
    "Preprocessing",
    "ScoreSmoother",
    "StoredModel",
    "build_network",
    "crop_face",
    "find_model",
    "normalise",
    "preprocess",
    "read_facts",
    "read_model",
    "softmax",
    "to_frame",
    "write_model",
]
