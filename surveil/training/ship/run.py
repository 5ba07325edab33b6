"""A whole run: the loop, its curves, and a line in the table of experiments if it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from surveil.errors import SurveilError
from surveil.training.fit.loop import EpochReport, Progress, Trainer
from surveil.training.fit.tensorboard import Board
from surveil.training.records.experiments import note_failure

log = logging.getLogger(__name__)


def run_to_end(
    trainer: Trainer,
    *,
    experiments: Path,
    tensorboard: bool = False,
    on_step: Callable[[Progress], None] = lambda progress: None,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
) -> None:
    """Train until the configured number of epochs is done.

    Args:
        trainer: Fresh or resumed.
        experiments: The table that a run which ends in an error is noted in.
        tensorboard: Write curves into the run's folder.
        on_step: Called after each step.
        on_epoch: Called after each epoch, once its checkpoint is on the disk.

    Raises:
        DivergedError: The loss is not a number.
        CheckpointError: A checkpoint could not be written.
    """
    with closing(Board(trainer.folder, trainer.epoch, wanted=tensorboard)) as board:

        def epoch_done(report: EpochReport) -> None:
            board.epoch(report)
            on_epoch(report)

        try:
            trainer.run(on_step=on_step, on_epoch=epoch_done)
        except SurveilError as error:
            try:
                note_failure(
                    experiments,
                    trainer.config,
                    epochs_done=trainer.epoch,
                    reason=str(error),
                    validation_accuracy=trainer.best[0] if trainer.epoch else None,
                )
            # The table may be on the same full disk: why the run ended is what counts.
            except (OSError, ValueError, SurveilError) as unnoted:
                log.warning("%s: the failed run is not noted: %s", experiments, unnoted)
            raise
