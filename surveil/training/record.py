"""Write what was measured of a model into the model's own folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surveil.classify import StoredModel
from surveil.training.card import card
from surveil.training.checkpoint import write_bytes_whole
from surveil.training.metrics_file import FORMAT
from surveil.training.model_record import METRICS, read_record
from surveil.training.study import Study

CARD = "card.md"


def record_study(
    model: StoredModel,
    study: Study,
    speed: Sequence[dict[str, Any]],
    memory_bytes: int | None,
    hardware: str,
) -> Path:
    """Put a study of the test split into ``metrics.json`` and make ``card.md`` again.

    What training wrote (protocol, budget, history) stays; a file of an older format becomes one of
    the present. Sets that were not studied now are dropped, as they are of other data.

    Returns:
        The file of figures.

    Raises:
        DataError: The model has no sound ``metrics.json``.
        CheckpointError: A file cannot be written.
    """
    path = model.folder / METRICS
    before = read_record(model.folder).metrics
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    content |= {
        "format": FORMAT,
        "model": model.facts.versioned_name,
        "taxonomy": model.facts.taxonomy.name,
        "temperature": model.facts.temperature,
        "smoothing": model.facts.smoothing,
        "parameters": sum(value.numel() for value in model.network.parameters()),
        "statistics": sum(b.numel() for b in model.network.buffers() if b.is_floating_point()),
        "weights_bytes": before.weights_bytes,
        "budget": before.budget.model_dump() if before.budget else None,
        "test": {name: found.as_json() for name, found in study.sets.items()},
    }
    if speed:
        content |= {
            "speed": list(speed), "memory_bytes": memory_bytes, "measured_on": hardware
        }  # fmt: skip
    write_bytes_whole(path, (json.dumps(content, indent=1) + "\n").encode())
    write_bytes_whole(model.folder / CARD, card(read_record(model.folder)).encode())
    return path
