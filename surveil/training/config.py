"""One training run as one YAML file, parsed into frozen models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from surveil.config.document import read_document
from surveil.config.problems import ConfigErrors
from surveil.config.validation import problems_of
from surveil.errors import ConfigError
from surveil.models.architecture import FIXED_SIDE_PX, Architecture, ResNetSmall
from surveil.models.facts import first_fault, read_facts
from surveil.models.files import FACTS
from surveil.models.taxonomy import FULL, Taxonomy, find_taxonomy
from surveil.shipped import shipped
from surveil.training.augmentation import Augmentation

Percent = Annotated[int, Field(ge=0, le=90)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """Base of all parts: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HeldOut(Part):
    """Percent of a source's people that are kept for testing and for validation."""

    test_percent: Percent
    validation_percent: Percent

    @model_validator(mode="after")
    def _no_more_than_all(self) -> HeldOut:
        if self.test_percent + self.validation_percent > 100:
            raise ValueError("test_percent and validation_percent are more than 100 together")
        return self


class Data(Part):
    """Where the faces come from. Paths are relative to the data folder given to the command."""

    fer2013: Path | None = Path("fer2013")
    """FER2013: a folder of parquet files, or Kaggle's fer2013.csv or icml_face_data.csv."""
    validation_percent: Percent = 5
    custom: Path | None = None
    """Parquet with photographs, in which faces are sought."""
    custom_people: dict[str, HeldOut] = {}
    datasets: tuple[Path, ...] = ()
    """Folders that `surveil dataset import` wrote, or class folders; they bring their own split."""
    digits: Literal["fer2013", "affectnet", "raf-db"] | None = None
    """In whose order class folders that are named by digits are counted."""
    leave_out: tuple[str, ...] = ()
    """Class folders whose pictures are left out."""
    repeat: dict[str, Annotated[int, Field(ge=1, le=100)]] = {}
    """How often a source's training faces are shown in an epoch; others once."""
    percent_of: dict[str, Annotated[int, Field(ge=0, le=100)]] = {}
    """How much of a source's training faces is used, drawn by the run's seed; others whole. A
    model that is fine-tuned on new faces forgets less if some of the old ones are among them; 0
    keeps a source for measuring alone."""
    limit_per_class: Annotated[int, Field(ge=1)] | None = None
    """Train on at most so many faces of each expression and source, drawn by the run's seed, for a
    small budget; ``None`` takes all."""


class Input(Part):
    """Sizes of what the network is given."""

    frame_px: Annotated[int, Field(ge=32, le=256)] = 48
    crop_px: Annotated[int, Field(ge=32, le=256)] = 44


class Phase(Part):
    """Views are resized to ``px`` until this share of the epochs is over."""

    until: Share
    px: Annotated[int, Field(ge=16, le=128)]


class Optimiser(Part):
    """How weights follow gradients; the rate rises linearly, then falls as half a cosine to 0."""

    kind: Literal["sgd", "adam", "adamw"] = "sgd"
    """SGD with Nesterov momentum, Adam (Kingma and Ba 2015), or AdamW, whose decay is not scaled
    by the gradient's history (Loshchilov and Hutter 2019)."""
    rate: Annotated[float, Field(gt=0, le=10)] = 0.15
    """At its peak."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD; Adam's first beta."""
    weight_decay: Annotated[float, Field(ge=0, le=0.1)] = 5e-4
    """On weights only; biases and batch-norm parameters are free."""
    warmup_epochs: Annotated[float, Field(ge=0, le=20)] = 2
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Largest Euclidean norm of all gradients together; ``None`` clips nothing."""


class Loss(Part):
    """Cross-entropy of the label, and of the FER+ votes on a second head, which can be exported
    as a model of its own."""

    smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    """Share of each label's weight that is spread evenly over all classes (Szegedy et al. 2016)."""
    votes_weight: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Of the votes' cross-entropy beside the label's; 0 trains one head."""
    rare_classes: Literal["as-they-are", "weighted", "logit-adjusted"] = "as-they-are"
    """``weighted``: each face counts inversely to how frequent its class is in training, by 1 on
    average. ``logit-adjusted``: ``tau`` times the log of the class's share is added to its logit
    while training (Menon et al. 2021, eq. 10), so that the network itself leaves the share out."""
    tau: Annotated[float, Field(gt=0, le=3)] = 1.0
    """Strength of the logit adjustment."""


class Mixup(Part):
    """Pairs of faces blended into one, and their labels likewise (Zhang et al. 2018)."""

    alpha: Annotated[float, Field(gt=0, le=10)] = 0.3
    """The blend is drawn from Beta(alpha, alpha), once for each batch."""
    share: Share = 0.0
    """Of the batches; 0 blends none."""
    off_last_epochs: Annotated[int, Field(ge=0, le=2000)] = 0
    """So many last epochs see faces as they are."""


class Distillation(Part):
    """Learn from stored models what they think of each view (Hinton et al. 2015)."""

    teachers: Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """Names or folders of models; the mean of their softmax is the target."""
    weight: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Of the teachers; the label has the rest."""
    temperature: Annotated[float, Field(gt=0, le=20)] = 2.0
    """Divides the logits of teachers and learner; the loss is scaled by its square."""


class TrainConfig(Part):
    """A training run, complete.

    With the data, and on as many threads, it gives the same network again; with dropout and more
    than one part of a batch, only about the same (:class:`~surveil.training.fit.shards.Shards`).
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    data: Data = Data()
    taxonomy: str = FULL
    """Expressions that the network tells apart; faces of others are left out."""
    makers_figure: str | None = None
    """What the makers of this architecture report, for comparison; other protocol, other data."""
    start_from: str | None = None
    """Name or folder of a model of the same architecture whose weights training begins with; it
    knows the run's expressions, and may know more."""
    imagenet: bool = False
    """Begin with torchvision's ImageNet weights if they can be fetched; ``resnet18`` only."""
    architecture: Architecture = ResNetSmall()
    input: Input = Input()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)] = (Phase(until=1.0, px=44),)
    epochs: Annotated[int, Field(ge=1, le=2000)] = 50
    full_epochs: Annotated[int, Field(ge=1, le=2000)] | None = None
    """Of the whole budget, where ``epochs`` is less for want of time: the model's budget is then
    called reduced. It changes nothing in training."""
    patience: Annotated[int, Field(ge=1, le=2000)] | None = None
    """Stop after so many epochs of the last phase without a better one on the validation split (by
    accuracy, and by log-loss where that is equal); ``None`` spends the whole budget. The rate falls
    over all of ``epochs``, which often lifts the last ones: give it a good part of them."""
    batch: Annotated[int, Field(ge=2, le=4096)] = 128
    """Faces of a step; a remainder of an epoch smaller than this is left to chance in the next."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; ``auto`` takes a GPU if there is one."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of convolutions and products; weights stay in float32. ``auto`` is bfloat16 on a device that
    has instructions for it, which trains twice as fast there, else float32: a CPU without them
    computes bfloat16 many times slower. ``float16`` is for GPUs alone, and the loss is scaled so
    that small gradients survive (Micikevicius et al. 2018)."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.995
    """Decay per step of the averaged weights, which are those that are exported."""
    optimiser: Optimiser = Optimiser()
    loss: Loss = Loss()
    mixup: Mixup = Mixup()
    distil: Distillation | None = None
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
    def _parts_fit(self) -> TrainConfig:
        if self.imagenet and self.architecture.kind != "resnet18":
            raise ValueError("imagenet: there are such weights for architecture resnet18 only")
        if self.imagenet and self.start_from:
            raise ValueError("imagenet: cannot be had together with start_from")
        if self.precision == "float16" and self.device == "cpu":
            raise ValueError("precision: float16 is for device cuda; a CPU takes bfloat16")
        return self

    @model_validator(mode="after")
    def _full_budget_is_not_less(self) -> TrainConfig:
        if self.full_epochs is not None and self.full_epochs < self.epochs:
            raise ValueError("full_epochs must not be less than epochs")
        if self.patience is not None and self.full_epochs not in (None, self.epochs):
            raise ValueError(
                "patience: cannot be had together with full_epochs above epochs: an early end "
                "would not tell whether the full budget gives more"
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

    @property
    def last_phase_from(self) -> int:
        """The first epoch (from 0) of the last phase; ``epochs`` if none is left for it."""
        begins = self.phases[-2].until if len(self.phases) > 1 else 0.0
        return next((e for e in range(self.epochs) if e / self.epochs >= begins), self.epochs)

    def px_at(self, epoch: int) -> int:
        """Return the side of the network's input in an epoch (from 0)."""
        done = epoch / self.epochs
        return next((p.px for p in self.phases if done < p.until), self.phases[-1].px)


_SHIPPED = Path("configs/train")


def find_config(path: Path) -> Path:
    """Return the file or folder that is meant: a bare name is that of a shipped configuration.

    ``fine-tune`` and ``configs/train/fine-tune.yaml`` mean the same wherever surveil is installed;
    what lies at the path itself comes first.

    Raises:
        ConfigError: A bare name of no shipped configuration; the message has them all.
    """
    if path.exists() or path.parent not in (Path(), _SHIPPED):
        return path
    folder = shipped(str(_SHIPPED))
    place = folder / path.with_suffix(".yaml").name
    if place.is_file():
        return place
    if path.suffix:
        return path
    names = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
    raise ConfigError(f"{path} is no file and no configuration that comes with surveil: {names}")


def load_config(path: Path) -> TrainConfig:
    """Read a run's YAML, or the configuration that a model was trained with.

    Args:
        path: A file or the name of a shipped one (:func:`find_config`); or a model's folder,
            whose ``model.json`` holds the configuration.

    Raises:
        ConfigErrors: The file cannot be read, is not YAML, or holds wrong values or a key twice;
            every problem is listed with its place in the file.
        ConfigError: The model's configuration is wrong, or it holds none.
        ModelError: The folder holds no ``model.json``, or a wrong one.
    """
    path = find_config(path)
    if path.is_dir():
        return _config_of_model(path)
    document = read_document(path)
    problems, left_out = list(document.problems), 0
    try:
        config = TrainConfig.model_validate(document.value)
    except ValidationError as error:
        more, left_out = problems_of(error, document, TrainConfig, reported=document.failed)
        problems += more
    if problems:
        raise ConfigErrors(sorted(problems), left_out=left_out)
    return config


def _config_of_model(folder: Path) -> TrainConfig:
    kept = read_facts(folder).training.get("config")
    if not kept:
        raise ConfigError(f"{folder}: {FACTS} does not say with which configuration it was trained")
    try:
        return TrainConfig.model_validate(kept)
    except ValidationError as error:
        raise ConfigError(f"{folder}: {FACTS}: training.config: {first_fault(error)}") from error
