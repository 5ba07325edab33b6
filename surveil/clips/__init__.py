"""Files instead of cameras: analyse, annotate, export."""
