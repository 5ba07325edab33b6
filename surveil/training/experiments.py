"""One table of all models ever exported, the failed ones too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from surveil.classify import ModelFacts
from surveil.training.checkpoint import write_bytes_whole
from surveil.training.evaluation import Evaluation

_HEAD = """\
# Experiments

One line per exported model, written by `surveil train`; runs that gave none are added by hand.
Figures are shares of the test split; nothing was chosen on them unless the note says so.

| model | seed | width | epochs | exported | batch, rate | test | macro-F1 | ECE | others | note |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def note_experiment(
    table: Path, facts: ModelFacts, results: Mapping[str, Evaluation], note: str
) -> None:
    """Add a model to the table, which is created if need be; a model is listed once."""
    text = table.read_text(encoding="utf-8") if table.is_file() else _HEAD
    (name, first), *others = results.items()
    config, training = facts.training["config"], facts.training
    cells = (
        facts.versioned_name,
        config["seed"],
        facts.architecture.width,
        f"{training['epochs_done']} of {training['epochs']}",
        training["epoch"],
        f"{config['batch']}, {config['optimiser']['rate']}",
        f"{name} {first.accuracy:.2%}",
        f"{first.macro_f1:.3f}",
        f"{first.ece:.2%}",
        ", ".join(f"{other} {result.accuracy:.2%}" for other, result in others),
        note.replace("|", "/"),
    )
    if f"| {facts.versioned_name} |" not in text:
        text += f"| {' | '.join(str(cell) for cell in cells)} |\n"
        write_bytes_whole(table, text.encode())
