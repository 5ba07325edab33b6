"""Classify the expressions of faces: crop, preprocess, score."""

from surveil.classify.building import build_network
from surveil.classify.classifier import Classifier
from surveil.classify.crop import FACE_MARGIN, EmptyCropError, crop_face
from surveil.classify.model_dir import (
    ModelFacts,
    PixelFacts,
    StoredModel,
    find_model,
    model_in_the_making,
    read_facts,
    read_model,
    write_model,
)
from surveil.classify.network import FaceNetwork
from surveil.classify.preprocess import Preprocessing, normalise, preprocess, to_frame

__all__ = [
    "FACE_MARGIN",
    "Classifier",
    "EmptyCropError",
    "FaceNetwork",
    "ModelFacts",
    "PixelFacts",
    "Preprocessing",
    "StoredModel",
    "build_network",
    "crop_face",
    "find_model",
    "model_in_the_making",
    "normalise",
    "preprocess",
    "read_facts",
    "read_model",
    "to_frame",
    "write_model",
]
