"""Classify the expressions of faces: crop, preprocess, score, smooth."""

from surveil.classify.architecture import Architecture, ResNetSmall
from surveil.classify.building import build_network
from surveil.classify.calibration import Calibration, softmax
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
from surveil.classify.smoothing import ScoreSmoother
from surveil.classify.taxonomy import Taxonomy, find_taxonomy, restrict

__all__ = [
    "FACE_MARGIN",
    "Architecture",
    "Calibration",
    "Classifier",
    "EmptyCropError",
    "FaceNetwork",
    "ModelFacts",
    "PixelFacts",
    "Preprocessing",
    "ResNetSmall",
    "ScoreSmoother",
    "StoredModel",
    "Taxonomy",
    "build_network",
    "crop_face",
    "find_model",
    "find_taxonomy",
    "model_in_the_making",
    "normalise",
    "preprocess",
    "read_facts",
    "read_model",
    "restrict",
    "softmax",
    "to_frame",
    "write_model",
]
