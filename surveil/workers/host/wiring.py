"""From the configuration's models to the plain options that stages take."""

from __future__ import annotations

from surveil.config import Camera
from surveil.sources.options import SourceOptions


def source_options(camera: Camera) -> SourceOptions:
    """Return how to open a camera. The user name is in the clear: do not print the result."""
    username = camera.username.reveal() if camera.username is not None else None
    if username is None and camera.password is not None:
        # A password alone, as some cameras want it, goes with an empty user.
        username = ""
    return SourceOptions(
        camera=camera.id,
        url=camera.source.reveal(),
        username=username,
        password=camera.password,
        transport=camera.transport,
        sample_fps=camera.sample_fps,
        loop=camera.loop,
        realtime=camera.realtime,
        connect_timeout_s=camera.connect_timeout_s,
        first_frame_timeout_s=camera.first_frame_timeout_s,
        stall_timeout_s=camera.stall_timeout_s,
        freeze_timeout_s=camera.freeze_timeout_s,
        decoder=camera.decoder,
        deblocking=camera.deblocking,
        max_frame_px=camera.max_frame_px,
        max_memory_bytes=camera.max_memory_bytes,
    )
