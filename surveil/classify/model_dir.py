"""Models on disk: ``weights.safetensors`` and ``model.json`` in one folder, checked before use."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from surveil.classify.building import build_network
from surveil.classify.network import FaceNetwork
from surveil.classify.preprocess import Preprocessing
from surveil.domain import EMOTIONS
from surveil.errors import ModelError
from surveil.models.architecture import FIXED_SIDE_PX, Architecture
from surveil.models.calibration import MOST_SMOOTHING, Calibration
from surveil.models.files import FACTS, SHIPPED, WEIGHTS
from surveil.models.taxonomy import Taxonomy, taxonomy_of

MAX_FACTS_BYTES = 1 << 20
MAX_WEIGHTS_BYTES = 256 << 20
"""Four times the largest network of :class:`Architecture`, ``keras-cnn`` in half precision."""

_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PixelFacts(_Part):
    """How crops become the network's input; see :class:`Preprocessing`."""

    frame_px: Annotated[int, Field(ge=8, le=512)]
    crop_px: Annotated[int, Field(ge=8, le=512)]
    mean: Annotated[float, Field(ge=0, le=1)]
    std: Annotated[float, Field(gt=0, le=1)]


class ModelFacts(_Part):
    """The content of ``model.json``.

    Attributes:
        format: Version of this file's shape.
        name: The model's name, without the hash.
        architecture: What network the weights belong to.
        classes: The emotions of the network's outputs, in order.
        input: Sizes and pixel statistics.
        temperature: The logits are divided by it before the softmax (Guo et al. 2017).
        smoothing: Of the labels in training, as far as it is to be undone in the scores.
        training: Data, its hash, configuration and length of the training; for people.
        code_version: Version of surveil that wrote the model.
        weights_sha256: Hash of ``weights.safetensors``.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern=_NAME)]
    architecture: Architecture
    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=16)]
    input: PixelFacts
    temperature: Annotated[float, Field(gt=0, le=100)]
    smoothing: Annotated[float, Field(ge=0, le=MOST_SMOOTHING)] = 0.0
    training: dict[str, Any]
    code_version: str
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def preprocessing(self) -> Preprocessing:
        return Preprocessing(**self.input.model_dump(), channels=self.architecture.channels)

    @property
    def calibration(self) -> Calibration:
        return Calibration(self.temperature, self.smoothing)

    @property
    def taxonomy(self) -> Taxonomy:
        """Which expressions the outputs stand for."""
        return taxonomy_of(self.classes)

    @property
    def versioned_name(self) -> str:
        """``name@hash``: the name of exactly these weights, as events carry it."""
        return f"{self.name}@{self.weights_sha256[:7]}"


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A model as read from its folder: ``network`` is in evaluation mode, float32, on the CPU."""

    facts: ModelFacts
    network: FaceNetwork
    folder: Path


def find_model(name_or_path: str | Path, first: Sequence[Path] = ()) -> Path:
    """Return the folder of a model given by path or by name.

    A path to a folder is taken as it is; a bare name is looked for among the models beside the
    source code, then among those installed with the package.

    Args:
        name_or_path: What the user gave.
        first: Folders of models that a bare name is looked for in before all others.

    Raises:
        ModelError: There is no such folder; the message names the places.
    """
    given = Path(name_or_path)
    if given.is_dir():
        return given
    places = [given]
    if re.match(_NAME, str(name_or_path)):
        places += [folder / given for folder in (*first, *SHIPPED)]
    for place in places[1:]:
        if (place / FACTS).is_file():
            return place
    tried = ", ".join(str(place) for place in places)
    raise ModelError(f"model {str(name_or_path)!r} was not found (tried {tried})")


def read_model(folder: Path) -> StoredModel:
    """Read and check a model.

    Raises:
        ModelError: A file is missing, damaged, too large or not what ``model.json`` says of it;
            the message names the file.
    """
    facts = read_facts(folder)
    _check_facts(facts, folder / FACTS)
    path = folder / WEIGHTS
    if not path.exists():
        raise ModelError(
            f"{path}: no such file; weights of models that are compared but not shipped are not "
            f"kept in the repository: train it again with the configuration that {FACTS} holds"
        )
    data = _read_bounded(path, MAX_WEIGHTS_BYTES)
    found = hashlib.sha256(data).hexdigest()
    if found != facts.weights_sha256:
        raise ModelError(
            f"{path}: is not the file that {FACTS} describes "
            f"(sha256 {found[:12]}…, expected {facts.weights_sha256[:12]}…)"
        )
    try:
        tensors = safetensors.torch.load(data)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a safetensors file: {error}") from error
    network = build_network(facts.architecture, len(facts.classes)).eval()
    _load(network, tensors, path)
    return StoredModel(facts, network, folder)


def read_facts(folder: Path) -> ModelFacts:
    """Read ``model.json`` alone.

    Raises:
        ModelError: It is missing, too large or wrong; the message names file and key.
    """
    path = folder / FACTS
    try:
        return ModelFacts.model_validate_json(_read_bounded(path, MAX_FACTS_BYTES))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"]) or "file"
        raise ModelError(f"{path}: {key}: {problem['msg']}") from error


def _check_facts(facts: ModelFacts, path: Path) -> None:
    known = [emotion.value for emotion in EMOTIONS]
    if list(facts.classes) != [name for name in known if name in facts.classes]:
        raise ModelError(
            f"{path}: classes are {', '.join(facts.classes)}; they must be some of "
            f"{', '.join(known)}, in this order"
        )
    side = FIXED_SIDE_PX.get(facts.architecture.kind)
    if side is not None and facts.input.crop_px != side:
        raise ModelError(
            f"{path}: input.crop_px is {facts.input.crop_px}, but {facts.architecture.kind} "
            f"takes {side}"
        )


def write_model(folder: Path, facts: ModelFacts, network: nn.Module) -> ModelFacts:
    """Write a model's weights in half precision and its facts, and return the facts as written.

    Both files are on the disk in full before either takes its place, so a full disk leaves the
    model that was there before. ``model.json`` comes last and names the hash of the weights: a
    folder between the two is refused by :func:`read_model` rather than half believed.

    Raises:
        ModelError: The files cannot be written; what was there before stays.
    """
    halves = {
        name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    data = safetensors.torch.save(halves)
    written = facts.model_copy(update={"weights_sha256": hashlib.sha256(data).hexdigest()})
    text = json.dumps(written.model_dump(mode="json"), indent=2) + "\n"
    with _unwritable_named(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _replace_together({folder / WEIGHTS: data, folder / FACTS: text.encode()})
    return written


@contextmanager
def model_in_the_making(folder: Path) -> Iterator[Path]:
    """Give a folder to write a model into, whose files take their place when all are written.

    The weights come first and ``model.json``, which names their hash, second: a folder between the
    two is refused by :func:`read_model` rather than half believed. If the block ends in an error,
    the model that was there before stays.

    Yields:
        An empty folder within the model's own.

    Raises:
        ModelError: The files cannot be put in their place.
    """
    fresh = folder / ".new"
    try:
        with _unwritable_named(folder):
            # Of an export that was killed.
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
        yield fresh
        order = [WEIGHTS, FACTS]
        written = sorted(path.name for path in fresh.iterdir() if path.name not in order)
        with _unwritable_named(folder):
            for name in (*order, *written):
                (fresh / name).replace(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        # Only where it is empty, as no model was there before.
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _unwritable_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"{folder}: the model could not be written: {error}") from error


def _replace_together(contents: Mapping[Path, bytes]) -> None:
    """Write files beside those of their names, then rename all of them, in order."""
    fresh = {path: path.with_name(f".{path.name}.new") for path in contents}
    try:
        for path, content in contents.items():
            with fresh[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in contents:
            fresh[path].replace(path)
    finally:
        for left in fresh.values():
            left.unlink(missing_ok=True)


def _read_bounded(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    if len(data) > limit_bytes:
        raise ModelError(f"{path}: larger than {limit_bytes} bytes")
    return data


def _load(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    expected = network.state_dict()
    if missing := sorted(expected.keys() - tensors.keys()):
        raise ModelError(f"{path}: {missing[0]} is missing: weights of another architecture")
    if surplus := sorted(tensors.keys() - expected.keys()):
        raise ModelError(f"{path}: {surplus[0]} is unknown: weights of another architecture")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ModelError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, the architecture of {FACTS} "
                f"has {tuple(expected[name].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{path}: {name} holds values that are not finite")
    network.load_state_dict(tensors)
