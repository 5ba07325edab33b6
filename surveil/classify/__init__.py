"""Crops of faces to calibrated emotion scores."""
