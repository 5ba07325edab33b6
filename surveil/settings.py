"""What all settings that people write in YAML have in common."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

BASE = "base"
"""Key of the validation context: the directory of the fleet file."""

AS_WRITTEN = "as_written"
"""Key of the validation context: set where a fleet file is read, and not where a worker is handed
what was read: files that it names must be there in the first case alone."""

_NUMBER = re.compile(r"\s*[-+]?\d+(\.\d*)?\s*")


def fault(message: str, **values: object) -> PydanticCustomError:
    """Return an error whose message, unlike pydantic's own, does not carry the input."""
    return PydanticCustomError("surveil", "{reason}", {"reason": message.format(**values)})


def base_of(info: ValidationInfo) -> Path:
    """Return the directory of the fleet file, or the working directory where there is none."""
    context: Any = info.context
    base = context.get(BASE) if context else None
    return base if isinstance(base, Path) else Path.cwd()


def is_as_written(info: ValidationInfo) -> bool:
    """Return whether the settings are read from a fleet file."""
    context: Any = info.context
    return bool(context and context.get(AS_WRITTEN))


class Interpolated(str):
    """Text that holds something from the environment or a file, and what that was.

    Attributes:
        pieces: The values put in, plain.
        is_whole: The text is one reference and nothing else.
    """

    __slots__ = ("is_whole", "pieces")
    pieces: tuple[str, ...]
    is_whole: bool

    @classmethod
    def of(cls, text: str, pieces: tuple[str, ...], *, is_whole: bool = False) -> Interpolated:
        """Return a text with what was put into it."""
        made = cls(text)
        made.pieces = pieces
        made.is_whole = is_whole
        return made


class Section(BaseModel):
    """A frozen model without unknown keys, whose errors never repeat what was put in."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _take_numbers_alone_as_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic reads true as 1 and "5" as 5; nobody means the one, and few the other.

        What comes by ``${env:NAME}`` is always text.
        """
        if isinstance(value, bool | str) and info.field_name is not None:
            annotation = cls.model_fields[info.field_name].annotation
            if annotation in (int, float, int | None, float | None):
                if isinstance(value, bool):
                    raise fault("must be a number")
                if not isinstance(value, Interpolated) and _NUMBER.fullmatch(value):
                    raise fault("must be a number, without quotes")
        return value
