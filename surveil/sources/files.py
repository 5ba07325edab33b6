"""Read a video file at full speed, every sampled picture, for analysis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import av.error
from ulid import ULID

from surveil.domain import Frame, Reason
from surveil.sources.clock import RunClock
from surveil.sources.failure import Failure, SourceError
from surveil.sources.options import SourceOptions
from surveil.sources.reasons import classify
from surveil.sources.registry import resolve
from surveil.sources.sampling import PtsClock, Sampler
from surveil.sources.stream import OpenStream, PictureFormat
from surveil.sources.upright import Converter


def read_file(options: SourceOptions, started_at: datetime | None = None) -> Iterator[Frame]:
    """Yield the sampled pictures of a file, from its start to its end or to where it is broken.

    Nothing is dropped but by sampling. ``captured_at`` is ``started_at`` plus the time in the file.
    A change of the pictures' format begins a new run, in which time goes on. ``loop`` and
    ``realtime`` do not matter here.

    Args:
        options: A source ``file:PATH``.
        started_at: The instant of the first picture, UTC; now by default.

    Raises:
        SourceError: The file cannot be read, has no video, too large pictures, or none at all.
    """
    address = resolve(options)
    if address.is_live:
        raise SourceError(Failure(Reason.NOT_FOUND, "this is a camera; only files are read"))
    try:
        stream = OpenStream(address, options.max_frame_px)
    except av.error.FFmpegError as error:
        raise SourceError(classify(error)) from None
    with stream:
        yield from _read(stream, options, started_at or datetime.now(UTC))


def _read(stream: OpenStream, options: SourceOptions, started_at: datetime) -> Iterator[Frame]:
    media = PtsClock(stream.info.nominal_step_s, is_joinable=stream.info.is_joinable)
    sampler = Sampler(options.sample_fps)
    converter = Converter()
    mono_s = time.monotonic()
    clock = RunClock(started_at, mono_s)
    run, index = str(ULID()), 0
    form: PictureFormat | None = None
    for picture in stream.pictures(lambda: None, lambda: None):
        time_s = media.advance(picture.time)
        last_form, form = form, stream.format_of(picture)
        stream.check_size(form.width, form.height, form.pixel_aspect)
        if last_form is not None and form != last_form:
            run, index = str(ULID()), 0
        if sampler.wants(time_s):
            index += 1
            at_s = mono_s + time_s
            image = converter.to_rgb(picture, form.pixel_aspect, form.orientation)
            yield Frame(options.camera, run, index, clock.stamp(at_s), at_s, image)
    if form is None:
        raise SourceError(Failure(Reason.STREAM_BROKEN, "no picture in it could be decoded"))
