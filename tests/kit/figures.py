"""Made-up figures and studies of models."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from surveil.classify.networks import StoredModel, build_network, read_model
from surveil.classify.networks import write_model as write_network
from surveil.models import ModelFacts, PixelFacts
from surveil.models.architecture import ResNetSmall
from surveil.training.faces import Faces

SEVEN = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FOUR = ("happy", "sad", "surprise", "neutral")


def interval(share: float, faces: int) -> list[float]:
    """Return an interval by the normal approximation: near enough for made-up figures."""
    half = 1.96 * (share * (1 - share) / max(faces, 1)) ** 0.5
    return [round(max(share - half, 0.0), 5), round(min(share + half, 1.0), 5)]


def set_figures(
    seed: int, *, classes: tuple[str, ...] = SEVEN, faces: int = 700, skill: float = 2.0
) -> dict[str, Any]:
    """Return all figures on a set of faces; ``skill`` is how far the right logit stands out.

    The labels depend on ``faces`` and ``classes`` alone, so that models can share a set.
    """
    k = len(classes)
    labels = np.random.default_rng(faces).integers(0, k, faces)
    logits = np.random.default_rng(seed).normal(size=(faces, k))
    logits[np.arange(faces), labels] += skill
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = scores.argmax(axis=1)
    matrix = np.zeros((k, k), int)
    np.add.at(matrix, (labels, given), 1)
    accuracy = round(float((labels == given).mean()), 5)
    rows = [_class_row(name, matrix, at) for at, name in enumerate(classes)]
    sureness, right = scores.max(axis=1), labels == given
    order = np.argsort(-sureness)
    running = np.cumsum(right[order]) / np.arange(1, faces + 1)
    enough = np.flatnonzero(running >= 0.85)
    coverage = float((enough[-1] + 1) / faces) if len(enough) else 0.0
    spoilt = round(accuracy * 0.7, 5)
    return {
        "faces": faces, "classes": list(classes), "accuracy": accuracy,
        "interval": interval(accuracy, faces),
        "balanced_accuracy": float(np.mean([row["recall"] for row in rows])),
        "macro_f1": float(np.mean([row["f1"] for row in rows])),
        "top2": min(accuracy + 0.1, 1.0),
        "log_loss": float(-np.log(scores[np.arange(faces), labels]).mean()),
        "log_loss_unscaled": 1.2, "brier": 0.4, "brier_unscaled": 0.45,
        "ece": 0.02, "ece_unscaled": 0.06, "per_class": rows, "confusion": matrix.tolist(),
        "reliability": {"scaled": _bins(sureness, right), "unscaled": []},
        "risk_coverage": {
            "curve": [[(n + 1) / faces, float(running[n])] for n in range(0, faces, faces // 50)],
            "thresholds": [
                {"precision": 0.85, "threshold": 0.5, "coverage": coverage, "reached": True},
                {"precision": 0.90, "threshold": None, "coverage": 0.0, "reached": False},
            ],
        },
        "ten_crop": {"accuracy": accuracy, "interval": interval(accuracy, faces)},
        "robustness": [
            {"condition": "16 px", "faces": faces, "accuracy": spoilt,
             "interval": interval(spoilt, faces)},
            {"condition": "48 px", "faces": faces, "accuracy": accuracy,
             "interval": interval(accuracy, faces)},
        ],
        "strata": [
            {"by": "brightness", "stratum": "dark", "faces": faces // 3, "accuracy": accuracy,
             "interval": interval(accuracy, faces // 3)},
        ],
    }  # fmt: skip


def _class_row(name: str, matrix: NDArray[np.int_], at: int) -> dict[str, Any]:
    hits, given, support = int(matrix[at, at]), matrix[:, at].sum(), matrix[at].sum()
    others = matrix.sum() - support
    return {
        "emotion": name,
        "precision": float(hits / given) if given else 0.0,
        "recall": float(hits / support) if support else 0.0,
        "specificity": float(1 - (given - hits) / others) if others else 0.0,
        "f1": float(2 * hits / (given + support)) if given + support else 0.0,
        "support": int(support),
    }


def _bins(sureness: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    found = []
    for at in range(15):
        inside = (sureness > at / 15) & (sureness <= (at + 1) / 15)
        some = bool(inside.any())
        found.append({
            "low": at / 15, "high": (at + 1) / 15, "faces": int(inside.sum()),
            "confidence": float(sureness[inside].mean()) if some else None,
            "accuracy": float(right[inside].mean()) if some else None,
        })  # fmt: skip
    return found


def facts(name: str, classes: tuple[str, ...] = SEVEN, **changes: Any) -> dict[str, Any]:
    """Return the content of a ``model.json``."""
    return {
        "format": 1,
        "name": name,
        "architecture": {"kind": "resnet-small", "width": 8, "blocks": [1, 1, 1, 1], "channels": 1},
        "classes": list(classes),
        "input": {"frame_px": 48, "crop_px": 44, "mean": 0.5, "std": 0.25},
        "temperature": 1.1,
        "training": {
            "manifest_sha256": "ab" * 32, "sources": ["fer2013"], "train_faces": 1000,
            "train_faces_by_source": {"fer2013": 1000}, "validation_faces": 100,
            "set_aside": {"fer2013 equal to test": 3}, "people_held_out": {},
            "checkpoint": "last", "epoch": 5, "epochs_done": 5, "epochs": 5, "votes_used": False,
            "config": {"name": name, "seed": 1, "batch": 64, "optimiser": {"rate": 0.1}},
        },
        "code_version": "0",
        "weights_sha256": sha256(name.encode()).hexdigest(),
    } | changes  # fmt: skip


def metrics(
    described: dict[str, Any], test: dict[str, dict[str, Any]], /, **changes: Any
) -> dict[str, Any]:
    """Return the content of the ``metrics.json`` beside a ``model.json``."""
    return {
        "format": 2,
        "model": f"{described['name']}@{described['weights_sha256'][:7]}",
        "taxonomy": {7: "seven", 4: "four"}[len(described["classes"])],
        "temperature": described["temperature"],
        "parameters": 1234567, "statistics": 640, "weights_bytes": 2_469_134,
        "protocol": "Made up.", "note": "",
        "budget": {"epochs": 5, "epochs_planned": 5, "images": 5000, "seconds": 100.0,
                   "hardware": "2 CPU threads"},
        "makers_figure": None,
        "test": test,
        "speed": [
            {"engine": "torch", "threads": 1, "batch": 1, "p50_ms": 9.0, "p95_ms": 11.0},
            {"engine": "openvino", "threads": 1, "batch": 1, "p50_ms": 4.5, "p95_ms": 6.0},
            {"engine": "openvino", "threads": 1, "batch": 16, "p50_ms": 3.0, "p95_ms": 4.0},
        ],
        "memory_bytes": 50_000_000, "measured_on": "2 CPU threads",
        "history": [],
    } | changes  # fmt: skip


def write(folder: Path, described: dict[str, Any], measured: dict[str, Any]) -> Path:
    """Write both files and return the folder."""
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(described))
    (folder / "metrics.json").write_text(json.dumps(measured))
    return folder


def write_model(
    models: Path, name: str, *, seed: int = 1, skill: float = 2.0, faces: int = 700,
    classes: tuple[str, ...] = SEVEN, **changes: Any,
) -> Path:  # fmt: skip
    """Write one made-up model measured on the set ``faces-a``; seven classes restrict to four."""
    described = facts(name, classes)
    figures = set_figures(seed, classes=classes, skill=skill, faces=faces)
    if len(classes) == 7:
        kept = sum(row["support"] for row in figures["per_class"] if row["emotion"] in FOUR)
        share = min(figures["accuracy"] + 0.1, 1.0)
        figures["restricted"] = {
            "four": {"faces": kept, "accuracy": share, "interval": interval(share, kept),
                     "macro_f1": share}
        }  # fmt: skip
    return write(models / name, described, metrics(described, {"faces-a": figures}, **changes))


def model_in(
    folder: Path, seed: int = 1, classes: tuple[str, ...] = SEVEN, **training: Any
) -> StoredModel:
    torch.manual_seed(seed)
    architecture = ResNetSmall(width=8, blocks=(1, 1, 1, 1))
    facts = ModelFacts(
        name=folder.name,
        architecture=architecture,
        classes=classes,
        input=PixelFacts(frame_px=24, crop_px=20, mean=0.5, std=0.25),
        temperature=1.1,
        training={"epochs": 3, "epochs_done": 3} | training,
        code_version="0",
        weights_sha256="0" * 64,
    )
    write_network(folder, facts, build_network(architecture, len(classes)))
    return read_model(folder)


def faces_for(count: int = 56) -> Faces:
    random = np.random.default_rng(7)
    at = np.arange(count)
    return Faces(
        frames=random.integers(0, 256, (count, 24, 24), dtype=np.uint8),
        labels=at % 7,
        votes=np.eye(7, dtype=np.float32)[at % 7],
        agreed=at % 7,
        splits=np.array(["test", "validation", "test", "train"])[at // 7 % 4],
        sources=np.array(["fer2013", "<own> & \"more\""])[at // 28],
        people=np.full(count, ""),
        names=np.array([f"{index}.png" for index in at]),
        groups=np.array(["north", "south"])[at % 2],
        sides_px=np.where(at < 28, np.nan, 20.0 + at),
    )  # fmt: skip
