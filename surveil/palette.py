"""One colour for each expression: the same in charts, over pictures, on pages and in terminals.

Chosen by search so that any two stay apart for people with normal sight and with each kind of
colour blindness, simulated after Machado, Oliveira and Fernandes (2009) at full severity: the
smallest distance of all pairs is more than 30 in CIELAB, where some 2 can just be told. Where a
colour alone would say something, a word or a letter says it too.
"""

from __future__ import annotations

from surveil.domain import Emotion

Colour = tuple[int, int, int]
"""Red, green, blue; 0 to 255."""

COLOURS: dict[Emotion, Colour] = {
    Emotion.ANGRY: (221, 80, 32),
    Emotion.DISGUST: (186, 232, 153),
    Emotion.FEAR: (153, 0, 224),
    Emotion.HAPPY: (252, 208, 21),
    Emotion.SAD: (80, 144, 203),
    Emotion.SURPRISE: (16, 246, 238),
    Emotion.NEUTRAL: (115, 115, 115),
}


def as_hex(colour: Colour) -> str:
    """Return a colour as CSS and terminals write it, ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
