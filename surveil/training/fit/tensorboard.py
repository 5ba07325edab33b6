"""Curves of a run for TensorBoard, where it is installed."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surveil.training.fit.loop import EpochReport

log = logging.getLogger(__name__)

FOLDER = "tensorboard"
"""Within the run's folder; ``tensorboard --logdir runs`` shows all runs side by side."""


class Board:
    """Writes one point per epoch; does nothing where TensorBoard is not installed.

    Where a curve cannot be written, as on a full disk, that is logged and no more are written.

    Args:
        run: The run's folder.
        epochs_done: Points after this epoch, of an earlier try that was killed, are taken back.
        wanted: False writes nothing.
    """

    def __init__(self, run: Path, epochs_done: int = 0, *, wanted: bool = True) -> None:
        self._writer: Any = None
        if not wanted:
            return
        try:
            # Imported here: it takes seconds, and comes with the extra "train" only.
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            log.warning("no curves for TensorBoard: %s", error)
            return
        try:
            self._writer = SummaryWriter(str(run / FOLDER), purge_step=epochs_done + 1)
        except OSError as error:
            self._give_up(error)

    def epoch(self, report: EpochReport) -> None:
        """Add an epoch's numbers."""
        if self._writer is None:
            return
        try:
            for name, value in asdict(report).items():
                if name != "epoch":
                    self._writer.add_scalar(name, value, report.epoch)
            self._writer.flush()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log.warning("no more curves for TensorBoard: %s", error)
        self._writer = None
