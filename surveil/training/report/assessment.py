"""A stored model measured on the faces of a path: what ``surveil evaluate`` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from surveil.classify.networks import StoredModel, read_model
from surveil.engines import resolve_device
from surveil.errors import ConfigError
from surveil.models import find_model
from surveil.training.config import load_config
from surveil.training.data.class_names import ClassNames
from surveil.training.data.face_finder import face_detector
from surveil.training.faces import Split
from surveil.training.fit.hardware import describe_hardware
from surveil.training.measure.material import Material, check_faces, load_material
from surveil.training.measure.runner import Runner
from surveil.training.measure.sizes import sizes_of
from surveil.training.measure.speed import measure
from surveil.training.measure.strata import read_groups
from surveil.training.measure.study import Extent, Study, study
from surveil.training.records.figures import Speed
from surveil.training.records.wording import input_sentence, network_sentence
from surveil.training.report.page import Report, report_page
from surveil.training.ship.record import has_full_figures, record_study

RECORD_NEEDS = (
    "--record takes the test split of the data that the model was trained with: metrics.json must "
    "not hold figures of faces it may have learned"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured, and on which faces.

    Attributes:
        data: A data folder or a dataset; see
            :func:`~surveil.training.measure.material.load_material`.
        runs: Its ``cache`` holds imported faces and manifests.
        split: Which faces, if not as the data suggests.
        config: Training configuration whose data folder ``data`` is.
        against: Another model to compare with.
        full: Measure all that takes minutes.
        with_speed: Measure time and memory.
        record: The figures are for the model's own folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: Of the CPU; ``None`` takes as many as PyTorch does.
        groups: CSV file with a column ``name`` for each face.
        group_by: Its columns to report apart.
        names: What class folders are called, and which are left out.
    """

    data: Path
    runs: Path
    split: str | None = None
    config: Path | None = None
    against: str | None = None
    full: bool = True
    with_speed: bool = True
    record: bool = False
    device: str = "auto"
    threads: int | None = None
    groups: Path | None = None
    group_by: tuple[str, ...] = ()
    names: ClassNames = field(default_factory=ClassNames)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What was measured of a model, and on which faces.

    Attributes:
        hardware: Name of the GPU, or number of CPU threads, that times were measured on.
        memory_bytes: ``None`` where it was not measured.
    """

    model: StoredModel
    material: Material
    study: Study
    speed: tuple[Speed, ...]
    memory_bytes: int | None
    hardware: str

    @property
    def title(self) -> str:
        """The model, and which faces."""
        return f"{self.model.facts.versioned_name}, {self.material.chosen}"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        facts, material = self.model.facts, self.material
        return {
            "model": facts.versioned_name,
            "classes": list(facts.classes),
            "split": material.split.value if material.split else "all",
            "manifest_sha256": material.sha256,
            "same_data_as_trained_on": material.same_data,
            "warnings": list(material.warnings),
            "temperature": facts.temperature,
            "smoothing": facts.smoothing,
            "results": {name: found.as_json() for name, found in self.study.sets.items()},
            "calibrations": [asdict(row) for row in self.study.calibrations],
            "faces_left_out": self.study.left_out,
            "learned_faces_left_out": material.learned,
            "speed": [row.model_dump() for row in self.speed],
            "memory_bytes": self.memory_bytes,
            "hardware": self.hardware,
        }

    def page(self) -> str:
        """Return the page for people, as HTML.

        Raises:
            ConfigError: jinja2, which is among the extras for training, is not installed.
        """
        facts = self.model.facts
        report = Report(
            model=facts.versioned_name,
            network=f"{network_sentence(facts.architecture)}, on {input_sentence(facts)}",
            parameters=sizes_of(self.model).parameters,
            classes=facts.classes,
            split=self.material.chosen,
            warnings=self.material.warnings,
            sources=self.material.sources,
            learned=self.material.learned,
            study=self.study,
            speed=self.speed,
            memory_bytes=self.memory_bytes,
            hardware=self.hardware,
            code_version=version("surveil"),
        )
        return report_page(report)

    def record(self) -> Path:
        """Put the figures into the model's own folder and return the file of figures.

        Raises:
            DataError: The model has no sound ``metrics.json``.
            CheckpointError: A file cannot be written.
        """
        assert self.material.config is not None
        return record_study(
            self.model, self.study, self.speed, self.memory_bytes, self.hardware,
            full_epochs=self.material.config.full_epochs,
        )  # fmt: skip


def assess(
    model: StoredModel, wanted: Wanted, progress: Callable[[str], None] = lambda what: None
) -> Assessment:
    """Measure a model.

    Args:
        model: As read from its folder.
        wanted: See there.
        progress: Told what is begun.

    Raises:
        ConfigError: A configuration or the device is wrong, or the figures are to be recorded and
            are not of the model's own test split, or would replace more by less.
        DataError: The data is missing or wrong, or holds no face to report on.
        ModelError: The other model is missing or damaged.
    """
    if wanted.record and not wanted.full and has_full_figures(model.folder):
        raise ConfigError("--record with --quick would drop figures recorded in full")
    other = read_model(find_model(wanted.against)) if wanted.against else None
    device = resolve_device(wanted.device)
    torch.set_num_threads(wanted.threads or torch.get_num_threads())
    material = load_material(
        model,
        wanted.data,
        wanted.runs / "cache",
        face_detector,
        split=Split(wanted.split) if wanted.split else None,
        config=load_config(wanted.config) if wanted.config else None,
        rival=other,
        names=wanted.names,
    )
    if wanted.record and not (material.same_data and material.split is Split.TEST):
        raise ConfigError(RECORD_NEEDS)
    check_faces(material, model, wanted.data)
    extent = Extent(
        full=wanted.full,
        by=lambda faces: (
            read_groups(wanted.groups, wanted.group_by, faces) if wanted.groups else {}
        ),
        against=other,
        against_unsure=material.rival_unsure,
    )
    runner = Runner(model, device=device, threads=wanted.threads) if wanted.full else None
    found = study(
        model, material.faces, material.split, extent, runner=runner, progress=progress
    )  # fmt: skip
    speed: list[Speed] = []
    memory_bytes = None
    if wanted.with_speed:
        progress("time and memory")
        speed, memory_bytes = measure(model, device=device, threads=wanted.threads)
    hardware = describe_hardware(torch.device(device), wanted.threads)
    return Assessment(model, material, found, tuple(speed), memory_bytes, hardware)
