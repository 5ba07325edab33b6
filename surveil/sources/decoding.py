"""What decodes a camera's pictures: the processor, or hardware where it is there and works.

Hardware is asked before a camera is: a decoder is made with the device and thrown away. What keeps
it from working is told once, and the processor decodes instead; so does it for a camera whose
stream was opened and gave no picture by hardware. Not run on a device so far: tests show the choice
and each way back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available

from surveil.engines.driver import has_gpu_driver
from surveil.sources.options import DecoderName

RENDER_NODE = Path("/dev/dri/renderD128")
_TRIED_CODEC = "h264"


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a stream is decoded.

    Attributes:
        device: ``cpu``, ``cuda`` or ``vaapi``.
        lacks: Why it is not what was asked for, in words; empty where it is.
    """

    device: str = "cpu"
    lacks: str = ""

    def hwaccel(self) -> HWAccel | None:
        """Return what PyAV is to be given; None is the processor."""
        return None if self.device == "cpu" else HWAccel(self.device)

    def on_processor(self, reason: str) -> Decoding:
        """Return the way back, with what was wrong with this one."""
        return Decoding("cpu", f"{self.device}: {reason}")


def choose_decoding(wanted: DecoderName) -> Decoding:
    """Return how to decode where ``wanted`` is asked for.

    ``auto`` takes NVIDIA's decoder where its driver is, else that of a render node, else the
    processor, and lacks nothing then.
    """
    if wanted == "cpu":
        return Decoding()
    if wanted != "auto":
        reason = _try(wanted)
        return Decoding(wanted) if reason is None else Decoding("cpu", f"{wanted}: {reason}")
    there = [("cuda", has_gpu_driver), ("vaapi", RENDER_NODE.exists)]
    return _first(there)


def _first(there: Sequence[tuple[str, Callable[[], bool]]]) -> Decoding:
    lacks = []
    for device, is_there in there:
        if is_there():
            reason = _try(device)
            if reason is None:
                return Decoding(device)
            lacks.append(f"{device}: {reason}")
    return Decoding("cpu", "; ".join(lacks))


@lru_cache(maxsize=8)
def _try(device: str) -> str | None:
    """Return why a device decodes nothing here, or None; asked once in a process."""
    if device not in hwdevices_available():
        return "this build of PyAV has no such decoder"
    try:
        av.CodecContext.create(_TRIED_CODEC, "r", hwaccel=HWAccel(device))
    except (av.error.FFmpegError, NotImplementedError, OSError) as error:
        return f"the device cannot be used ({type(error).__name__})"
    return None
