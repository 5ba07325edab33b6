"""The content of ``model.json``: what its folder says of a model, read without its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from surveil.domain import EMOTIONS
from surveil.errors import ModelError
from surveil.models.architecture import FIXED_SIDE_PX, Architecture
from surveil.models.calibration import MOST_SMOOTHING, Calibration
from surveil.models.files import FACTS, read_bounded
from surveil.models.preprocessing import Preprocessing
from surveil.models.taxonomy import Taxonomy, taxonomy_of

MAX_FACTS_BYTES = 1 << 20

NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
"""What a model may be called."""


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
        classes: The emotions of the network's outputs, in the order of ``EMOTIONS``.
        input: Sizes and pixel statistics.
        temperature: The logits are divided by it before the softmax (Guo et al. 2017).
        smoothing: Of the labels in training, as far as it is to be undone in the scores.
        training: Data, its hash, configuration and length of the training; for people.
        code_version: Version of surveil that wrote the model.
        weights_sha256: Hash of ``weights.safetensors``.
        onnx_sha256: Hash of ``model.onnx``, the same network as CPUs run it; ``None`` where the
            model was written before such files were, or is compared but not shipped.
        int8_sha256: Hash of ``model-int8.onnx``, the same network in 8 bits; ``None`` where it was
            not brought into them.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern=NAME)]
    architecture: Architecture
    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=16)]
    input: PixelFacts
    temperature: Annotated[float, Field(gt=0, le=100)]
    smoothing: Annotated[float, Field(ge=0, le=MOST_SMOOTHING)] = 0.0
    training: dict[str, Any]
    code_version: str
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    onnx_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    int8_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @field_validator("classes", mode="after")
    @classmethod
    def _known_and_in_order(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        known = [emotion.value for emotion in EMOTIONS]
        if list(classes) != [name for name in known if name in classes]:
            raise PydanticCustomError(
                "classes",
                "are {given}; they must be some of {known}, in this order",
                {"given": ", ".join(classes), "known": ", ".join(known)},
            )
        return classes

    @model_validator(mode="after")
    def _side_fits(self) -> ModelFacts:
        side = FIXED_SIDE_PX.get(self.architecture.kind)
        if side is not None and self.input.crop_px != side:
            raise PydanticCustomError(
                "side",
                "input.crop_px is {given}, but {kind} takes {side}",
                {"given": self.input.crop_px, "kind": self.architecture.kind, "side": side},
            )
        return self

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


def read_facts(folder: Path) -> ModelFacts:
    """Read ``model.json`` alone.

    Raises:
        ModelError: It is missing, too large or wrong; the message names file and key.
    """
    path = folder / FACTS
    try:
        return ModelFacts.model_validate_json(read_bounded(path, MAX_FACTS_BYTES))
    except ValidationError as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: ValidationError) -> ModelError:
    """Return what is said of a file that does not fit its schema: file, key and the first fault."""
    return ModelError(f"{path}: {first_fault(error)}")


def first_fault(error: ValidationError) -> str:
    """Return the first fault of what does not fit its schema, after its key if there is one."""
    problem = error.errors()[0]
    where = [".".join(str(part) for part in problem["loc"])] if problem["loc"] else []
    return ": ".join([*where, problem["msg"]])
