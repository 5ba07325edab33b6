"""Classify the expressions of faces: crop, preprocess, score.

The networks themselves, which need PyTorch, are in :mod:`surveil.classify.networks`.
"""

from surveil.classify.classifier import Classifier
from surveil.classify.crop import FACE_MARGIN, EmptyCropError, crop_face
from surveil.classify.preprocess import normalise, preprocess, to_frame

__all__ = [
    "FACE_MARGIN",
    "Classifier",
    "EmptyCropError",
    "crop_face",
    "normalise",
    "preprocess",
    "to_frame",
]
