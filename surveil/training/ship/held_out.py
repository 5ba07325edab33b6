"""Whether models that a run learns from were fitted to faces that the run holds out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from surveil.classify.networks import StoredModel
from surveil.training.data.dataset import Dataset
from surveil.training.faces import Split
from surveil.training.measure.material import learned_by


def caveats_of(models: Iterable[StoredModel], dataset: Dataset, cache_dir: Path) -> list[str]:
    """Return a sentence for each model that has learned held-out faces, or may have.

    What it knows of them the run learns from it: figures on them are too good. A model whose own
    data is that of the run has learned none of them.

    Args:
        models: Those that the run starts from or is taught by.
        dataset: Of the run.
        cache_dir: Where training keeps manifests.
    """
    said = []
    for model in {model.facts.versioned_name: model for model in models}.values():
        name = model.facts.versioned_name
        if model.facts.training.get("manifest_sha256") == dataset.sha256:
            continue
        counts = {}
        for split in (Split.TEST, Split.VALIDATION):
            held = dataset.faces.only(split)
            known = learned_by(model, [held], cache_dir)
            if known is None:
                said.append(
                    f"Whether `{name}`, which this one learned from, was fitted to faces held out "
                    "here is not known: the manifest of its training is not in the cache of --runs."
                )
                break
            counts[split] = int(known.sum()), len(held)
        else:
            found = [f"{some} of the {of} {split.value} faces"
                     for split, (some, of) in counts.items() if some]  # fmt: skip
            if found:
                said.append(
                    f"`{name}`, which this one learned from, was fitted to {' and '.join(found)}: "
                    "figures on them are too good."
                )
    return said
