"""Names of the files of a model's folder, and of the table beside the folders.

Apart from what reads them, as some of these readers do without torch.
"""

from __future__ import annotations

WEIGHTS = "weights.safetensors"
FACTS = "model.json"
METRICS = "metrics.json"
CARD = "card.md"
EXPERIMENTS = "EXPERIMENTS.md"
