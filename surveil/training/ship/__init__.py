"""Run a training, export what it gives."""
