"""One YAML file, parsed once into frozen models."""

from surveil.config.camera import Camera, CameraDefaults
from surveil.config.loading import load_fleet
from surveil.config.problems import ConfigErrors, Problem
from surveil.config.receivers import Receiver
from surveil.config.schema import Fleet

__all__ = [
    "Camera",
    "CameraDefaults",
    "ConfigErrors",
    "Fleet",
    "Problem",
    "Receiver",
    "load_fleet",
]
