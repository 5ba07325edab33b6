"""What people said of a site's pictures, each blind to the others, and how far they agree."""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.replacing import write_whole
from surveil.training.data.tables import open_table, table_text
from surveil.training.errors import DataError

UNCLEAR = "unclear"
"""What is said of a picture whose expression cannot be told, or that shows no face."""

CHOICES = (*(emotion.value for emotion in EMOTIONS), UNCLEAR)

LABELS = "labels.csv"
DISPUTED = "disputed.csv"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")

Said = Mapping[str, str]
"""One of :data:`CHOICES` by a picture's path below the source."""


class Answers:
    """One person's answers in a file of that name: each is on the disk before the next is asked.

    Called by several threads of the page's server.

    Args:
        folder: Of the answers of all; nobody else's are read.
        name: The person's.

    Raises:
        ConfigError: The name is none that a file may have.
        DataError: The file is there and wrong.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = path_of(folder, name)
        self._lock = threading.Lock()
        self._said = dict(read_answers(self.path)) if self.path.exists() else {}
        self._order = list(self._said)

    def __len__(self) -> int:
        return len(self._said)

    def __contains__(self, file: str) -> bool:
        return file in self._said

    def add(self, file: str, choice: str) -> None:
        """Take an answer, also a better one than before.

        Raises:
            ValueError: It is none of :data:`CHOICES`.
            OSError: It could not be written; it is not taken then.
        """
        if choice not in CHOICES:
            raise ValueError(f"{choice!r} is none of {', '.join(CHOICES)}")
        with self._lock:
            said = {**self._said, file: choice}
            self._write(said)
            self._said = said
            self._order = [*(name for name in self._order if name != file), file]

    def take_back(self) -> str | None:
        """Forget the latest answer and return which file it was of, if there is one."""
        with self._lock:
            if not self._order:
                return None
            file = self._order[-1]
            said = {name: choice for name, choice in self._said.items() if name != file}
            self._write(said)
            self._said, self._order = said, self._order[:-1]
            return file

    def _write(self, said: Said) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, table_text(("file", "answer"), said.items()).encode())


def path_of(folder: Path, name: str) -> Path:
    """Return where a person's answers are.

    Raises:
        ConfigError: The name is none that a file may have, or that of a result.
    """
    if not _NAME.fullmatch(name) or f"{name}.csv" in (LABELS, DISPUTED):
        raise ConfigError(
            f"--by {name!r}: give letters, digits, - and _, at most 32, and neither labels nor "
            "disputed"
        )
    return folder / f"{name}.csv"


def read_answers(path: Path) -> dict[str, str]:
    """Return a person's answers by file.

    Raises:
        DataError: The file is missing or wrong; the line is named.
    """
    said: dict[str, str] = {}
    with open_table(path, ("file", "answer")) as table:
        for line, row in table:
            if row["answer"] not in CHOICES:
                raise DataError(
                    f"{path}, line {line}: {row['answer']!r} is none of {', '.join(CHOICES)}"
                )
            said[row["file"]] = row["answer"]
    return said


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree on the pictures that both have seen.

    Attributes:
        pictures: Seen by both.
        alike: Of which they say the same.
        kappa: Cohen 1960: how far they agree beyond chance; 1 is always, 0 as often as by chance.
            ``None`` of no picture, or where both say the same of all.
        interval: Of kappa, 95%, by its large-sample error (Cohen 1960, eq. 8).
        agreed: What both say, by file, without what neither can tell.
        disputed: What each says, by file, where that differs.
    """

    pictures: int
    alike: int
    kappa: float | None
    interval: tuple[float, float] | None
    agreed: Said
    disputed: Mapping[str, tuple[str, str]]

    @property
    def words(self) -> str:
        """What the kappa means, in the words of Landis and Koch 1977."""
        if self.kappa is None:
            return "not defined"
        steps = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"),
                 (0.8, "substantial"))  # fmt: skip
        return next((word for most, word in steps if self.kappa <= most), "almost perfect")


def agreement(first: Said, second: Said) -> Agreement:
    """Return how far two people agree; ``unclear`` is an answer like the others."""
    both = [file for file in first if file in second]
    pairs = [(first[file], second[file]) for file in both]
    alike = sum(one == other for one, other in pairs)
    kappa, interval = _kappa(pairs)
    return Agreement(
        len(both), alike, kappa, interval,
        {f: first[f] for f in both if first[f] == second[f] != UNCLEAR},
        {f: (first[f], second[f]) for f in both if first[f] != second[f]},
    )  # fmt: skip


def _kappa(
    pairs: Sequence[tuple[str, str]],
) -> tuple[float | None, tuple[float, float] | None]:
    count = len(pairs)
    if not count:
        return None, None
    observed = sum(one == other for one, other in pairs) / count
    ones, others = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    chance = sum(ones[choice] * others[choice] for choice in CHOICES) / count**2
    if chance >= 1:
        return None, None
    kappa = (observed - chance) / (1 - chance)
    error = math.sqrt(observed * (1 - observed) / count) / (1 - chance)
    return kappa, (max(kappa - 1.96 * error, -1.0), min(kappa + 1.96 * error, 1.0))


def write_agreement(folder: Path, found: Agreement, names: tuple[str, str]) -> None:
    """Write ``labels.csv``, which ``surveil dataset import`` takes, and ``disputed.csv``.

    Raises:
        OSError: One cannot be written.
    """
    labels = table_text(("file", "emotion"), found.agreed.items())
    disputed = table_text(("file", *names), ((f, *both) for f, both in found.disputed.items()))
    write_whole(folder / LABELS, labels.encode())
    write_whole(folder / DISPUTED, disputed.encode())
