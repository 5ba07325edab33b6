"""Words for networks, inputs, budgets and shares, the same in card, page and table."""

from __future__ import annotations

from collections.abc import Sequence

from surveil.models.architecture import Architecture, ResNetSmall
from surveil.models.facts import ModelFacts
from surveil.training.records.figures import Speed, Threshold
from surveil.training.records.metrics_file import Budget

ENGINES = ("openvino", "torch")
"""In this order a model's time is taken from them, the product's own first."""

CHOICE = {
    "best": "The epoch of the highest accuracy on the validation split was exported",
    "last": "The last epoch was exported, at which nothing was chosen",
}
"""How the epoch of an exported model was chosen."""


NOT_REACHED = "not reached"
"""What is said of a precision that no threshold gives."""


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage, and a dash for what was not measured."""
    return "–" if share is None else f"{share:.{digits}%}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with so many digits, and a dash for what was not measured."""
    return "–" if value is None else f"{value:.{digits}f}"


def span(interval: tuple[float, float]) -> str:
    """Return an interval of shares."""
    return f"{interval[0]:.1%} to {interval[1]:.1%}"


FEW_ANSWERS = 100
"""With fewer faces at or above a threshold their number is said wherever it is told."""


def coverage_words(threshold: Threshold | None) -> str:
    """Return which share of faces gets an answer at a wanted precision, if any can."""
    if threshold is None:
        return "–"
    if not threshold.reached:
        return NOT_REACHED
    few = threshold.faces is not None and threshold.faces < FEW_ANSWERS
    return percent(threshold.coverage) + (f" ({faces_words(threshold.faces)})" if few else "")


def faces_words(count: int | None) -> str:
    """Return a number of faces."""
    return "–" if count is None else f"{count:,} face{'s' * (count != 1)}"


def several(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def network_name(architecture: Architecture) -> str:
    """Return an architecture in two or three words: its kind, and what may vary of it."""
    if not isinstance(architecture, ResNetSmall):
        return architecture.kind
    blocks = "-".join(str(count) for count in architecture.blocks)
    return f"{architecture.kind} w{architecture.width} {blocks}"


def network_sentence(architecture: Architecture) -> str:
    """Return what a network is, as the beginning of a sentence."""
    if isinstance(architecture, ResNetSmall):
        return (
            f"A ResNet of basic blocks {list(architecture.blocks)} with a stem for small "
            f"pictures, {architecture.width} channels in its first stage"
        )
    return {
        "resnet18": "torchvision's ResNet-18 with its stem for large pictures",
        "deep-emotion": "Deep-Emotion, a small CNN behind a spatial transformer",
        "keras-cnn": "Four convolutions and a dense layer of 1024, known from notebooks in Keras",
        "conv5": "Five blocks of convolution, batch-norm, ReLU, pooling and dropout",
        "colour-cnn": "A plain CNN of four blocks of two convolutions",
    }[architecture.kind]


def input_words(facts: ModelFacts) -> str:
    """Return sides and colour of what the network is given."""
    colour = "colour" if facts.architecture.channels == 3 else "grey"
    size, centre = facts.input.frame_px, facts.input.crop_px
    return f"{size} px {colour}" if centre == size else f"{centre} of {size} px {colour}"


def input_sentence(facts: ModelFacts) -> str:
    """Return the same as part of a sentence."""
    colour = "colour" if facts.architecture.channels == 3 else "grey"
    size, centre = facts.input.frame_px, facts.input.crop_px
    part = "" if centre == size else f"the {centre} px centre of "
    return f"{part}a {size} px {colour} face"


def budget_words(budget: Budget | None) -> str:
    """Return what a training cost, as far as it is known."""
    if budget is None:
        return "unknown"
    words = [epochs_words(budget)]
    if budget.images is not None:
        words.append(f"{budget.images:,} images shown")
    if budget.seconds is not None:
        words.append(duration(budget.seconds))
    if budget.hardware:
        words.append(budget.hardware)
    return ", ".join(words)


def epochs_words(budget: Budget) -> str:
    """Return how many epochs were done, and why no more."""
    if budget.patience is not None:
        waited = f"{budget.patience} epoch{'s' * (budget.patience != 1)}"
        return (
            f"{budget.epochs} epochs, stopped after {waited} without improvement, full budget "
            f"{budget.epochs_planned}"
        )
    spared = f", {budget.epochs_spared} of them spared" if budget.epochs_spared else ""
    return f"{budget.epochs} of {budget.epochs_planned} epochs planned{spared}"


def duration(seconds: float) -> str:
    """Return seconds in the unit that people would say."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def size_words(size_bytes: int | None) -> str:
    """Return a file's size in decimal megabytes."""
    return "–" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"


def speed_of(speeds: Sequence[Speed]) -> Speed | None:
    """Return the time that stands for a model: one face at a time, by the product's engine."""

    def key(speed: Speed) -> tuple[int, int, int]:
        rank = ENGINES.index(speed.engine) if speed.engine in ENGINES else len(ENGINES)
        return speed.batch, rank, speed.threads or 0

    return min(speeds, key=key, default=None)


def speed_words(speed: Speed | None, measured_on: str | None = None) -> str:
    """Return the median time of a face and how it was measured.

    Args:
        speed: The time.
        measured_on: Name of the GPU, for times of one.
    """
    if speed is None:
        return "–"
    where = place_words(speed, measured_on)
    worked = "" if speed.cpu_ms is None else f", {speed.cpu_ms:.1f} ms of processor time"
    how = f"({speed.engine}, batch {speed.batch}{where and f', {where}'})"
    return f"{speed.p50_ms:.1f} ms{worked} {how}"


def place_words(speed: Speed, measured_on: str | None = None) -> str:
    """Return where a time was measured: so many CPU threads, or which GPU; empty if unknown."""
    if speed.device not in (None, "cpu"):
        return measured_on or str(speed.device)
    return f"{speed.threads} thread{'s' * (speed.threads > 1)}" if speed.threads else ""


def again_words(facts: ModelFacts) -> str:
    """Return the command that trains a model again as it was.

    Empty where that is not known, or takes more than one: a model that went on from an earlier one
    of its own name, or is a blend.
    """
    config = facts.training.get("config") or {}
    if not config or config.get("start_from") == facts.name or "blend" in facts.training:
        return ""
    return f"surveil train models/{facts.name} --data DATA --models again"
