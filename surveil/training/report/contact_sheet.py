"""Faces of each class as they are stored, and as training sees them after augmentation."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from surveil.classify.preprocess import in_channels, to_frame
from surveil.domain import EMOTIONS
from surveil.training.augmentation import Augmentation
from surveil.training.config import TrainConfig
from surveil.training.faces import Faces, Split
from surveil.training.fit.augment import augment

SHOWN_PX = 96
"""Side of a face on the sheet."""

VIEWS = 3
"""Random views shown below each face."""

_GAP_PX = 4
_LEFT_PX = 120


@dataclass(frozen=True, slots=True)
class Look:
    """How training sees faces: strengths, the square cut from frames of ``frame_px``, and the side
    it is resized to."""

    augmentation: Augmentation = field(default_factory=Augmentation)
    frame_px: int = 48
    crop_px: int = 44
    out_px: int = 44
    channels: int = 1

    @classmethod
    def of(cls, config: TrainConfig) -> Look:
        """Return how a configured run sees faces, in its last phase."""
        return cls(
            config.augmentation,
            config.input.frame_px,
            config.input.crop_px,
            config.phases[-1].px,
            config.architecture.channels,
        )

    @property
    def remarks(self) -> list[str]:
        """Sizes and strengths, in words."""
        strengths = self.augmentation.model_dump()
        return [
            f"cut to {self.crop_px} of {self.frame_px} px, trained on at {self.out_px} px",
            ", ".join(f"{key} {value}" for key, value in strengths.items()),
        ]


@dataclass(frozen=True, slots=True, eq=False)
class ClassSheet:
    """Some faces of a class.

    Attributes:
        emotion: The class's name.
        faces: How many faces it has in the split.
        stored: As they are, RGB ``(n, SHOWN_PX, SHOWN_PX, 3)``.
        views: As training sees them, ``(VIEWS, n, SHOWN_PX, SHOWN_PX, 3)``.
    """

    emotion: str
    faces: int
    stored: NDArray[np.uint8]
    views: NDArray[np.uint8]


def class_sheets(
    faces: Faces, look: Look, *, count: int, seed: int = 1, split: Split = Split.TRAIN
) -> list[ClassSheet]:
    """Return up to ``count`` faces of each class, drawn by the seed, with their views.

    All views are drawn as one batch, as in training, since some strengths are shares of a batch.
    The whole dataset is drawn from if it has no face in the split.
    """
    chosen = faces.only(split) if (faces.splits == split.value).any() else faces
    random = np.random.default_rng(seed)
    drawn = [
        np.sort(random.permutation(np.flatnonzero(chosen.labels == label))[:count])
        for label in range(len(EMOTIONS))
    ]
    frames = chosen.frames[np.concatenate(drawn)]
    if frames.ndim == 4 and look.channels == 1:
        frames = np.stack([in_channels(frame, 1) for frame in frames])
    planes = torch.from_numpy(frames[:, None] if frames.ndim == 3 else frames.transpose(0, 3, 1, 2))
    crop_px = look.crop_px * planes.shape[-1] / look.frame_px
    generator = torch.Generator().manual_seed(seed)
    views = augment(
        planes.repeat(VIEWS, 1, 1, 1), look.augmentation, crop_px, look.out_px, generator
    )
    pixels = (views.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    pixels = pixels.reshape(VIEWS, len(frames), *pixels.shape[1:])
    sheets, at = [], 0
    for label, part in enumerate(drawn):
        place = slice(at, at + len(part))
        at += len(part)
        if len(part):
            sheets.append(
                ClassSheet(
                    EMOTIONS[label].value,
                    int((chosen.labels == label).sum()),
                    _shown(chosen.frames[part]),
                    np.stack([_shown(view) for view in pixels[:, place]]),
                )
            )
    return sheets


def as_png(sheets: list[ClassSheet], title: str) -> bytes:
    """Return the sheets as one PNG, class below class."""
    strips = [np.pad(_strip(sheet), ((0, 3 * _GAP_PX), (_LEFT_PX, 0), (0, 0)), constant_values=255)
              for sheet in sheets]  # fmt: skip
    width = max(strip.shape[1] for strip in strips)
    for strip, sheet in zip(strips, sheets, strict=True):
        lines = (sheet.emotion, f"faces: {sheet.faces}", "", "as stored")
        for row, line in enumerate(lines):
            _write(strip, line, 8, 20 + 22 * row)
        _write(strip, "as trained on", 8, SHOWN_PX + _GAP_PX + 24)
    page = [np.full((36, width, 3), 255, np.uint8)]
    _write(page[0], title, 8, 24)
    page += [
        np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255)
        for strip in strips
    ]
    return _png(np.vstack(page))


def as_html(sheets: list[ClassSheet], title: str, remarks: list[str]) -> str:
    """Return the sheets as one page without other files: pictures are in it, and no script."""
    sections = [
        f"<section><h2>{html.escape(sheet.emotion)}</h2><p>faces: {sheet.faces}</p>"
        f'<img alt="Faces labelled {html.escape(sheet.emotion)}: the first row '
        f'as stored, below it as trained on" '
        f'src="data:image/png;base64,{base64.b64encode(_png(_strip(sheet))).decode()}"></section>'
        for sheet in sheets
    ]
    notes = "".join(f"<li>{html.escape(remark)}</li>" for remark in remarks)
    return _PAGE.format(title=html.escape(title), remarks=notes, sections="\n".join(sections))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #222; background: #fff }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin: 0 }}
p {{ margin: 0 0 .4rem; color: #666 }}
section {{ margin: 1.5rem 0; overflow-x: auto }} img {{ max-width: none; display: block }}
</style></head><body>
<h1>{title}</h1>
<p>Of each class: the first row shows faces as they are stored, the rows below show the same faces
as training sees them, each time at random.</p>
<ul>{remarks}</ul>
{sections}
</body></html>
"""


def _strip(sheet: ClassSheet) -> NDArray[np.uint8]:
    rows = [sheet.stored, *sheet.views]
    padded = [
        np.hstack([np.pad(face, ((0, _GAP_PX), (0, _GAP_PX), (0, 0)), constant_values=255)
                   for face in row])
        for row in rows
    ]  # fmt: skip
    return np.vstack(padded)


def _shown(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames ``(n, S, S)``, ``(n, S, S, 1 or 3)`` in RGB at the sheet's size."""
    frames = frames[..., 0] if frames.shape[-1] == 1 else frames
    return np.stack([to_frame(frame, SHOWN_PX, 3) for frame in frames])


def _write(canvas: NDArray[np.uint8], text: str, x: int, y: int) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(canvas, text, (x, y), font, 0.45, (40, 40, 40), 1, cv2.LINE_AA)


def _png(rgb: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
