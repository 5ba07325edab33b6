"""What all settings that people write in YAML have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


def fault(message: str, **values: object) -> PydanticCustomError:
    """Return an error whose message, unlike pydantic's own, does not carry the input."""
    return PydanticCustomError("surveil", "{reason}", {"reason": message.format(**values)})


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
    def _refuse_bool_as_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic reads true as 1; a number is never meant so."""
        if isinstance(value, bool) and info.field_name is not None:
            annotation = cls.model_fields[info.field_name].annotation
            if annotation in (int, float):
                raise fault("must be a number")
        return value
