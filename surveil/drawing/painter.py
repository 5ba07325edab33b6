"""Draw faces and their expressions on a picture, for people. Pure.

Everything is sized by the picture, stays inside it, and can be read on any background: boxes and
letters lie on a dark rim or on a plate of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from surveil.domain import EMOTIONS, Box, Emotion
from surveil.palette import COLOURS, Colour

_DARK: Colour = (16, 18, 22)
_LIGHT: Colour = (245, 246, 248)
_LEAST_LETTER_PX, _MOST_LETTER_PX = 11, 44
_LETTERS_PER_HEIGHT = 34
_MOST_PANELS = 4
"""With more faces than this, bars of all of them would hide the picture."""


@dataclass(frozen=True, slots=True)
class ShownFace:
    """One face to draw; the box is in pixels of the picture."""

    track_id: int
    box: Box
    emotion: Emotion
    scores: tuple[float, ...]


class Painter:
    """Draws on pictures of one size."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        letter_px = min(max(height / _LETTERS_PER_HEIGHT, _LEAST_LETTER_PX), _MOST_LETTER_PX)
        self._font = _font(round(letter_px))
        self._small = _font(round(max(letter_px * 0.72, 9)))
        self._line_px = max(round(letter_px / 8), 2)
        self._pad_px = max(round(letter_px / 4), 2)

    def paint(
        self, image: NDArray[np.uint8], faces: Sequence[ShownFace], caption: str
    ) -> NDArray[np.uint8]:
        """Return a copy of a picture with faces and a caption drawn on it.

        Args:
            image: RGB, shape ``(H, W, 3)`` of the painter's size. Read only.
            faces: Faces; nearer (larger) ones are drawn over others and labelled first.
            caption: One line for the upper left corner, empty for none.
        """
        picture = Image.fromarray(image)
        draw = ImageDraw.Draw(picture, "RGBA")
        by_size = sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True)
        for face in reversed(by_size):
            self._outline(draw, face)
        taken = [face.box for face in faces]
        if caption:
            at = self._pad_px
            self._plate(draw, at, at, caption, (*_DARK, 190), _LIGHT)
            taken.append(self._clamp(at, at, *self._plate_size(caption)))
        for face in by_size:
            self._label(draw, face, taken)
        if len(faces) <= _MOST_PANELS:
            for face in by_size:
                self._bars(draw, face, taken)
        return np.asarray(picture)

    def _outline(self, draw: ImageDraw.ImageDraw, face: ShownFace) -> None:
        x1, y1, x2, y2 = self._inside(face.box)
        line = self._line_px
        draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=(*_DARK, 170), width=line + 2)
        draw.rectangle((x1, y1, x2, y2), outline=COLOURS[face.emotion], width=line)

    def _label(self, draw: ImageDraw.ImageDraw, face: ShownFace, taken: list[Box]) -> None:
        """Write a face's label where it hides least, and note the place in ``taken``."""
        confidence = face.scores[EMOTIONS.index(face.emotion)]
        text = f"#{face.track_id} {face.emotion.value} {confidence:.0%}"
        x1, y1, x2, y2 = self._inside(face.box)
        width, height = self._plate_size(text)
        places = [
            self._clamp(x, y, width, height)
            for y in (y1 - height, y2 + 1, y1 - 2 * height, y2 + 1 + height)
            for x in (x1, x2 - width)
        ]
        place = min(places, key=lambda box: sum(_overlap(box, other) for other in taken))
        taken.append(place)
        colour = COLOURS[face.emotion]
        self._plate(draw, place.x1, place.y1, text, (*colour, 235), _letters_on(colour))

    def _bars(self, draw: ImageDraw.ImageDraw, face: ShownFace, taken: list[Box]) -> None:
        """Draw the scores as bars beside the box, on the side that hides less."""
        row = self._small.size + self._pad_px
        names = max(self._small.getlength(emotion.value) for emotion in EMOTIONS)
        bar = 3.5 * self._small.size
        width = round(names + bar + 3 * self._pad_px)
        height = round(row * len(EMOTIONS) + self._pad_px)
        x1, y1, x2, _ = self._inside(face.box)
        top = min(max(y1, 0), self._height - height)
        gap = 2 * self._line_px
        places = [
            Box(left, top, left + width, top + height)
            for left in (x2 + gap, x1 - gap - width)
            if left >= 0 and left + width <= self._width
        ]
        if top < 0 or not places:
            return
        place = min(places, key=lambda box: sum(_overlap(box, other) for other in taken))
        taken.append(place)
        draw.rounded_rectangle(place.xyxy, radius=self._pad_px, fill=(*_DARK, 165))
        left = place.x1 + 2 * self._pad_px + names
        for number, (emotion, score) in enumerate(zip(EMOTIONS, face.scores, strict=True)):
            y = place.y1 + self._pad_px + number * row
            is_shown = emotion is face.emotion
            ink = _LIGHT if is_shown else (*_LIGHT, 170)
            draw.text(
                (left - self._pad_px, y + row / 2 - self._pad_px / 2),
                emotion.value,
                font=self._small,
                fill=ink,
                anchor="rm",
            )
            bottom = y + row - self._pad_px
            draw.rectangle((left, y + 1, left + bar, bottom - 1), fill=(*_LIGHT, 36))
            end = left + max(bar * min(score, 1.0), 1)
            draw.rectangle((left, y + 1, end, bottom - 1), fill=COLOURS[emotion])

    def _plate(
        self,
        draw: ImageDraw.ImageDraw,
        x: float,
        y: float,
        text: str,
        fill: tuple[int, int, int, int],
        ink: Colour,
    ) -> None:
        width, height = self._plate_size(text)
        x, y, _, _ = self._clamp(x, y, width, height).xyxy
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=fill)
        draw.text((x + self._pad_px, y + height / 2), text, font=self._font, fill=ink, anchor="lm")

    def _plate_size(self, text: str) -> tuple[int, int]:
        length = self._font.getlength(text)
        return round(length + 2 * self._pad_px), round(self._font.size * 1.15 + self._pad_px)

    def _clamp(self, x: float, y: float, width: int, height: int) -> Box:
        """Return a rectangle of a size, moved into the picture."""
        x = max(min(x, self._width - width), 0)
        y = max(min(y, self._height - height), 0)
        return Box(x, y, x + width, y + height)

    def _inside(self, box: Box) -> tuple[float, float, float, float]:
        return (
            min(max(box.x1, 0), self._width - 1),
            min(max(box.y1, 0), self._height - 1),
            min(max(box.x2, 0), self._width - 1),
            min(max(box.y2, 0), self._height - 1),
        )


def _overlap(a: Box, b: Box) -> float:
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    return max(width, 0.0) * max(height, 0.0)


def _letters_on(colour: Colour) -> Colour:
    """Return dark or light letters, whichever stands out more (ITU-R BT.601 luma)."""
    red, green, blue = colour
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 130 else _LIGHT


@lru_cache(maxsize=8)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size_px)  # Pillow's own, so it looks the same everywhere
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
