"""What ``model.json`` says, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit.figures import facts

from surveil.errors import ModelError
from surveil.models import read_facts
from surveil.models.files import SHIPPED
from surveil.models.finding import models_in


def write(folder: Path, **changes: Any) -> Path:
    (folder / "model.json").write_text(json.dumps(facts("alpha", **changes)))
    return folder


def test_facts_are_read_without_weights(tmp_path: Path) -> None:
    read = read_facts(write(tmp_path))
    assert read.versioned_name == f"alpha@{read.weights_sha256[:7]}"
    assert (read.preprocessing.crop_px, read.preprocessing.channels) == (44, 1)
    assert read.taxonomy.name == "seven"


@pytest.mark.parametrize("folder", models_in(SHIPPED), ids=lambda folder: folder.name)
def test_models_of_the_repository_are_of_this_schema(folder: Path) -> None:
    assert read_facts(folder).name == folder.name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"surplus": 1}, r"model\.json: surplus: "),
        ({"classes": ["happy", "sad", "angry"]}, r"model\.json: classes: .*in this order"),
        (
            {"architecture": {"kind": "conv5"}},
            r"model\.json: input\.crop_px is 44, but conv5",
        ),
        ({"format": 2}, r"model\.json: format: "),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_facts(write(tmp_path, **changes))
