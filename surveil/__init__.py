"""surveil: emotion timelines and alerts from a fleet of cameras.

``surveil.load``, ``surveil.analyze`` and ``surveil.Client`` are for programs and notebooks; what
they need is imported when they are first asked for, so that ``import surveil`` costs nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surveil.python.client import ApiError, Client
    from surveil.python.clips import Table, analyze
    from surveil.python.faces import Face, FaceModel, load

__all__ = ["ApiError", "Client", "Face", "FaceModel", "Table", "analyze", "load"]

_ROOMS = {
    "ApiError": "client",
    "Client": "client",
    "Face": "faces",
    "FaceModel": "faces",
    "Table": "clips",
    "analyze": "clips",
    "load": "faces",
}

# OpenVINO and NNCF report each import and conversion to their makers, and fail where the user has
# no home directory. Without this package both go on and report nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"surveil.python.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
