"""One camera, and what all cameras share."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, model_validator

from surveil.config.privacy import Privacy
from surveil.config.urls import Source
from surveil.credentials import check_unambiguous, split_credentials
from surveil.durations import Duration
from surveil.names import CAMERA_ID
from surveil.rules.model import LabelName, LabelValue
from surveil.secrets import Secret, register, register_credentials
from surveil.settings import Interpolated, Section, fault
from surveil.sources.options import MAX_FRAME_PX, DecoderName, SourceOptions, Transport


def _check_id(value: str) -> str:
    if not CAMERA_ID.fullmatch(value):
        raise fault(
            "a camera id is 1 to 63 of a-z, 0-9, - and _, and starts with a letter or digit"
        )
    return value


def _hide_username(value: object) -> object:
    """Keep user names out of sight; search for one only if it came from outside the file."""
    if value is None or isinstance(value, Secret):
        return value
    return Secret.parse(value, searched=isinstance(value, Interpolated))


CameraId = Annotated[str, AfterValidator(_check_id)]
"""Fit for URLs, labels of metrics and names of files; events are checked by the same rule."""

Timeout = Annotated[Duration, Field(gt=0, le=600)]


_SOURCE = SourceOptions(camera="", url="")
"""Says the defaults of what the capture process is told."""


class CameraDefaults(Section):
    """What cameras have in common; each may override each of it."""

    username: Annotated[Secret | None, BeforeValidator(_hide_username)] = None
    """User at the camera; better ${env:NAME} or ${file:PATH}."""

    password: Secret | None = None
    """Password at the camera; better ${env:NAME} or ${file:PATH}."""

    transport: Transport = _SOURCE.transport
    """How RTSP's video travels. UDP loses packets without a word."""

    sample_fps: Annotated[float, Field(gt=0, le=120)] = _SOURCE.sample_fps
    """Frames per second that are analysed."""

    min_face_px: Annotated[int, Field(ge=20, le=4320)] = 40
    """Smallest face that is looked for, in pixels; halving it costs about four times the time."""

    min_score: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Lowest score of a detected face, 0 to 1."""

    gate: bool = True
    """Look only at those parts of the picture that may have changed, and at all of it every 5 s at
    least and when light or scene change; false looks at all of each. GPUs always do."""

    enabled: bool = True
    """Whether the camera is watched at all."""

    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=32)
    """What the camera is called by beside its id, such as {floor: "2"}; rules choose by them, and
    alert ``by: label``."""

    on: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=32)
    """Labels of the hosts that may watch the camera where it is spread, such as {site: north}."""

    loop: bool = _SOURCE.loop
    """Start a file again at its end."""

    realtime: bool = _SOURCE.realtime
    """Play a file at its own pace; false is as fast as it can be analysed."""

    connect_timeout_s: Timeout = _SOURCE.connect_timeout_s
    """Until the camera has answered."""

    first_frame_timeout_s: Timeout = _SOURCE.first_frame_timeout_s
    """From there to the first picture."""

    stall_timeout_s: Timeout = _SOURCE.stall_timeout_s
    """Between two pictures of a live stream."""

    freeze_timeout_s: Annotated[Duration, Field(le=86400)] = _SOURCE.freeze_timeout_s
    """For how long the picture may stay identical; 0 is for ever."""

    decoder: DecoderName = _SOURCE.decoder
    """What decodes the pictures: cpu, cuda (NVDEC), vaapi, or auto, which takes hardware where it
    is. What does not work is told in the log, and the processor decodes."""

    deblocking: bool = _SOURCE.deblocking
    """Smooth the borders of blocks as H.264 and H.265 mean it; false saves a sixth to a third of
    decoding and loses few faces, fewest where key frames come every second."""

    max_frame_px: Annotated[int, Field(ge=1, le=MAX_FRAME_PX)] = _SOURCE.max_frame_px
    """Largest height times width that is decoded."""

    max_memory_bytes: Annotated[ByteSize, Field(ge=1 << 28)] = ByteSize(_SOURCE.max_memory_bytes)
    """What a camera's process may use beyond what it starts with, such as 1GiB."""


class Camera(CameraDefaults):
    """One camera with the defaults merged in."""

    id: str
    """Its key below ``cameras:``."""

    source: Source
    """rtsp://HOST/PATH, rtsps://HOST/PATH, usb:0, usb:/dev/video0 or file:PATH."""

    privacy: Privacy = Privacy()
    """What differs from the fleet's."""

    @model_validator(mode="before")
    @classmethod
    def _take_credentials(cls, value: Any) -> Any:
        """Move user and password out of the URL, where every library would print them."""
        if not isinstance(value, dict) or not isinstance(value.get("source"), str):
            return value
        source = value["source"]
        try:
            check_unambiguous(source)
        except ValueError:
            return value  # said at the source itself
        url, username, password = split_credentials(source)
        if username is None and password is None:
            return value
        if value.get("username") is not None or value.get("password") is not None:
            raise fault("user and password stand both in source and beside it; keep one of them")
        pieces = source.pieces if isinstance(source, Interpolated) else ()
        if username in pieces:
            register(username)
        if password is not None:
            register(password)
        return {
            **value,
            "source": Interpolated.of(url, pieces) if pieces else url,
            "username": username,
            "password": password,
        }

    @model_validator(mode="after")
    def _register_pair(self) -> Self:
        if self.password is not None:
            username = self.username.reveal() if self.username else ""
            register_credentials(username, self.password.reveal())
        return self
