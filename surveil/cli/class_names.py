"""Options for folders and tables whose classes need a word of explanation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from surveil.models.taxonomy import digit_orders


def with_class_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--digits`` and ``--leave-out``; the command gets ``names``, a ``ClassNames``."""

    @click.option(
        "--digits",
        type=click.Choice(sorted(digit_orders())),
        help="In whose order classes that are named by digits are counted.",
    )
    @click.option(
        "--leave-out", multiple=True, metavar="CLASS",
        help="Leave out the pictures of a class, such as contempt; repeatable.",
    )  # fmt: skip
    @functools.wraps(function)
    def wrapper(*args: Any, digits: str | None, leave_out: tuple[str, ...], **options: Any) -> Any:
        from surveil.training.data.class_names import ClassNames

        return function(*args, names=ClassNames(digits, frozenset(leave_out)), **options)

    return wrapper
