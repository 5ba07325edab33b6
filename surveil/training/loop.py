"""The training loop: augmented batches, and a checkpoint each epoch so that a kill loses one."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from surveil.classify.model_dir import StoredModel
from surveil.classify.building import build_network
from surveil.classify.preprocess import Preprocessing, normalise
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.training.augment import augment
from surveil.training.averaging import MovingAverage
from surveil.training.checkpoint import (
    part_of,
    read_checkpoint,
    write_bytes_whole,
    write_checkpoint,
)
from surveil.training.config import TrainConfig
from surveil.training.errors import CheckpointError, DivergedError
from surveil.training.faces import Faces
from surveil.training.schedule import Pace, rate_at
from surveil.training.shards import Shards, TwoHeads

LAST = "last.safetensors"
BEST = "best.safetensors"
HISTORY = "history.jsonl"


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
    """One run in one folder: ``last`` and ``best`` checkpoints and the history of its epochs."""

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
    ) -> None:
        self.config = config
        self.folder = folder
        self.data_sha256 = data_sha256
        scaled = train.frames.astype(np.float32) / 255
        self.preprocessing = Preprocessing(
            config.input.frame_px, config.input.crop_px, float(scaled.mean()), float(scaled.std())
        )
        self._frames = torch.from_numpy(train.frames)[:, None]
        self._labels = torch.from_numpy(train.labels)
        self._votes = torch.from_numpy(train.votes)
        self._validation = validation
        self.steps = len(train) // config.batch
        torch.manual_seed(config.seed)
        model = TwoHeads(config)
        self.model = model.to(memory_format=torch.channels_last)
        if start is not None:
            _begin_with(self.model.network, start, config)
        self._shards = Shards(self.model, config, shards)
        self.average = MovingAverage(self.model, config.ema)
        self._optimiser = _optimiser(self.model, config)
        self.epoch = 0
        self.best: tuple[float, float] = (-1.0, -math.inf)
        """Validation accuracy and negated log-loss of the best epoch so far."""
        self.history: list[EpochReport] = []

    def resume(self) -> bool:
        """Continue from the folder's last checkpoint; False if there is none.

        Raises:
            CheckpointError: It is damaged, or belongs to another network or other data.
        """
        path = self.folder / LAST
        if not path.exists():
            return False
        tensors, facts = read_checkpoint(path)
        for key, wanted in self._identity().items():
            if facts.get(key) != wanted:
                raise CheckpointError(f"{path}: belongs to another run: its {key} differs")
        try:
            self.model.load_state_dict(part_of(tensors, "model"))
            self.average.load(part_of(tensors, "average"), facts["average_steps"])
        except (RuntimeError, KeyError) as error:
            raise CheckpointError(f"{path}: does not fit the network: {error}") from error
        momentum = part_of(tensors, "momentum")
        for name, parameter in self.model.named_parameters():
            if name in momentum:
                self._optimiser.state[parameter]["momentum_buffer"] = momentum[name]
        self.preprocessing = Preprocessing(**facts["preprocessing"])
        self.epoch = facts["epoch"]
        self.best = (facts["best"][0], facts["best"][1])
        self.history = [EpochReport(**line) for line in facts["history"]]
        return True

    def run(
        self,
        *,
        on_step: Callable[[Progress], None] = lambda progress: None,
        on_epoch: Callable[[EpochReport], None] = lambda report: None,
    ) -> None:
        """Train until the configured number of epochs is done.

        Raises:
            DivergedError: The loss is not a number.
            CheckpointError: A checkpoint could not be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        pace = Pace()
        while self.epoch < self.config.epochs:
            began = time.monotonic()
            loss = self._epoch(pace, on_step)
            accuracy, log_loss = self._validate()
            report = EpochReport(
                self.epoch + 1, self.config.px_at(self.epoch), self._rate(self.steps - 1), loss,
                accuracy, log_loss, round(time.monotonic() - began, 1),
            )  # fmt: skip
            self.epoch += 1
            self.history.append(report)
            self._save(report)
            on_epoch(report)

    def _epoch(self, pace: Pace, on_step: Callable[[Progress], None]) -> float:
        config = self.config
        # Seeded by epoch, so that a resumed run sees what an uninterrupted one would have seen.
        random = Generator().manual_seed(config.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self._labels), generator=random)
        px = config.px_at(self.epoch)
        later = sum(config.px_at(e) ** 2 for e in range(self.epoch + 1, config.epochs))
        total = 0.0
        self.model.train()
        for step in range(self.steps):
            began = time.monotonic()
            loss = self._step(order[step * config.batch :][: config.batch], step, px, random)
            total += loss
            pace.step(time.monotonic() - began, px**2)
            left = pace.left_s((self.steps - step - 1) * px**2 + later * self.steps)
            on_step(Progress(self.epoch + 1, config.epochs, step + 1, self.steps, loss, left))
        return total / self.steps

    def _step(self, chosen: Tensor, step: int, px: int, random: Generator) -> float:
        config, how = self.config, self.preprocessing
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(step)
        with torch.no_grad():
            views = augment(self._frames[chosen], config.augmentation, how.crop_px, px, random)
            batch = views.sub_(how.mean).div_(how.std).contiguous(memory_format=torch.channels_last)
        value = self._shards.gradients(batch, self._labels[chosen], self._votes[chosen])
        if not math.isfinite(value):
            raise DivergedError(
                f"{config.name}: the loss is {value} in epoch {self.epoch + 1}, step {step + 1}; "
                "lower optimiser.rate or set optimiser.clip_norm, then --resume"
            )
        if config.optimiser.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), config.optimiser.clip_norm)
        self._optimiser.step()
        self.average.update(self.model)
        return value

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
        network = build_network(self.config.architecture, len(EMOTIONS))
        network.load_state_dict(part_of(self.average.state, "network"))
        logits = logits_of(network, self._validation.frames, self.preprocessing)
        labels = torch.from_numpy(self._validation.labels)
        accuracy = float((logits.argmax(1) == labels).double().mean())
        return accuracy, float(functional.cross_entropy(logits, labels))

    def _identity(self) -> dict[str, Any]:
        """Return what a checkpoint must share with the run that continues it.

        Epochs and the like are not part of it: a run may be lengthened, say, and its rate then
        follows the new schedule from the next epoch on. Pixel statistics stay as they were.
        """
        return {
            "name": self.config.name,
            "seed": self.config.seed,
            "architecture": self.config.architecture.model_dump(mode="json"),
            "data_sha256": self.data_sha256,
        }

    def _save(self, report: EpochReport) -> None:
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        average = {f"average.{name}": value for name, value in self.average.state.items()}
        for name, parameter in self.model.named_parameters():
            momentum = self._optimiser.state[parameter].get("momentum_buffer")
            if momentum is not None:
                tensors[f"momentum.{name}"] = momentum
        key = (report.validation_accuracy, -report.validation_log_loss)
        is_best = key > self.best
        self.best = max(self.best, key)
        facts = self._identity() | {
            "config": self.config.model_dump(mode="json"),
            "preprocessing": asdict(self.preprocessing),
            "epoch": self.epoch,
            "average_steps": self.average.steps,
            "best": self.best,
            "history": [asdict(line) for line in self.history],
        }
        if is_best:
            write_checkpoint(self.folder / BEST, average, facts)
        write_checkpoint(self.folder / LAST, tensors | average, facts)
        lines = "".join(json.dumps(asdict(line)) + "\n" for line in self.history)
        write_bytes_whole(self.folder / HISTORY, lines.encode())


def logits_of(
    network: nn.Module, frames: np.ndarray[Any, np.dtype[np.uint8]], how: Preprocessing
) -> Tensor:
    """Return the logits of grey squares ``(N, H, H)`` in float32, shape ``(N, K)``."""
    network.eval()
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(normalise(frames[at : at + 256], how)))
            for at in range(0, len(frames), 256)
        ]
    return torch.cat(parts) if parts else torch.empty(0, len(EMOTIONS))


def _begin_with(network: nn.Module, start: StoredModel, config: TrainConfig) -> None:
    if start.facts.architecture != config.architecture:
        raise ConfigError(
            f"start_from: {start.folder} is of another architecture "
            f"({start.facts.architecture}) than {config.name} ({config.architecture})"
        )
    network.load_state_dict(start.network.state_dict())


def _optimiser(model: nn.Module, config: TrainConfig) -> torch.optim.SGD:
    weights = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.SGD(
        [
            {"params": weights, "weight_decay": config.optimiser.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=config.optimiser.rate,
        momentum=config.optimiser.momentum,
        nesterov=True,
    )
