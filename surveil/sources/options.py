"""What one camera's source is and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from surveil.secrets import Secret

Transport = Literal["tcp", "udp"]
DecoderName = Literal["auto", "cpu", "cuda", "vaapi"]

MAX_FRAME_PX = 7680 * 4320
"""Pixels of an 8K picture, the largest frame that is accepted unless a camera says less."""


MAX_MEMORY_BYTES = 1 << 30
"""Enough to decode 8K pictures, some ten of which a decoder keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """One camera, resolved. Time-outs are separate because their causes are.

    Attributes:
        camera: Camera id of the configuration.
        url: ``rtsp://…``, ``rtsps://…``, ``usb:N`` or ``file:PATH``, without credentials.
        username: Inserted into the URL only when the stream is opened.
        password: Likewise; revealed nowhere else.
        transport: How RTP travels. TCP is the default: UDP loses packets without a word.
        sample_fps: Frames per second handed on; the others are dropped before colour conversion.
        loop: Start a file again at its end, without a seam: the run goes on, as a camera would.
        realtime: Pace a file by its time stamps; otherwise decode as fast as possible.
        connect_timeout_s: Until the camera has answered everything and plays.
        first_frame_timeout_s: From there to the first decoded picture.
        stall_timeout_s: Between two decoded pictures of a live stream.
        freeze_timeout_s: For how long pictures may be identical before they count as frozen; 0 is
            never.
        max_frame_px: Largest height times width that is decoded.
        decoder: What decodes; what does not work is told, and the processor does.
        deblocking: Whether H.264 and H.265 smooth the borders of their blocks.
        max_memory_bytes: What its process may use beyond what it starts with.
    """

    camera: str
    url: str
    username: str | None = None
    password: Secret | None = None
    transport: Transport = "tcp"
    sample_fps: float = 5.0
    loop: bool = False
    realtime: bool = True
    connect_timeout_s: float = 10.0
    first_frame_timeout_s: float = 10.0
    stall_timeout_s: float = 5.0
    freeze_timeout_s: float = 30.0
    max_frame_px: int = MAX_FRAME_PX
    decoder: DecoderName = "cpu"
    deblocking: bool = True
    max_memory_bytes: int = MAX_MEMORY_BYTES
