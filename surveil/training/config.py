"""One training run as one YAML file, parsed into frozen models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from surveil.classify.architecture import FIXED_SIDE_PX, Architecture, ResNetSmall
from surveil.classify.taxonomy import FULL, Taxonomy, find_taxonomy
from surveil.errors import ConfigError
from surveil.training.augment import Augmentation

Percent = Annotated[int, Field(ge=0, le=90)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """Base of all parts: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HeldOut(Part):
    """Percent of a source's people that are kept for testing and for validation."""

    test_percent: Percent
    validation_percent: Percent


class Data(Part):
    """Where the faces come from. Paths are relative to the data folder given to the command."""

    fer2013: Path | None = Path("fer2013")
    """FER2013: a folder of parquet files, or Kaggle's fer2013.csv or icml_face_data.csv."""
    validation_percent: Percent = 5
    custom: Path | None = None
    """Parquet with photographs, in which faces are sought."""
    custom_people: dict[str, HeldOut] = {}
    datasets: tuple[Path, ...] = ()
    """Folders that `surveil dataset import` wrote; they bring their own split."""
    repeat: dict[str, Annotated[int, Field(ge=1, le=100)]] = {}
    """How often a source's training faces are shown in an epoch; others once."""


class Input(Part):
    """Sizes of what the network is given."""

    frame_px: Annotated[int, Field(ge=32, le=256)] = 48
    crop_px: Annotated[int, Field(ge=32, le=256)] = 44


class Phase(Part):
    """Views are resized to ``px`` until this share of the epochs is over."""

    until: Share
    px: Annotated[int, Field(ge=16, le=128)]


class Optimiser(Part):
    """SGD with Nesterov momentum; the rate rises linearly, then falls as a half cosine to zero."""

    rate: Annotated[float, Field(gt=0, le=10)] = 0.15
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0, le=0.1)] = 5e-4
    """On weights only; biases and batch-norm parameters are free."""
    warmup_epochs: Annotated[float, Field(ge=0, le=20)] = 2
    clip_norm: Annotated[float, Field(gt=0)] | None = None


class Loss(Part):
    """Cross-entropy of the label, and of the FER+ votes on a second head that is not exported."""

    smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    votes_weight: Annotated[float, Field(ge=0, le=2)] = 0.5


class TrainConfig(Part):
    """A training run, complete: with the data it gives the same network again."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    data: Data = Data()
    taxonomy: str = FULL
    """Expressions that the network tells apart; faces of others are left out."""
    makers_figure: str | None = None
    """What the makers of this architecture report, for comparison; other protocol, other data."""
    start_from: str | None = None
    """Name or folder of a model of the same architecture whose weights training begins with."""
    architecture: Architecture = ResNetSmall()
    input: Input = Input()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = (Phase(until=1.0, px=44),)
    epochs: Annotated[int, Field(ge=1, le=2000)] = 50
    batch: Annotated[int, Field(ge=2, le=4096)] = 128
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.995
    optimiser: Optimiser = Optimiser()
    loss: Loss = Loss()
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _phases_cover_all(self) -> TrainConfig:
        ends = [phase.until for phase in self.phases]
        if ends != sorted(ends) or ends[-1] != 1:
            raise ValueError("phases: 'until' must rise, and the last one must be 1.0")
        return self

    @model_validator(mode="after")
    def _sizes_fit(self) -> TrainConfig:
        if self.input.crop_px > self.input.frame_px:
            raise ValueError("input: crop_px must not be larger than frame_px")
        side = FIXED_SIDE_PX.get(self.architecture.kind)
        if side and {self.input.crop_px, *(phase.px for phase in self.phases)} != {side}:
            raise ValueError(
                f"architecture: {self.architecture.kind} needs input.crop_px and px of all "
                f"phases to be {side}"
            )
        return self

    @model_validator(mode="after")
    def _taxonomy_is_known(self) -> TrainConfig:
        try:
            find_taxonomy(self.taxonomy)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def classes(self) -> Taxonomy:
        """The expressions that the network tells apart."""
        return find_taxonomy(self.taxonomy)

    def px_at(self, epoch: int) -> int:
        """Return the side of the network's input in an epoch (from 0)."""
        done = epoch / self.epochs
        return next((p.px for p in self.phases if done < p.until), self.phases[-1].px)


def load_config(path: Path) -> TrainConfig:
    """Read a run's YAML.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or holds wrong values; every problem is
            listed with the file and the key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(key) for key in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise ConfigError("\n".join(lines)) from error
