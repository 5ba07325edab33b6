"""What the folder of a face detector says of it: ``model.json`` beside its networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from surveil.errors import ModelError
from surveil.models.facts import MAX_FACTS_BYTES, NAME, refusal
from surveil.models.files import FACTS, read_bounded
from surveil.models.weights import read_hashed

MTCNN = "mtcnn"
"""Name of the shipped detector's folder."""

MAX_FILE_BYTES = 24 << 20
"""No file of a detector is larger; MTCNN's largest is 1.6 MB."""

FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*\.(onnx|safetensors)$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DetectorFacts(BaseModel):
    """The content of a detector's ``model.json``.

    Attributes:
        format: Version of this file's shape.
        detector: What finds the faces; it tells the file from that of a classifier.
        name: Of its folder.
        source: Where the weights are from, and who trained them.
        license: Of the weights.
        notice: The text that the licence asks to be kept.
        code_version: Version of surveil that wrote the folder.
        files: Hash of each file of weights or of a network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    detector: Literal["mtcnn"]
    name: Annotated[str, Field(pattern=NAME)]
    source: str
    license: str
    notice: str
    code_version: str
    files: Annotated[Mapping[FileName, Sha256], Field(min_length=1, max_length=32)]


def read_detector(folder: Path) -> DetectorFacts:
    """Read a detector's ``model.json`` alone.

    Raises:
        ModelError: It is missing, too large or wrong; the message names file and key.
    """
    path = folder / FACTS
    try:
        return DetectorFacts.model_validate_json(read_bounded(path, MAX_FACTS_BYTES))
    except ValidationError as error:
        raise refusal(path, error) from error


def read_detector_file(folder: Path, name: str) -> bytes:
    """Return the content of a file of a detector, which is exactly what its facts name.

    Raises:
        ModelError: The facts do not know it, or it is missing, too large or another file.
    """
    facts = read_detector(folder)
    if name not in facts.files:
        known = ", ".join(sorted(facts.files))
        raise ModelError(f"{folder / FACTS}: knows no {name}; it has {known}")
    return read_hashed(folder / name, facts.files[name], MAX_FILE_BYTES)
