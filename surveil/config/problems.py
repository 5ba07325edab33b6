"""What is wrong with a configuration, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveil.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault at one place; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigErrors(ConfigError):  # noqa: N818
    """All problems of a configuration together; ``str`` gives one per line, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(dict.fromkeys(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def report(self) -> str:
        """Return one line per problem and their count."""
        count = len(self.problems)
        return f"{self}\nsurveil: {count} error{'s' * (count != 1)}; nothing was started"


def did_you_mean(word: str, known: Iterable[str], *, show_all_up_to: int = 8) -> str:
    """Return ``; did you mean 'x'?``, or the choices where nothing is near and they are few.

    Near is what is spelled alike, else what holds all of the word's parts: ``fps`` is near
    ``sample_fps``.
    """
    choices: Sequence[str] = sorted(set(known))
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
