"""A camera's configuration becomes the options of its source."""

from __future__ import annotations

import dataclasses

from surveil.config import Camera, Fleet
from surveil.sources.options import SourceOptions
from surveil.workers.host.wiring import source_options


def _camera(**values: object) -> Camera:
    return Fleet.model_validate({"cameras": {"a": values}}).cameras["a"]


def test_every_option_comes_from_the_camera() -> None:
    values: dict[str, object] = {
        "transport": "udp",
        "sample_fps": 2.5,
        "loop": True,
        "realtime": False,
        "connect_timeout_s": 1.0,
        "first_frame_timeout_s": 2.0,
        "stall_timeout_s": 3.0,
        "freeze_timeout_s": 4.0,
        "max_frame_px": 5000,
        "decoder": "auto",
        "deblocking": False,
        "max_memory_bytes": 1 << 29,
    }
    options = source_options(_camera(source="rtsp://u%40x:canary-wiring-1@cam/s?x=1", **values))
    assert (options.camera, options.url) == ("a", "rtsp://cam/s?x=1")
    assert options.username == "u@x"
    assert options.password is not None
    assert options.password.reveal() == "canary-wiring-1"
    assert {name: getattr(options, name) for name in values} == values
    assert {"camera", "url", "username", "password", *values} == {
        field.name for field in dataclasses.fields(SourceOptions)
    }


def test_password_alone_goes_with_an_empty_user() -> None:
    assert source_options(_camera(source="rtsp://cam/s", password="canary-wiring-2")).username == ""
    assert source_options(_camera(source="usb:0")).username is None


def test_defaults_agree_with_those_of_the_source() -> None:
    """The same camera, whether it is opened by a fleet or by a file command."""
    camera = source_options(_camera(source="usb:0"))
    assert camera == SourceOptions(camera="a", url="usb:0")
