"""Publish what workers that are gone have left in their spools.

A spool is an orphan when it lies below ``data_dir`` and belongs to none of this host's workers: the
one that wrote it was given another name, or moved to another host. Whoever finds it takes its lock,
sends its events exactly as they are, and removes the file once SQL has committed all of them. Runs
are never continued in it: a camera that changes worker begins a new run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

from surveil.errors import InUseError, SurveilError
from surveil.events.publisher import Pace, Publisher
from surveil.events.spool import Spool
from surveil.logs import get_logger

LOOK_EVERY_S = 30.0
WATCH_EVERY_S = 0.5

_log = get_logger("events")


def spool_path(data_dir: Path, name: str) -> Path:
    """Return where the spool of one worker lies."""
    return data_dir / "spool" / f"{name}.db"


class Adopter:
    """Looks for orphans, again and again, in a thread of its own.

    Args:
        data_dir: Below which spools lie.
        owned: Names of spools whose workers live, or are being started again; looked at anew with
            each round.
        url: Of Redis, with credentials.
        partitions: Number of streams.
        count: Is told the name of a counter to add to.
        pace: Of publishing.
    """

    def __init__(
        self,
        data_dir: Path,
        owned: Collection[str],
        url: str,
        partitions: int,
        *,
        count: Callable[[str], None] = lambda name: None,
        pace: Pace | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._owned = owned
        self._url = url
        self._partitions = partitions
        self._count = count
        self._pace = pace
        self._complained: set[Path] = set()
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="adopter", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread; what it has not published stays where it is."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join(2.0)

    def orphans(self) -> list[Path]:
        """Return the spools that belong to nobody on this host."""
        found = sorted((self._data_dir / "spool").glob("*.db"))
        return [path for path in found if path.stem not in self._owned]

    def adopt(self, path: Path) -> bool:
        """Publish one spool until SQL has all of it, then remove it; False when told to stop.

        Raises:
            InUseError: A living process holds it.
            ConfigError: It is of another version.
            UnavailableError: The disk refuses it.
        """
        spool = Spool(path, predecessor_s=0.0)
        _log.info("spool.adopted", path=str(path), pending=spool.pending_count)
        self._count("spools_adopted_total")
        publisher = Publisher(spool, self._url, self._partitions, pace=self._pace)
        publisher.start()
        while spool.pending_count and not self._stopping.wait(WATCH_EVERY_S):
            pass
        publisher.stop(0.0)
        if spool.pending_count:
            spool.close()
            return False
        spool.remove()
        _log.info("spool.published", path=str(path))
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            for path in self.orphans():
                self._try(path)
            self._stopping.wait(LOOK_EVERY_S)

    def _try(self, path: Path) -> None:
        try:
            self.adopt(path)
        except InUseError:
            return  # another worker has found it
        except Exception as error:  # noqa: BLE001  (counted, and tried again with the next look)
            self._count("spool_errors_total")
            if path not in self._complained:
                self._complained.add(path)
                words = str(error) if isinstance(error, SurveilError) else type(error).__name__
                _log.error("spool.not_adopted", path=str(path), error=words)
