"""What class folders and tables call an expression, and what a user said of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from surveil.domain import EMOTIONS, Emotion
from surveil.models.taxonomy import digit_orders, emotion_hint, emotion_of, plain_word
from surveil.training.errors import DataError


@dataclass(frozen=True, slots=True)
class ClassNames:
    """How names of classes are read.

    Attributes:
        digits: Whose order names that are digits are in, of
            :func:`~surveil.models.taxonomy.digit_orders`; ``None`` refuses them: makers differ.
        left_out: Classes whose pictures are left out, known or not.
    """

    digits: str | None = None
    left_out: frozenset[str] = frozenset()

    def leaves_out(self, name: str) -> bool:
        """Return whether a class was asked to be left out; case and accents do not matter."""
        return plain_word(name) in {plain_word(word) for word in self.left_out}

    def may_be_class(self, name: str) -> bool:
        """Return whether a folder of this name is likely one of a class."""
        return emotion_of(name) is not None or _is_digit(name)

    def known(self, name: str) -> Emotion | None:
        """Return what a name means, as far as that is known."""
        if _is_digit(name):
            return digit_orders()[self.digits].get(name.strip()) if self.digits else None
        return emotion_of(name)

    def emotion_of(self, name: str, place: object, others: Collection[str] = ()) -> Emotion:
        """Return what a name means.

        Args:
            name: Of a folder, or in a table.
            place: Of the folder, or the table's line, for the message.
            others: The names beside it, for the message.

        Raises:
            DataError: Nobody knows, or it is a digit and nobody said whose order that is.
        """
        emotion = self.known(name)
        if emotion is not None:
            return emotion
        if _is_digit(name):
            raise DataError(f"{place}: {self._digit_words(name.strip(), others)}")
        hint, known = emotion_hint(name), ", ".join(emotion.value for emotion in EMOTIONS)
        listed = "." if "known are" in hint else f" Known are {known}."
        found = f" Found here: {', '.join(sorted(others))}." if others else ""
        raise DataError(
            f"{place}: no taxonomy knows the class {name!r}{hint}{listed}{found} "
            "A class can be left out (--leave-out; data.leave_out in a configuration)."
        )

    def _digit_words(self, name: str, others: Collection[str]) -> str:
        if self.digits is not None:
            there = ", ".join(digit_orders()[self.digits])
            return f"{self.digits} has no class {name!r}; it has {there}"
        orders = "; ".join(
            f"{maker}: {', '.join(f'{digit} {e.value}' for digit, e in order.items())}"
            for maker, order in digit_orders().items()
        )
        return (
            f"the class {name!r} does not say in whose order it is counted: rename the classes, or "
            f"give --digits (data.digits in a configuration). Known orders are {orders}"
            + _likely({name, *(other.strip() for other in others if _is_digit(other))})
        )

    def mapping(self, names: Collection[str]) -> str:
        """Return what the digits among some names were taken for; empty if there is none."""
        if self.digits is None:
            return ""
        order = digit_orders()[self.digits]
        found = [f"{name} {order[name].value}" for name in sorted(set(names)) if name in order]
        return f"classes in the order of {self.digits}: {', '.join(found)}" if found else ""


def _likely(digits: Collection[str]) -> str:
    """Return which makers have just these digits, where not all of them have."""
    makers = [maker for maker, order in digit_orders().items() if set(order) == set(digits)]
    if len(makers) != 1:
        return ""
    return (
        f". Of these {makers[0]} alone has {', '.join(sorted(digits))}: try --digits {makers[0]}, "
        "and look at some faces of each class"
    )


def _is_digit(name: str) -> bool:
    return name.strip().isascii() and name.strip().isdigit()
