"""Named sets of expressions, and what class folders and tables of other makers call them."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, Emotion
from surveil.errors import ConfigError

FULL = "seven"
"""The taxonomy of all of ``EMOTIONS``."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Some of the expressions, in the order of ``EMOTIONS``."""

    name: str
    classes: tuple[Emotion, ...]

    @property
    def indices(self) -> NDArray[np.int64]:
        """The columns of its classes in scores of all seven, shape ``(K,)``, rising."""
        return np.array([EMOTIONS.index(emotion) for emotion in self.classes], np.int64)

    def labels_of(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return labels ``(N,)`` of all seven as indices of ``classes``; -1 for others."""
        place = np.full(len(EMOTIONS), -1, np.int64)
        place[self.indices] = np.arange(len(self.classes))
        return place[labels]


@cache
def taxonomies() -> dict[str, Taxonomy]:
    """Return all taxonomies by name, as ``taxonomies.yaml`` lists them."""
    known: dict[str, Taxonomy] = {}
    for name, classes in _content()["taxonomies"].items():
        chosen = {Emotion(value) for value in classes}
        known[name] = Taxonomy(name, tuple(e for e in EMOTIONS if e in chosen))
    return known


def find_taxonomy(name: str) -> Taxonomy:
    """Return a taxonomy by its name.

    Raises:
        ConfigError: There is none of that name; the message lists those there are.
    """
    known = taxonomies()
    if name not in known:
        raise ConfigError(f"unknown taxonomy {name!r}{_hint(name, tuple(known))}")
    return known[name]


def taxonomy_of(classes: tuple[str, ...]) -> Taxonomy:
    """Return the taxonomy of exactly these classes, or one named ``own`` if none has a name."""
    chosen = tuple(Emotion(value) for value in classes)
    for known in taxonomies().values():
        if known.classes == chosen:
            return known
    return Taxonomy("own", chosen)


def restrict(scores: NDArray[np.float32], to: Taxonomy) -> NDArray[np.float32]:
    """Return the scores of a taxonomy's classes, scaled to sum to 1.

    What a seven-class model says once told that the others do not occur: of plain softmax scores,
    the same as a softmax over those logits alone.

    Args:
        scores: Shape ``(N, 7)``, rows sum to 1.
        to: K classes.

    Returns:
        Shape ``(N, K)``; equal shares where a row has nothing left.
    """
    chosen = scores[:, to.indices].astype(np.float64)
    total = chosen.sum(axis=1, keepdims=True)
    even = np.full_like(chosen, 1 / len(to.classes))
    shares: NDArray[np.float64] = np.divide(chosen, total, out=even, where=total > 0)
    return shares.astype(np.float32)


@cache
def emotion_names() -> dict[str, Emotion]:
    """Return every word that names an expression, in lower case, to that expression."""
    names = {emotion.value: emotion for emotion in EMOTIONS}
    for emotion, words in _content()["labels"].items():
        names |= {word: Emotion(emotion) for word in words}
    return names


def emotion_of(label: str) -> Emotion | None:
    """Return the expression that a class folder's or a table's label means, or ``None``.

    Case, accents and a plural do not matter. Digits mean nothing by themselves; see
    :func:`digit_orders`.
    """
    word, known = plain_word(label), emotion_names()
    # A code of two letters has no plural.
    forms = (word, word.removesuffix("s"), word.removesuffix("es")) if len(word) > 3 else (word,)
    return next((known[form] for form in forms if form in known), None)


def plain_word(label: str) -> str:
    """Return a word in lower case, without accents and blanks around it."""
    apart = unicodedata.normalize("NFKD", label.strip().casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@cache
def digit_orders() -> dict[str, dict[str, Emotion]]:
    """Return what digits mean, by the collection whose makers use them so."""
    return {
        maker: {digit: Emotion(value) for digit, value in order.items()}
        for maker, order in _content()["digits"].items()
    }


def emotion_hint(label: str) -> str:
    """Return the end of an error message on an unknown label: the nearest one, or all."""
    return _hint(plain_word(label), tuple(e.value for e in EMOTIONS))


def _hint(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def _content() -> dict[str, Any]:
    text = (files("surveil.models") / "taxonomies.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
