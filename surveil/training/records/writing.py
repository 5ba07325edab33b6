"""A model's figures into its folder: ``metrics.json``, and ``card.md`` that follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surveil.models.files import CARD, METRICS
from surveil.training.files import write_bytes_whole
from surveil.training.records.card import card
from surveil.training.records.model_record import ModelRecord, read_record


def write_figures(folder: Path, content: Mapping[str, Any]) -> ModelRecord:
    """Write a model's ``metrics.json`` and its card, and return both files as read again.

    Args:
        folder: Of the model, with its ``model.json``.
        content: All of the file, in the shape of :class:`~.metrics_file.MetricsFile`.

    Raises:
        CheckpointError: A file cannot be written.
        DataError: The content has another shape.
        ModelError: The folder has no sound ``model.json``.
    """
    write_bytes_whole(folder / METRICS, (json.dumps(content, indent=1) + "\n").encode())
    record = read_record(folder)
    write_bytes_whole(folder / CARD, card(record).encode())
    return record
