"""What is wrong with a configuration, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveil.errors import ConfigError
from surveil.plaintext import escape

MOST_SHOWN = 100
"""Problems that are worded and shown at most: a file with more was not written by hand."""

MOST_CHOICES = 500
"""Words that one mistyped word is compared with at most."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault at one place; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return escape(f"{place}: {self.message}")


class ConfigErrors(ConfigError):  # noqa: N818
    """All problems of a configuration together; ``str`` gives one per line, in file order.

    Attributes:
        problems: The first ``MOST_SHOWN`` of them.
        count: How many there are.
    """

    def __init__(self, problems: Iterable[Problem], *, left_out: int = 0) -> None:
        found = list(dict.fromkeys(problems))
        self.problems = found[:MOST_SHOWN]
        self.count = len(found) + left_out
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def report(self) -> str:
        """Return one line per problem and their count."""
        left_out = self.count - len(self.problems)
        more = f", of which {left_out} are not shown" if left_out else ""
        return f"{self}\nsurveil: {self.count} error{'s' * (self.count != 1)}{more}"


def did_you_mean(word: str, known: Iterable[str], *, show_all_up_to: int = 8) -> str:
    """Return ``; did you mean 'x'?``, or the choices where nothing is near and they are few.

    Near is what is spelled alike, else what holds all of the word's parts: ``fps`` is near
    ``sample_fps``.
    """
    choices: Sequence[str] = sorted(set(known))
    if len(choices) > MOST_CHOICES:
        choices = [one for one in choices if abs(len(one) - len(word)) <= 1][:MOST_CHOICES]
    folded = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if not near:
        parts = set(word.lower().split("_"))
        near = [choice for choice in folded if parts <= set(choice.split("_"))]
    if 0 < len(near) <= 3:
        return f"; did you mean {' or '.join(repr(folded[choice]) for choice in near)}?"
    if 0 < len(choices) <= show_all_up_to:
        return f"; choose from {', '.join(choices)}"
    return ""
