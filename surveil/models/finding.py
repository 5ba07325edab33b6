"""Where the folders of models are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from surveil.errors import ModelError
from surveil.models.facts import MAX_FACTS_BYTES, NAME
from surveil.models.files import FACTS, SHIPPED, read_bounded


def find_model(name_or_path: str | Path, first: Sequence[Path] = ()) -> Path:
    """Return the folder of a model given by path or by name.

    A path to a folder is taken as it is; a bare name is looked for among those that come with
    surveil.

    Args:
        name_or_path: What the user gave.
        first: Folders of models that a bare name is looked for in before all others.

    Raises:
        ModelError: There is no such folder; the message names the places.
    """
    given = Path(name_or_path)
    if given.is_dir():
        return given
    places = [given]
    if re.match(NAME, str(name_or_path)):
        places += [folder / given for folder in (*first, SHIPPED)]
    for place in places[1:]:
        if (place / FACTS).is_file():
            return place
    tried = ", ".join(str(place) for place in places)
    raise ModelError(f"model {str(name_or_path)!r} was not found (tried {tried})")


def models_in(folder: Path) -> list[Path]:
    """Return the folders of the emotion models one level below a folder, by name."""
    found = sorted(path.parent for path in folder.glob(f"*/{FACTS}"))
    return [model for model in found if not _is_detector(model / FACTS)]


def _is_detector(facts: Path) -> bool:
    try:
        content = json.loads(read_bounded(facts, MAX_FACTS_BYTES))
    except (ModelError, ValueError):
        return False  # whoever reads it tells what is wrong with it
    return isinstance(content, dict) and "detector" in content
