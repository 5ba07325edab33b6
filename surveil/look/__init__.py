"""How everything looks that a browser shows: one style sheet for the dashboard and for reports."""

from surveil.look.stylesheet import FOLDER, stylesheet

__all__ = ["FOLDER", "stylesheet"]
