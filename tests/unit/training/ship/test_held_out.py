"""Models that a run learns from, and the faces that it holds out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from kit.figures import model_in
from kit.models import make_faces

from surveil.training.data.dataset import Dataset
from surveil.training.data.manifest import keep_manifest, write_manifest
from surveil.training.ship.held_out import caveats_of

FACES = make_faces(7, "train")


def kept(cache: Path, splits: list[str]) -> Dataset:
    """Return the faces with these splits, their manifest kept as training keeps it."""
    cache.mkdir(exist_ok=True)
    faces = replace(FACES, splits=np.array(splits))
    sha256 = write_manifest(faces, cache / "manifest.csv")
    keep_manifest(cache, sha256)
    return Dataset(faces, sha256, {})


def test_faces_that_a_start_was_fitted_to_are_counted(tmp_path: Path) -> None:
    before = kept(tmp_path / "cache", ["train"] * 4 + ["validation"] + ["test"] * 2)
    now = kept(tmp_path / "cache", ["train", "validation", "test", "test", "test", "test", "train"])
    start = model_in(tmp_path / "alpha", manifest_sha256=before.sha256)
    (said,) = caveats_of([start, start], now, tmp_path / "cache")
    assert said.startswith(f"`{start.facts.versioned_name}`, which this one learned from, was fit")
    assert said.endswith("3 of the 4 test faces and 1 of the 1 validation faces: figures on them "
                         "are too good.")  # fmt: skip


def test_a_start_of_the_same_data_has_learned_none(tmp_path: Path) -> None:
    data = kept(tmp_path / "cache", ["train"] * 4 + ["validation"] + ["test"] * 2)
    start = model_in(tmp_path / "alpha", manifest_sha256=data.sha256)
    assert caveats_of([start], data, tmp_path / "cache") == []


def test_what_is_not_known_of_a_start_is_said(tmp_path: Path) -> None:
    data = kept(tmp_path / "cache", ["train"] * 4 + ["validation"] + ["test"] * 2)
    start = model_in(tmp_path / "alpha", manifest_sha256="0" * 64)
    (said,) = caveats_of([start], data, tmp_path / "cache")
    assert "is not known: the manifest of its training is not in the cache" in said
