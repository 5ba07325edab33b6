"""Faces of single pictures: where they are, and which expressions they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from surveil.classify import Classifier, EmptyCropError, crop_face
from surveil.config import CameraDefaults, Fleet
from surveil.detect import DetectionMode, MtcnnDetector, MtcnnNetworks
from surveil.domain import EMOTIONS, Box, Detection, Emotion
from surveil.engines import resolve_device
from surveil.errors import ConfigError
from surveil.models import find_model
from surveil.models.facts import ModelFacts

MAX_PIXELS = 100_000_000
"""A larger picture is refused before it is decoded; its pixels would be 300 MB."""

_CAMERA = CameraDefaults()

Picture = str | Path | Image.Image | NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Face:
    """A face of a picture.

    Attributes:
        box: Where it is, in pixels of the picture as it is seen upright, clipped to it.
        score: How sure the detector is that it is a face, 0..1.
        emotion: The expression with the highest score; a ``str``, such as ``"happy"``.
        confidence: That score.
        scores: The calibrated score of each expression, 0..1; they sum to 1.
    """

    box: Box
    score: float
    emotion: Emotion
    confidence: float
    scores: Mapping[Emotion, float]


class FaceModel:
    """A detector and a model of expressions. Called by one thread at a time.

    Made by :func:`load`.
    """

    def __init__(self, detector: MtcnnDetector, classifier: Classifier) -> None:
        self._detector = detector
        self._classifier = classifier

    @property
    def name(self) -> str:
        """The model's name with the hash of its weights, as events tell it."""
        return self._classifier.name

    @property
    def facts(self) -> ModelFacts:
        """What its folder says: architecture, classes, calibration, training data."""
        return self._classifier.facts

    def faces(self, picture: Picture) -> list[Face]:
        """Return the faces of a picture, the largest first.

        Args:
            picture: A file, or a picture of Pillow (both are turned upright as their EXIF says);
                or RGB of shape ``(H, W, 3)``, uint8. OpenCV's arrays are BGR: give
                ``image[..., ::-1]``.

        Raises:
            ConfigError: The file cannot be read, or is no picture of a sensible size.
            TypeError: An array of another shape or type.
        """
        image = read_picture(picture)
        (found,) = self._detector.detect([image])
        detections, crops = [], []
        for detection in found:
            try:
                crops.append(crop_face(image, detection.box))
            except EmptyCropError:
                continue
            detections.append(detection)
        if not crops:
            return []
        scores = self._classifier.classify(crops)
        faces = [_face(one, row) for one, row in zip(detections, scores, strict=True)]
        return sorted(faces, key=lambda face: -face.box.width * face.box.height)


def load(
    model: str | Path = Fleet.model_fields["model"].default,
    *,
    device: str = "auto",
    min_face_px: int = _CAMERA.min_face_px,
    min_score: float = _CAMERA.min_score,
    threads: int | None = None,
) -> FaceModel:
    """Load a model and the detector; takes a second or two.

    Detection is exact and numbers are float32: the figures are those of ``surveil evaluate``. On a
    CPU PyTorch is not needed.

    Args:
        model: Name of a model that comes with surveil, or a model's folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        min_face_px: Smallest face looked for.
        min_score: Lowest score of the detector, 0..1.
        threads: Of a CPU; ``None`` takes what the engine does.

    Raises:
        ConfigError: The device is not there.
        ModelError: The model is missing or damaged.
    """
    device = resolve_device(device)
    classifier = Classifier.load(find_model(model), device, threads=threads)
    detector = MtcnnDetector(
        min_face_px=min_face_px,
        min_score=min_score,
        mode=DetectionMode.EXACT,
        networks=MtcnnNetworks.load(device=device, threads=threads),
    )
    return FaceModel(detector, classifier)


def read_picture(picture: Picture) -> NDArray[np.uint8]:
    """Return RGB, shape ``(H, W, 3)``, uint8, upright; errors as of :meth:`FaceModel.faces`."""
    if isinstance(picture, str | Path):
        try:
            with Image.open(picture) as opened:
                return _upright(opened, str(picture))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            why = getattr(error, "strerror", None) or "is no picture that can be read"
            raise ConfigError(f"{picture}: {why}") from error
    if isinstance(picture, Image.Image):
        return _upright(picture, "the picture")
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or not array.size:
        raise TypeError(
            f"expected RGB of shape (H, W, 3) and dtype uint8, not {array.shape} {array.dtype}"
        )
    return np.ascontiguousarray(array)


def _upright(opened: Image.Image, name: str) -> NDArray[np.uint8]:
    if opened.width * opened.height > MAX_PIXELS:
        raise ConfigError(f"{name}: more than {MAX_PIXELS:,} pixels; make it smaller")
    upright = ImageOps.exif_transpose(opened)
    return np.asarray(upright.convert("RGB"))


def _face(detection: Detection, row: NDArray[np.float32]) -> Face:
    scores = {emotion: float(score) for emotion, score in zip(EMOTIONS, row, strict=True)}
    emotion = max(scores, key=lambda one: scores[one])
    return Face(detection.box, detection.score, emotion, scores[emotion], scores)
