"""What must be known of the collections that faces come from: origin and licence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SOURCES: Mapping[str, str] = {
    "fer2013": (
        "FER2013 (Kaggle, ICML 2013 challenge): web images without a clear licence. None of them "
        "is in this repository. Whether weights trained on them may be used commercially is not "
        "settled: ask before you do"
    ),
    "london_ccby": "Face Research Lab London Set (DeBruine and Jones 2017): CC-BY 4.0",
    "muxspace": (
        "muxspace/facial_expressions: labels Apache-2.0; press photographs and film stills, "
        "noisy labels"
    ),
}
"""By the name that a source has in the manifest."""

PEOPLE: Mapping[str, str] = {
    "fer2013": (
        "faces of an image search for words of emotion together with words of gender, age and "
        "ethnicity (Goodfellow et al. 2013), most of them posed or from the press. Nobody wrote "
        "down who they are: age, sex, skin colour and people who occur twice are unknown. A "
        "detector of frontal faces chose them, so profiles and faces seen from above are hardly "
        "among them; of disgust there are fewest"
    ),
    "london_ccby": (
        "80 adults, frontal, in the light of a studio, neutral or smiling. No children, and no "
        "other expression"
    ),
    "muxspace": (
        "people of the press and of films, whose age, sex and skin colour are not recorded; of "
        "fear there are hardly any"
    ),
}
"""Who is seen in a source and who is not, as far as its makers or the data say."""

SETS: Mapping[str, str] = {
    "fer2013": "`fer2013` is PublicTest, official.",
    "fer2013 without duplicates": (
        "`fer2013 without duplicates` leaves out its pictures that occur twice or equal a "
        "training row as delivered."
    ),
}
"""What a test set is, where its name does not say."""


def data_lines(training: Mapping[str, Any], tests: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each collection that a model was trained or measured on.

    Args:
        training: Of ``model.json``.
        tests: Its test sets by name, which begins with that of the source.
    """
    faces: Mapping[str, int] | None = training.get("train_faces_by_source")
    used = list(faces) if faces is not None else list(training.get("sources", []))
    measured = [name for name in tests if not any(name.startswith(f"{s} ") for s in tests)]
    lines = []
    for source in dict.fromkeys((*used, *measured)):
        what = SOURCES.get(source, f"`{source}`: its licence is not known to surveil")
        if source not in used:
            how = "Used to measure only"
        else:
            how = f"{faces[source]} faces to train on" if faces else "Used to train"
            how += ", others to measure" if source in tests else ""
        lines.append(f"{what}. {how}.")
    if _used_votes(training):
        how = (
            "what this model's last layer learned; FER2013's labels were a second target in "
            "training, whose layer is left out here"
            if training.get("head") == "votes"
            else "a second target in training, whose layer is left out here"
        )
        lines.append(f"FER+ votes (Microsoft, MIT licence): {how}.")
    elif any(getattr(figures, "ferplus", None) for figures in tests.values()):
        lines.append("FER+ votes (Microsoft, MIT licence): used to measure only.")
    return lines + _inherited(training)


def people_lines(training: Mapping[str, Any]) -> list[str]:
    """Return who is in the training data, by collection, and who is not."""
    faces: Mapping[str, int] | None = training.get("train_faces_by_source")
    used = list(faces) if faces is not None else list(training.get("sources", []))
    lines = [
        f"`{source}`: {PEOPLE.get(source, 'who is seen there is not known to surveil')}."
        for source in used
    ]
    if lines:
        lines.append(
            "Nobody counted children, old people, skin colours, or people with masks, glasses or "
            "head scarves, and nothing is from cameras below a ceiling: whether these are "
            "recognised as well is not known. Measure on your own people (`surveil evaluate "
            "--groups`)."
        )
    return lines


def _used_votes(training: Mapping[str, Any]) -> bool:
    if "votes_used" in training:
        return bool(training["votes_used"])
    # Models of before this was noted: FER2013 came with its votes.
    weight = training.get("config", {}).get("loss", {}).get("votes_weight", 0)
    return weight > 0 and "fer2013" in training.get("sources", [])


def _inherited(training: Mapping[str, Any]) -> list[str]:
    config: Mapping[str, Any] = training.get("config", {})

    def named(model: str) -> str:
        # A model that was trained on under its own name did not begin with itself.
        return f"an earlier `{model}`" if model == config.get("name") else f"`{model}`"

    lines = []
    if config.get("start_from"):
        start = training.get("started_from") or config["start_from"]
        lines.append(
            f"Training began with the weights of {named(start)}: what limits them limits these."
        )
    if config.get("imagenet"):
        lines.append(
            "Training began with torchvision's weights for ImageNet where they could be fetched; "
            "ImageNet's pictures are for research, and their rights are their owners'."
        )
    if config.get("distil"):
        teachers = ", ".join(named(name) for name in config["distil"].get("teachers", ()))
        lines.append(f"Learned from what {teachers} said: what limits them limits this model.")
    return lines
