"""Frames of a run to interval events: smoothing, votes, building. Pure."""
