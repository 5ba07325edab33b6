"""Do work on frames in batches that fit into memory; a frame that fails is lost alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from surveil.domain import Frame
from surveil.engines import DeviceMemoryError
from surveil.logs import get_logger
from surveil.workers.host.lifeline import Telemetry

GROW_AFTER = 500
"""Calls without trouble after which a batch halved for want of memory is doubled again."""

_UNLIMITED = 1024
"""A limit of so many frames is none: no batch is as large."""

_log = get_logger("inference")
_T = TypeVar("_T")


class BatchFitter:
    """How many frames fit into one batch, found out by trying; used by one thread.

    Args:
        telemetry: Gets ``frame_faults_total`` by stage and ``batch_halved_total``.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._limit: int | None = None
        self._calm_calls = 0

    def run(
        self,
        work: Callable[[Sequence[int]], Sequence[_T]],
        places: Sequence[int],
        frames: Sequence[Frame],
        stage: str,
    ) -> list[_T | None]:
        """Do ``work`` over ``places`` in batches that fit; None where it fails on one alone.

        Args:
            work: Returns one result for each of the places that it is given.
            places: Indices into ``frames``.
            frames: All frames at hand.
            stage: What the work is, for counters and the log.
        """
        results: list[_T | None] = []
        start = 0
        while start < len(places):
            part = places[start : start + (self._limit or len(places))]
            try:
                results += work(part)
            except (DeviceMemoryError, MemoryError) as error:
                if len(part) > 1:
                    self._limit = len(part) // 2
                    self._calm_calls = 0
                    self._telemetry.count("batch_halved_total", stage=stage)
                    continue
                self.fault(error, frames[part[0]], stage)
                results.append(None)
            except Exception as error:  # noqa: BLE001 - any frame may be poison to a network;
                # it is counted, and must not take the frames of other cameras with it
                if len(part) > 1:
                    for place in part:
                        results += self.run(work, [place], frames, stage)
                else:
                    self.fault(error, frames[part[0]], stage)
                    results.append(None)
            start += len(part)
        return results

    def fault(self, error: BaseException, frame: Frame, stage: str) -> None:
        """Count and log a frame that a stage failed on."""
        self._telemetry.count("frame_faults_total", stage=stage, camera=frame.camera)
        _log.error(
            "frame.failed",
            camera=frame.camera,
            stage=stage,
            size=frame.size,
            error=f"{type(error).__name__}: {error}"[:300],
        )

    def relax(self) -> None:
        """Note a call without trouble; after many, larger batches are tried again."""
        if self._limit is None:
            return
        self._calm_calls += 1
        if self._calm_calls >= GROW_AFTER:
            self._calm_calls = 0
            self._limit = 2 * self._limit if self._limit < _UNLIMITED else None
