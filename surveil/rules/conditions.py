"""What the conditions of all measures share: strict models, comparison and hysteresis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from surveil.durations import Duration
from surveil.rules.baselines import Lookback
from surveil.rules.instants import LOOSE
from surveil.rules.keys import By
from surveil.rules.reading import Reading, View

MAX_OVER_S = 3600.0
"""Longest window. Windows are held in memory, per camera, at one sample per interval."""


_COMPARATORS = ("above", "below", "at_least", "at_most", "between")


def _loosen(bound: float) -> float:
    return round(bound, LOOSE)


Over = Annotated[Duration, Field(ge=1.0, le=MAX_OVER_S)]
Bound = Annotated[float, Field(allow_inf_nan=False, strict=True), AfterValidator(_loosen)]


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class Condition(Strict, ABC):
    """One measure and what makes it true.

    A subclass has one field with the name of its measure (the keyword) and the measure's options.

    Attributes:
        keyword: Name of the measure in the YAML.
    """

    keyword: ClassVar[str]

    @property
    def options(self) -> Any:
        """What stands below the keyword."""
        return getattr(self, self.keyword)

    @property
    @abstractmethod
    def words(self) -> str:
        """What is measured, in words that go on with *is above …*; else all of the condition."""

    @abstractmethod
    def read(self, view: View) -> Reading:
        """Return the measure of the view's window."""

    @abstractmethod
    def holds(self, value: float, *, latched: bool) -> bool:
        """Return whether the condition is true for ``value``.

        Args:
            value: What :meth:`read` gave.
            latched: Whether the condition was true when last known.
        """

    @property
    @abstractmethod
    def over_s(self) -> float:
        """Seconds of the past that the measure needs; 0 for none."""

    @property
    def lookback(self) -> Lookback | None:
        """The hours with which the measure compares; None for none."""
        return None

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The number the value is compared with."""

    @property
    def follows_clock(self) -> bool:
        """Whether the measure grows by the clock alone, without any interval."""
        return False

    @property
    def warm_up_s(self) -> float:
        """For how long the engine must have watched before a lack of data means anything."""
        return self.over_s

    @property
    def watches_inference(self) -> bool:
        """Whether the condition tells when inference does not speak of a camera."""
        return False

    @property
    def has_hysteresis(self) -> bool:
        """Whether it can stay true with a value by which it would not become so."""
        return False

    @property
    def subjects(self) -> tuple[By, ...]:
        """What alerts with this condition can be about."""
        return tuple(By)


class Compared(Condition):
    """A condition with a comparator, and with hysteresis where ``clear_…`` is given."""

    @property
    def limits(self) -> tuple[float, float]:
        """Least and greatest sensible threshold."""
        return 0.0, float("inf")

    def say(self, bound: float) -> str:
        """Return a bound as people say it: a part of a whole in percent."""
        return f"{bound:.10g}" if self.limits[1] != 1.0 else f"{100 * bound:.10g}%"

    above: Bound | None = None
    below: Bound | None = None
    at_least: Bound | None = None
    at_most: Bound | None = None
    between: tuple[Bound, Bound] | None = None
    clear_below: Bound | None = None
    clear_above: Bound | None = None

    @model_validator(mode="after")
    def _check_comparators(self) -> Self:
        given = [name for name in _COMPARATORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of: {', '.join(_COMPARATORS)}")
        comparator = given[0]
        if comparator in ("above", "at_least") and self.clear_above is not None:
            raise ValueError(
                f"'clear_above' goes with below or at_most; use clear_below with {comparator}"
            )
        if comparator in ("below", "at_most") and self.clear_below is not None:
            raise ValueError(
                f"'clear_below' goes with above or at_least; use clear_above with {comparator}"
            )
        low, high = self.between or (self.threshold, self.threshold)
        if self.between is not None and not low < high:
            raise ValueError("'between' takes the lower bound first, and a greater one")
        if self.clear_below is not None and self.clear_below > low:
            raise ValueError(f"'clear_below' must not be greater than '{comparator}'")
        if self.clear_above is not None and self.clear_above < high:
            raise ValueError(f"'clear_above' must not be less than '{comparator}'")
        self._check_limits(comparator)
        return self

    def _check_limits(self, comparator: str) -> None:
        """Refuse bounds that no value can pass, or none can fail to pass."""
        least, greatest = self.limits
        for name in (comparator, "clear_below", "clear_above"):
            bounds = getattr(self, name)
            for bound in bounds if isinstance(bounds, tuple) else (bounds,):
                if bound is not None and not least <= bound <= greatest:
                    raise ValueError(f"'{name}' must lie between {least:g} and {greatest:g}")
        if self.between == (least, greatest):
            raise ValueError("'between' with the least and the greatest value is always true")
        for name, edge, outcome in (
            ("above", greatest, "can never be true"),
            ("below", least, "can never be true"),
            ("at_least", least, "is always true"),
            ("at_most", greatest, "is always true"),
            ("clear_below", least, "never ends what was true"),
            ("clear_above", greatest, "never ends what was true"),
        ):
            if getattr(self, name) == edge and self.between is None:
                raise ValueError(f"'{name}: {edge:g}' {outcome}")

    @property
    def over_s(self) -> float:
        """Seconds of the past that the measure needs."""
        return float(self.options.over)

    @property
    def has_hysteresis(self) -> bool:
        """Whether it ends by another bound than that by which it began."""
        return (self.clear_below, self.clear_above) != (None, None)

    @property
    def threshold(self) -> float:
        """The number the value is compared with; of ``between`` the lower one."""
        for bound in (self.above, self.below, self.at_least, self.at_most):
            if bound is not None:
                return bound
        if self.between is not None:
            return self.between[0]
        raise AssertionError("a validated condition has a comparator")

    def holds(self, value: float, *, latched: bool) -> bool:
        """Compare; a latched condition ends only past its ``clear_…`` bound."""
        value = round(value, LOOSE)
        if self.between is not None:
            low, high = self.between
            if latched:
                low = low if self.clear_below is None else self.clear_below
                high = high if self.clear_above is None else self.clear_above
            return low <= value <= high
        if latched and self.clear_below is not None:
            return value >= self.clear_below
        if latched and self.clear_above is not None:
            return value <= self.clear_above
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        if self.at_least is not None:
            return value >= self.at_least
        return value <= self.threshold
