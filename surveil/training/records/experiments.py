"""One table of all runs, the failed ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surveil.models.architecture import Architecture
from surveil.training.config import TrainConfig
from surveil.training.files import write_bytes_whole
from surveil.training.records.compare import SURE
from surveil.training.records.model_record import ModelRecord
from surveil.training.records.wording import coverage_words, network_name, number, percent

COLUMNS = (
    "run", "configuration", "seed", "epochs", "accuracy", "ten-crop", "macro-F1", "ECE",
    f"coverage at {SURE:.0%}", "other sets", "remark",
)  # fmt: skip

_HEAD = """\
# Experiments

One line for each exported model and each run that ended early, written by `surveil train`; what
`surveil evaluate --record` measures later replaces a model's line. Figures are shares of the test
split; nothing was chosen on them unless the remark says so, but for the form of the calibration
(label smoothing undone), which was found while figures of PublicTest were looked at.
"""

_FAILED = "(none)"


def note_experiment(table: Path, record: ModelRecord) -> None:
    """Add a model to the table, which is created if need be.

    A line of the same weights is replaced: they may have been exported with another calibration,
    or been measured again.
    """
    if not _replace(table, record):
        _append(table, _cells(record))


def update_experiment(table: Path, record: ModelRecord) -> None:
    """Replace a model's line; a table that does not list it, or is not there, stays as it is."""
    _replace(table, record)


def _replace(table: Path, record: ModelRecord) -> bool:
    text = table.read_text(encoding="utf-8") if table.is_file() else ""
    before, head, after = text.partition(_line(COLUMNS))
    start = f"| {record.facts.versioned_name} |"
    # Lines above the head belong to a table of other columns.
    lines = after.splitlines(keepends=True)
    at = next((i for i, line in enumerate(lines) if line.startswith(start)), None)
    if at is None:
        return False
    lines[at] = _line(_cells(record))
    write_bytes_whole(table, (before + head + "".join(lines)).encode())
    return True


def _cells(record: ModelRecord) -> tuple[object, ...]:
    name, training = record.facts.versioned_name, record.facts.training
    (first, figures), *others = record.metrics.test.items()
    sure = figures.at_precision(SURE)
    return (
        name,
        _configuration(training["config"], record.facts.architecture),
        training["config"]["seed"],
        f"{training['epochs_done']} of {training['epochs']}{_stopped(record)}, "
        f"{training['epoch']} exported",
        f"{first} {percent(figures.accuracy, 2)}",
        percent(figures.ten_crop.accuracy, 2) if figures.ten_crop else "",
        number(figures.macro_f1),
        percent(figures.ece, 2),
        "" if sure is None else coverage_words(sure),
        ", ".join(f"{other} {percent(result.accuracy, 2)}" for other, result in others),
        record.metrics.note,
    )


def _stopped(record: ModelRecord) -> str:
    budget = record.metrics.budget
    return " (stopped early)" if budget and budget.patience is not None else ""


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
        _configuration(config.model_dump(mode="json"), config.architecture),
        config.seed,
        f"{epochs_done} of {config.epochs}",
        reached,
        *[""] * 5,
        reason,
    )
    _append(table, cells)


def _configuration(config: Mapping[str, Any], architecture: Architecture) -> str:
    optimiser = config["optimiser"]
    return (
        f"{config['name']}: {network_name(architecture)}, "
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
