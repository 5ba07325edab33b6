"""The training loop: augmented batches, and a checkpoint each epoch so that a kill loses one."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from surveil.classify.networks import FaceResNet18, StoredModel, build_network
from surveil.models import Preprocessing
from surveil.training.config import TrainConfig
from surveil.training.errors import CheckpointError, DivergedError
from surveil.training.faces import Faces
from surveil.training.files import write_bytes_whole
from surveil.training.fit.averaging import MovingAverage
from surveil.training.fit.beginning import begin_with
from surveil.training.fit.checkpoint import (
    part_of,
    read_checkpoint,
    reading_facts,
    write_checkpoint,
)
from surveil.training.fit.distillation import Teachers
from surveil.training.fit.heads import TwoHeads
from surveil.training.fit.imagenet import begin_with_imagenet
from surveil.training.fit.loss import TrainingLoss
from surveil.training.fit.optimiser import load_optimiser, make_optimiser, optimiser_tensors
from surveil.training.fit.patience import is_out_of_patience
from surveil.training.fit.precision import device_of, make_scaler
from surveil.training.fit.resuming import check_same_run, log_changes
from surveil.training.fit.schedule import Pace, rate_at
from surveil.training.fit.shards import Shards
from surveil.training.fit.views import Views, pixel_facts
from surveil.training.logits import logits_of

log = logging.getLogger(__name__)

LAST = "last.safetensors"
BEST = "best.safetensors"
HISTORY = "history.jsonl"

CUDA_CHECK_STEPS = 20
"""The loss is looked at each so many steps on a GPU, which would wait for the CPU at each."""


@dataclass(frozen=True, slots=True)
class EpochReport:
    """One finished epoch. ``validation_*`` are of the averaged weights on the validation split."""

    epoch: int
    px: int
    rate: float
    loss: float
    validation_accuracy: float
    validation_log_loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands within an epoch."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    left_s: float


class Trainer:
    """One run in one folder: ``last`` and ``best`` checkpoints and the history of its epochs.

    Args:
        config: The run.
        train: What :func:`~surveil.training.data.selection.training_faces` returned.
        validation: Likewise; the best epoch is chosen by them.
        folder: Gets the checkpoints.
        data_sha256: Names the data; a checkpoint of other data is refused.
        shards: Parts of a batch that are worked on at once; a GPU takes it whole.
        start: The model of ``config.start_from``.
        teachers: The models of ``config.distil``.

    Raises:
        ConfigError: The configuration asks for a device that is not there, or a model does not
            fit it.
    """

    def __init__(
        self,
        config: TrainConfig,
        train: Faces,
        validation: Faces,
        folder: Path,
        data_sha256: str,
        *,
        shards: int = 1,
        start: StoredModel | None = None,
        teachers: Sequence[StoredModel] = (),
    ) -> None:
        self.config = config
        self.folder = folder
        self.data_sha256 = data_sha256
        self.device = device_of(config)
        self.preprocessing = pixel_facts(config, train.frames)
        self._views = Views(config, train, self.device)
        self._validation = validation
        self.steps = len(train) // config.batch
        torch.manual_seed(config.seed)
        model = TwoHeads(config)
        self.imagenet: bool | None = None
        """Whether training began with ImageNet weights; None where that is not known."""
        # A run that goes on needs none, and should not wait for a server.
        if not (folder / LAST).exists():
            self.imagenet = False
            if config.imagenet:
                assert isinstance(model.network, FaceResNet18)
                self.imagenet = begin_with_imagenet(model.network)
        if start is not None:
            begin_with(model.network, start, config)
            # Its first layer is used to pixels on that scale.
            self.preprocessing = replace(
                self.preprocessing, mean=start.facts.input.mean, std=start.facts.input.std
            )
        self.model = model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._scaler = make_scaler(config)
        taught = None
        if config.distil is not None:
            together = Teachers(teachers, config.classes, config.distil.temperature, self.device)
            taught = lambda views: together.shares(views, self.preprocessing)  # noqa: E731
        on_gpu = self.device.type == "cuda"
        # All batches are of one shape, for which the fastest convolution is sought once.
        torch.backends.cudnn.benchmark = on_gpu
        self.shards = 1 if on_gpu else shards
        self._shards = Shards(
            self.model,
            config,
            TrainingLoss(config, self._views.counts).to(self.device),
            self.shards,
            teachers=taught,
            scale=self._scaler.scale,
        )
        self._check_steps = CUDA_CHECK_STEPS if on_gpu else 1
        self.average = MovingAverage(self.model, config.ema)
        self._optimiser = make_optimiser(self.model, config)
        self.started_from = start.facts.versioned_name if start else None
        """``name@hash`` of the model whose weights training began with."""
        self.taught_by = [teacher.facts.versioned_name for teacher in teachers]
        """``name@hash`` of the models of ``config.distil``."""
        self.epoch = 0
        self.best: tuple[float, float] = (-1.0, -math.inf)
        """Validation accuracy and negated log-loss of the best epoch so far."""
        self.history: list[EpochReport] = []

    def resume(self) -> bool:
        """Continue from the folder's last checkpoint; False if there is none.

        Raises:
            CheckpointError: It is damaged, or belongs to another run, network or data.
        """
        path = self.folder / LAST
        if not path.exists():
            return False
        tensors, facts = read_checkpoint(path)
        with reading_facts(path):
            before = TrainConfig.model_validate(facts["config"])
            check_same_run(
                path, before, self.config,
                {
                    "data_sha256": (facts["data_sha256"], self.data_sha256),
                    # Older checkpoints do not say by which weights they were taught.
                    "teachers": (facts.get("teachers", self.taught_by), self.taught_by),
                },
            )  # fmt: skip
            log_changes(path, before, self.config)
            if facts.get("shards", self.shards) != self.shards:
                log.warning(
                    "%s: batches were divided into %s parts, now into %d: the run will not end "
                    "in the same weights", path, facts["shards"], self.shards,
                )  # fmt: skip
            try:
                self.model.load_state_dict(part_of(tensors, "model"))
                self.average.load(part_of(tensors, "average"), facts["average_steps"])
            except RuntimeError as error:
                raise CheckpointError(f"{path}: does not fit the network: {error}") from error
            # Checkpoints of before there was a choice of optimisers hold SGD's momentum alone.
            older = {f"momentum_buffer.{n}": v for n, v in part_of(tensors, "momentum").items()}
            load_optimiser(self._optimiser, self.model, older | part_of(tensors, "optimiser"))
            if facts.get("scaler"):
                self._scaler.load_state_dict(facts["scaler"])
            self.preprocessing = Preprocessing(**facts["preprocessing"])
            self.started_from = facts.get("started_from", self.started_from)
            self.imagenet = facts.get("imagenet")
            self.epoch = int(facts["epoch"])
            self.best = (facts["best"][0], facts["best"][1])
            self.history = [EpochReport(**line) for line in facts["history"]]
        return True

    @property
    def is_out_of_patience(self) -> bool:
        """Whether the last epochs brought nothing better, for as long as the run waits."""
        scores = [(line.validation_accuracy, -line.validation_log_loss) for line in self.history]
        config = self.config
        return is_out_of_patience(scores, config.patience, config.last_phase_from)

    @property
    def is_over(self) -> bool:
        """Whether there is no epoch left to train."""
        return self.epoch >= self.config.epochs or self.is_out_of_patience

    def run(
        self,
        *,
        on_step: Callable[[Progress], None] = lambda progress: None,
        on_epoch: Callable[[EpochReport], None] = lambda report: None,
    ) -> None:
        """Train until the configured number of epochs is done, or patience has come to its end.

        Raises:
            DivergedError: The loss, or a weight at the end of an epoch, is not a number; or an
                averaged weight is too large for the half precision that models are stored in.
            CheckpointError: A checkpoint could not be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"{self.folder}: {error.strerror or error}") from error
        pace = Pace()
        while not self.is_over:
            began = time.monotonic()
            loss = self._epoch(pace, on_step)
            accuracy, log_loss = self._validate()
            tensors = self._tensors()
            # The last update comes after the last look at the loss.
            if not (math.isfinite(log_loss) and all(v.isfinite().all() for v in tensors.values())):
                raise self._diverged(
                    "the weights are not finite after the last update", self.steps - 1
                )
            self._check_storable()
            report = EpochReport(
                self.epoch + 1, self.config.px_at(self.epoch), self._rate(self.steps - 1), loss,
                accuracy, log_loss, round(time.monotonic() - began, 1),
            )  # fmt: skip
            self.epoch += 1
            self.history.append(report)
            self._save(report, tensors)
            on_epoch(report)

    def _epoch(self, pace: Pace, on_step: Callable[[Progress], None]) -> float:
        config = self.config
        randoms = self._views.generators(self.epoch)
        # The masks of dropout come from PyTorch's own generators.
        torch.manual_seed(config.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self._views), generator=randoms[0])
        cost = config.px_at(self.epoch) ** 2
        later = sum(config.px_at(e) ** 2 for e in range(self.epoch + 1, config.epochs))
        total = torch.zeros((), device=self.device)
        done, began = 0, time.monotonic()
        self.model.train()
        for step in range(self.steps):
            chosen = order[step * config.batch :][: config.batch]
            batch = self._views.batch(chosen, self.epoch, self.preprocessing, randoms)
            loss = self._shards.gradients(batch)
            total += loss
            if (step + 1) % self._check_steps and step + 1 < self.steps:
                self._update(step)
                continue
            # Before the weights are touched, and the one place that waits for a GPU.
            if not math.isfinite(float(total)):
                raise self._diverged(f"the loss is {float(loss)}", step)
            self._update(step)
            now = time.monotonic()
            pace.step((now - began) / (step + 1 - done), cost)
            done, began = step + 1, now
            left = pace.left_s((self.steps - step - 1) * cost + later * self.steps)
            on_step(
                Progress(self.epoch + 1, config.epochs, step + 1, self.steps, float(loss), left)
            )
        return float(total) / self.steps

    def _update(self, step: int) -> None:
        """Move the weights along the gradients that were just set."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(step)
        if self.config.optimiser.clip_norm:
            self._scaler.unscale_(self._optimiser)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.optimiser.clip_norm)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self.average.update(self.model)

    def _check_storable(self) -> None:
        """Make sure that the averaged weights could be exported as they are now."""
        most = torch.finfo(torch.float16).max
        for name, value in self.average.state.items():
            largest = float(value.abs().max()) if value.is_floating_point() else 0.0
            if largest > most:
                raise self._diverged(
                    f"{name} has grown to {largest:.3g}, and models are stored in half precision, "
                    f"which ends at {most:.0f}", self.steps - 1,
                )  # fmt: skip

    def _diverged(self, what: str, step: int) -> DivergedError:
        return DivergedError(
            f"{self.config.name}: {what} in epoch {self.epoch + 1}, step {step + 1}; "
            "lower optimiser.rate or set optimiser.clip_norm, then --resume"
        )

    def _rate(self, step: int) -> float:
        config = self.config
        return rate_at(
            self.epoch * self.steps + step,
            steps=config.epochs * self.steps,
            warmup_steps=config.optimiser.warmup_epochs * self.steps,
            peak=config.optimiser.rate,
        )

    def _validate(self) -> tuple[float, float]:
        """Return accuracy and log-loss of the averaged weights on the validation split."""
        config, faces = self.config, self._validation
        network = build_network(config.architecture, len(config.classes.classes)).to(self.device)
        network.load_state_dict(part_of(self.average.state, "network"))
        logits = torch.cat(
            self._shards.each(
                lambda part: logits_of(network, part, self.preprocessing), faces.frames
            )
        )
        labels = torch.from_numpy(config.classes.labels_of(faces.labels))
        accuracy = float((logits.argmax(1) == labels).double().mean())
        return accuracy, float(functional.cross_entropy(logits, labels))

    def _tensors(self) -> dict[str, Tensor]:
        """Return all that a checkpoint holds: weights, their average, the optimiser's state."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for name, value in self.average.state.items():
            tensors[f"average.{name}"] = value
        for name, value in optimiser_tensors(self._optimiser, self.model).items():
            tensors[f"optimiser.{name}"] = value
        return tensors

    def _save(self, report: EpochReport, tensors: dict[str, Tensor]) -> None:
        key = (report.validation_accuracy, -report.validation_log_loss)
        is_best = key > self.best
        self.best = max(self.best, key)
        facts = {
            "data_sha256": self.data_sha256,
            "config": self.config.model_dump(mode="json"),
            "preprocessing": asdict(self.preprocessing),
            "started_from": self.started_from,
            "teachers": self.taught_by,
            "imagenet": self.imagenet,
            "shards": self.shards,
            "epoch": self.epoch,
            "scaler": self._scaler.state_dict(),
            "average_steps": self.average.steps,
            "best": self.best,
            "history": [asdict(line) for line in self.history],
        }
        if is_best:
            average = {n: v for n, v in tensors.items() if n.startswith("average.")}
            write_checkpoint(self.folder / BEST, average, facts)
        write_checkpoint(self.folder / LAST, tensors, facts)
        lines = "".join(json.dumps(asdict(line)) + "\n" for line in self.history)
        write_bytes_whole(self.folder / HISTORY, lines.encode())
