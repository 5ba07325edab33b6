"""The networks in 8 bits, which CPUs run, made of those in float32."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surveil.classify import Classifier
from surveil.classify.networks import StoredModel, read_model
from surveil.classify.preprocess import normalise, to_frame
from surveil.detect import DetectionMode, MtcnnDetector, MtcnnNetworks
from surveil.engines.overheard import Overheard
from surveil.engines.quantising import to_int8
from surveil.models import Precision, model_in_the_making
from surveil.models.detectors import DetectorFacts, read_detector_file
from surveil.models.files import FACTS, METRICS, NETWORK, NETWORK_INT8, WEIGHTS
from surveil.models.weights import read_network, read_weights
from surveil.training.errors import DataError
from surveil.training.faces import Faces, Split
from surveil.training.files import write_bytes_whole
from surveil.training.measure.material import Material
from surveil.training.records.metrics_file import Int8Figures
from surveil.training.records.writing import write_figures
from surveil.training.ship.mtcnn import add_files
from surveil.training.ship.scenes import scenes

FACES = 600
"""Training faces whose activations give the ranges; more change no figure."""
SCENES = 60
CROPS = 2000
"""Crops of R-Net and of O-Net that give the ranges, at most."""
CROPS_AT_ONCE = 8


def add_int8(model: StoredModel, material: Material) -> dict[str, Int8Figures]:
    """Write a model's network in 8 bits beside it, with what it costs, and return that.

    Args:
        model: As read from its folder.
        material: What it was trained with: the ranges are of its training split, the figures of
            its test split.

    Raises:
        DataError: The material is other than the model was trained with.
        ModelError: The model has no ONNX file, or cannot be written.
    """
    if not material.same_data:
        raise DataError(
            f"{model.facts.name}: these are not the data that it was trained with, split alike; "
            "ranges taken from others might be taken from its test"
        )
    folder, facts = model.folder, model.facts
    network = read_network(folder, facts)
    small = to_int8(network, _batches(material.faces.only(Split.TRAIN), model))
    written = facts.model_copy(update={"int8_sha256": hashlib.sha256(small).hexdigest()})
    text = json.dumps(written.model_dump(mode="json"), indent=2) + "\n"
    with model_in_the_making(folder) as fresh:
        write_bytes_whole(fresh / WEIGHTS, read_weights(folder, facts))
        write_bytes_whole(fresh / NETWORK, network)
        write_bytes_whole(fresh / NETWORK_INT8, small)
        write_bytes_whole(fresh / FACTS, text.encode())
        figures = _compare(read_model(fresh), material.faces.only(Split.TEST))
        content = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        content["int8"] = {name: row.model_dump() for name, row in figures.items()}
        write_figures(fresh, content)
    return figures


def _batches(faces: Faces, model: StoredModel) -> list[NDArray[np.float32]]:
    how = model.facts.preprocessing
    chosen = np.random.default_rng(0).permutation(len(faces))[:FACES]
    frames = [to_frame(faces.frames[i], how.frame_px, how.channels) for i in chosen]
    return [normalise(np.stack(frames[i : i + 2]), how) for i in range(0, len(frames) - 1, 2)]


def _compare(model: StoredModel, faces: Faces) -> dict[str, Int8Figures]:
    names = model.facts.taxonomy
    labels = names.labels_of(faces.labels)
    given = {
        precision: Classifier.load(model.folder, precision=precision)
        .classify(list(faces.frames))[:, names.indices]
        .argmax(axis=1)
        for precision in Precision
    }
    found = {}
    for source in dict.fromkeys(faces.sources.tolist()):
        own = (faces.sources == source) & (labels >= 0)
        full, small = given[Precision.FLOAT32][own], given[Precision.INT8][own]
        found[source] = Int8Figures(
            faces=int(own.sum()),
            accuracy=float((small == labels[own]).mean()),
            accuracy_float32=float((full == labels[own]).mean()),
            same=float((small == full).mean()),
        )
    return found


def add_int8_detector(folder: Path, photographs: Sequence[NDArray[np.uint8]]) -> DetectorFacts:
    """Write a detector's networks in 8 bits beside it, and return the facts.

    The ranges are those of fast detection in scenes that are put together of photographs.

    Args:
        folder: Of the detector.
        photographs: RGB ``(H, W, 3)``, most of them with a face; none that a test uses.

    Raises:
        DataError: No face is found in them.
        ModelError: The folder holds no sound detector, or cannot be written.
    """
    seen = _inputs(folder, scenes(photographs, SCENES))
    files = {
        f"{name}-int8.onnx": to_int8(read_detector_file(folder, f"{name}.onnx"), batches)
        for name, batches in seen.items()
    }
    return add_files(folder, files)


def _inputs(
    folder: Path, frames: Iterator[NDArray[np.uint8]]
) -> dict[str, list[NDArray[np.float32]]]:
    """Return what each of MTCNN's networks is given in frames."""
    seen: dict[str, list[NDArray[np.float32]]] = {"pnet": [], "rnet": [], "onet": []}

    def keep(name: str) -> Callable[[NDArray[np.float32]], None]:
        return lambda batch: seen[name].append(batch.copy())

    plain = MtcnnNetworks.load(folder=folder)
    networks = MtcnnNetworks(
        proposal=Overheard(plain.proposal, keep("pnet")),
        refinement=Overheard(plain.refinement, keep("rnet")),
        output=Overheard(plain.output, keep("onet")),
    )
    detector = MtcnnDetector(networks=networks, mode=DetectionMode.FAST)
    for frame in frames:
        detector.detect([frame])
    if not seen["onet"]:
        raise DataError("no face was found in the photographs")
    for name in ("rnet", "onet"):
        crops = np.concatenate(seen[name])
        chosen = crops[np.random.default_rng(0).permutation(len(crops))[:CROPS]]
        seen[name] = [chosen[i : i + CROPS_AT_ONCE] for i in range(0, len(chosen), CROPS_AT_ONCE)]
    return seen
