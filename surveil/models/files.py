"""Names of the files of a model's folder, of the table beside the folders, and where models ship.

Apart from what reads them, as some of these readers do without torch.
"""

from __future__ import annotations

from pathlib import Path

import surveil

WEIGHTS = "weights.safetensors"
FACTS = "model.json"
METRICS = "metrics.json"
CARD = "card.md"
EXPERIMENTS = "EXPERIMENTS.md"

_PACKAGE = Path(surveil.__file__).resolve().parent
SHIPPED = (_PACKAGE.parent / "models", _PACKAGE / "_data" / "models")
"""Folders of models: beside the source code, and installed with the package."""
