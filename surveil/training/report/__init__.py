"""Pages, charts and sheets."""
