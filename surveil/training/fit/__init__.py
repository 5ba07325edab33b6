"""Fit a network to faces: views, losses, loop, checkpoints."""
