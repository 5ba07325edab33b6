"""What a run must share with the checkpoint that it goes on from, and what it may change."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from surveil.training.config import TrainConfig
from surveil.training.errors import CheckpointError

log = logging.getLogger(__name__)


def check_same_run(
    path: Path,
    before: TrainConfig,
    now: TrainConfig,
    more: Mapping[str, tuple[object, object]],
) -> None:
    """Refuse a checkpoint of another run.

    Epochs and the like are not looked at: a run may be lengthened, say, and its rate then follows
    the new schedule from the next epoch on. Pixel statistics stay as they were.

    Args:
        path: Of the checkpoint, for the message.
        before: The configuration it was written with.
        now: The configuration of the run that goes on.
        more: What else must be the same, by name: as the checkpoint says, and as it is now.

    Raises:
        CheckpointError: Something differs; the message says what, and what to do.
    """
    earlier, wanted = _identity_of(before), _identity_of(now)
    pairs = {key: (earlier[key], wanted[key]) for key in earlier} | dict(more)
    for key, (was, is_now) in pairs.items():
        if was != is_now:
            raise CheckpointError(
                f"{path}: belongs to another run: its {key} differs ({was}; now {is_now}): "
                "continue it with what it was begun with, or train anew under another seed, "
                "name or --runs"
            )


def log_changes(path: Path, before: TrainConfig, now: TrainConfig) -> None:
    """Log a warning for each key of the configuration that a run goes on with otherwise."""
    earlier, later = (dict(_flat(config.model_dump(mode="json"))) for config in (before, now))
    for key in dict.fromkeys((*earlier, *later)):
        if earlier.get(key) != later.get(key):
            log.warning(
                "%s: %s was %s, the run goes on with %s",
                path, key, earlier.get(key), later.get(key),
            )  # fmt: skip


def _identity_of(config: TrainConfig) -> dict[str, object]:
    return {
        "name": config.name,
        "seed": config.seed,
        "architecture": config.architecture,
        "taxonomy": config.taxonomy,
        "optimiser.kind": config.optimiser.kind,
    }


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
