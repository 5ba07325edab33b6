"""What a model gained and what it forgot when its training went on with new images."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from surveil.classify.networks import StoredModel, build_network
from surveil.models import Preprocessing
from surveil.models.taxonomy import Taxonomy
from surveil.training.config import TrainConfig
from surveil.training.data.dataset import Dataset
from surveil.training.data.fer2013 import SOURCE
from surveil.training.faces import Split
from surveil.training.files import write_bytes_whole
from surveil.training.fit.checkpoint import part_of, read_checkpoint
from surveil.training.fit.loop import BEST, LAST
from surveil.training.logits import logits_of
from surveil.training.measure.evaluation import parts_of
from surveil.training.measure.mcnemar import mcnemar

log = logging.getLogger(__name__)

REPORT = "fine_tune.json"

CERTAIN = 0.05
"""A difference that chance makes more rarely than this is called one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A test set before and after; shares are 0..1.

    Attributes:
        test: Name of the set.
        faces: How many.
        before: Accuracy of the model that training began with.
        after: Accuracy of the one it ended in.
        gained: Faces that only the latter classified rightly.
        forgotten: Faces that only the former did.
        p_value: Of McNemar's test of the two counts.
    """

    test: str
    faces: int
    before: float
    after: float
    gained: int
    forgotten: int
    p_value: float

    @property
    def sentence(self) -> str:
        """The change in words."""
        points = (self.after - self.before) * 100
        sure = f"p = {self.p_value:.2g}"
        if self.p_value >= CERTAIN:
            sure += ", within chance"
        return (
            f"{self.test}: {self.before:.1%} before, {self.after:.1%} after ({points:+.1f} points; "
            f"{self.gained} of {self.faces} faces gained, {self.forgotten} forgotten; {sure})"
        )


@dataclass(frozen=True, slots=True)
class FineTune:
    """All test sets' changes between two models.

    Attributes:
        started_from: ``name@hash`` of the model that training began with.
        changes: By test set; those of new people and of what the model knew before.
    """

    started_from: str
    changes: tuple[Change, ...]

    @property
    def sentences(self) -> list[str]:
        """The report in words, a line each."""
        lines = [f"Fine-tuned from {self.started_from}."]
        lines += [f"{change.sentence}." for change in self.changes]
        if not any(change.test.startswith(SOURCE) for change in self.changes):
            lines.append(
                "What was forgotten of FER2013 is not known: give data.fer2013, with "
                "data.percent_of: {fer2013: 0} if it shall be measured only."
            )
        return lines

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        content = {
            "started_from": self.started_from,
            "tests": [asdict(change) for change in self.changes],
        }
        write_bytes_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def report_fine_tune(
    start: StoredModel, run: Path, dataset: Dataset, checkpoint: Literal["best", "last"]
) -> FineTune | None:
    """Measure the model that a run would export, and write the report into the run's folder.

    Args:
        start: The model that the run began with.
        run: Folder of the checkpoints.
        dataset: As the run was trained on.
        checkpoint: Which one is exported.

    Returns:
        ``None``, with a line in the log, if ``start`` is no longer the model that the run began
        with: it was exported over, say.

    Raises:
        CheckpointError: The run has no such checkpoint.
    """
    tensors, facts = read_checkpoint(run / (BEST if checkpoint == "best" else LAST))
    began = facts.get("started_from", start.facts.versioned_name)
    if began != start.facts.versioned_name:
        log.warning(
            "no report of what was gained and forgotten: the run began with %s, but %s is %s now",
            began, start.folder, start.facts.versioned_name,
        )  # fmt: skip
        return None
    trained = TrainConfig.model_validate(facts["config"])
    network = build_network(trained.architecture, len(trained.classes.classes))
    network.load_state_dict(part_of(tensors, "average.network"))
    # In half precision, as models are stored.
    network = network.half().float()
    seen = Preprocessing(**facts["preprocessing"])
    report = measure_fine_tune(start, network, trained.classes, seen, dataset)
    report.write(run / REPORT)
    return report


def compare_answers(test: str, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Change:
    """Return the change of a test set, given which faces each model has right, ``(N,)``."""
    paired = mcnemar(after, before)
    return Change(
        test=test,
        faces=len(before),
        before=float(before.mean()),
        after=float(after.mean()),
        gained=paired.only_first,
        forgotten=paired.only_second,
        p_value=paired.p_value,
    )


def measure_fine_tune(
    start: StoredModel,
    network: nn.Module,
    classes: Taxonomy,
    seen: Preprocessing,
    dataset: Dataset,
) -> FineTune:
    """Return what training changed, on each set of the test split.

    Args:
        start: The model that it began with. Of what it knows, only the run's classes are asked.
        network: The one that it ended in.
        classes: What that tells apart.
        seen: Its preprocessing.
        dataset: All faces; those of the test split are used.
    """
    tested = dataset.faces.only(Split.TEST)
    labels = classes.labels_of(tested.labels)
    faces, labels = tested.where(labels >= 0), labels[labels >= 0]
    known = start.facts.taxonomy.classes
    columns = [known.index(emotion) for emotion in classes.classes]
    before = logits_of(start.network, faces.frames, start.facts.preprocessing).numpy()[:, columns]
    after = logits_of(network, faces.frames, seen).numpy()
    answers = [logits.argmax(axis=1) == labels for logits in (before, after)]
    changes: Sequence[Change] = [
        compare_answers(name, answers[0][part.at], answers[1][part.at])
        for name, part in parts_of(faces, Split.TEST)
        if len(part.at)
    ]
    return FineTune(start.facts.versioned_name, tuple(changes))
