"""The shape a network was compiled for, and the check of a batch against it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputShape:
    """Sizes per axis; ``None`` where the size may change from call to call."""

    sizes: tuple[int | None, ...]

    @classmethod
    def of(
        cls, example_shape: tuple[int, ...], *, dynamic_batch: bool, dynamic_axes: tuple[int, ...]
    ) -> InputShape:
        """Return the example's shape with its dynamic axes opened."""
        dynamic = set(dynamic_axes) | ({0} if dynamic_batch else set())
        return cls(tuple(None if i in dynamic else size for i, size in enumerate(example_shape)))

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise ``ValueError`` where a batch's shape does not fit."""
        fits = len(shape) == len(self.sizes) and all(
            actual > 0 and wanted in (None, actual)
            for actual, wanted in zip(shape, self.sizes, strict=True)
        )
        if not fits:
            raise ValueError(f"a batch of shape {shape} does not fit a network for {self}")

    def __str__(self) -> str:
        return "(" + ", ".join("*" if size is None else str(size) for size in self.sizes) + ")"
