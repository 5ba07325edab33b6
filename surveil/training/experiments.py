"""One table of all runs, the failed ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surveil.training.checkpoint import write_bytes_whole
from surveil.training.compare import SURE
from surveil.training.config import TrainConfig
from surveil.training.model_record import ModelRecord
from surveil.training.wording import network_name, number, percent

COLUMNS = (
    "run", "configuration", "seed", "epochs", "accuracy", "ten-crop", "macro-F1", "ECE",
    f"coverage at {SURE:.0%}", "other sets", "remark",
)  # fmt: skip

_HEAD = """\
# Experiments

One line for each exported model and each run that ended early, written by `surveil train`. Figures
are shares of the test split; nothing was chosen on them unless the remark says so.
"""

_FAILED = "(none)"


def note_experiment(table: Path, record: ModelRecord) -> None:
    """Add a model to the table, which is created if need be; a model is listed once."""
    name, training = record.facts.versioned_name, record.facts.training
    (first, figures), *others = record.metrics.test.items()
    sure = figures.at_precision(SURE)
    cells = (
        name,
        _configuration(training["config"]),
        training["config"]["seed"],
        f"{training['epochs_done']} of {training['epochs']}, {training['epoch']} exported",
        f"{first} {percent(figures.accuracy, 2)}",
        percent(figures.ten_crop.accuracy, 2) if figures.ten_crop else "",
        number(figures.macro_f1),
        percent(figures.ece, 2),
        "" if sure is None else percent(sure.coverage) if sure.reached else "not reached",
        ", ".join(f"{other} {percent(result.accuracy, 2)}" for other, result in others),
        record.metrics.note,
    )
    if not (table.is_file() and f"| {name} |" in table.read_text(encoding="utf-8")):
        _append(table, cells)


def note_failure(
    table: Path,
    config: TrainConfig,
    *,
    epochs_done: int,
    reason: str,
    validation_accuracy: float | None = None,
) -> None:
    """Add a run that gave no model, because it diverged or was given up.

    Args:
        table: As for :func:`note_experiment`.
        config: Of the run.
        epochs_done: Whole epochs.
        reason: In a sentence, such as the message of a ``DivergedError``.
        validation_accuracy: Of its best epoch, if there was one.
    """
    reached = "" if validation_accuracy is None else f"validation {percent(validation_accuracy, 2)}"
    cells = (
        _FAILED,
        _configuration(config.model_dump(mode="json")),
        config.seed,
        f"{epochs_done} of {config.epochs}",
        reached,
        *[""] * 5,
        reason,
    )
    _append(table, cells)


def _configuration(config: Mapping[str, Any]) -> str:
    optimiser = config["optimiser"]
    return (
        f"{config['name']}: {network_name(config['architecture'])}, "
        f"{config.get('taxonomy', 'seven')}, batch {config['batch']}, "
        f"{optimiser.get('kind', 'sgd')} {optimiser['rate']:g}"
    )


def _append(table: Path, cells: Sequence[object]) -> None:
    text = table.read_text(encoding="utf-8") if table.is_file() else _HEAD
    head = _line(COLUMNS)
    if head not in text:
        # Also below a table of other columns, whose rows stay as they are.
        text += f"\n{head}{_line(['---'] * len(COLUMNS))}"
    table.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_whole(table, (text + _line(cells)).encode())


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(' '.join(str(c).split()).replace('|', '/') for c in cells)} |\n"
