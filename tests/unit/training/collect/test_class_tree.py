"""Class folders are read again by torchvision, and by surveil, to the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from kit.models import make_faces
from torchvision.datasets import ImageFolder

from surveil.cli.dataset import command
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.training.collect.class_tree import write_class_tree
from surveil.training.data.path import read_path
from surveil.training.faces import join


@pytest.mark.parametrize("channels", [1, 3])
def test_torchvision_and_surveil_read_what_was_written(tmp_path: Path, channels: int) -> None:
    faces = join([make_faces(21, split, channels=channels) for split in ("train", "test")])
    assert write_class_tree(faces, tmp_path / "out") == {"train": 21, "test": 21}
    folder = ImageFolder(str(tmp_path / "out" / "train"))
    assert folder.classes == sorted(emotion.value for emotion in EMOTIONS)
    assert len(folder) == 21
    again = read_path(tmp_path / "out", frame_px=48, channels=channels)

    def known(some: object) -> set[tuple[str, int, str]]:
        rows = zip(some.digests(), some.labels.tolist(), some.splits.tolist(), strict=True)  # type: ignore[attr-defined]
        return set(rows)

    assert known(again) == known(faces)
    pixels, label = folder[0]
    assert np.asarray(pixels).shape == (48, 48, 3)
    assert folder.classes[label] == "angry"


def test_the_command_writes_a_new_folder_and_no_other(fer_dir: Path, tmp_path: Path) -> None:
    arguments = ["export", str(fer_dir), "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(command, arguments, catch_exceptions=False).output
    assert f"28 faces in {tmp_path / 'out' / 'train'}" in said
    assert f"7 faces in {tmp_path / 'out' / 'test'}" in said
    with pytest.raises(ConfigError, match="is not empty"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
