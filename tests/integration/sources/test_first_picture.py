"""From the answer of a camera to its first picture: slow cameras, late key frames, silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kit.rtsp import ScriptedCamera, play_clip

from surveil.sources.options import SourceOptions

Watch = Callable[[SourceOptions], Any]


def test_a_camera_that_plays_nothing_is_connected(options: SourceOptions, watch: Watch) -> None:
    # Interrupted by us, FFmpeg tells success; an ended stream is not what happened.
    with ScriptedCamera() as camera:
        session = watch(
            replace(options, url=camera.url, connect_timeout_s=60, first_frame_timeout_s=1)
        )
        session.sink.wait_for(lambda: len(session.sink.retries) >= 1)
        session.stop()
    record = session.sink.states[1]
    assert (record.state, record.reason) == ("offline", "timeout")
    assert record.detail == "connected, but no picture within 1 s"


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_request_without_an_answer_is_none(
    options: SourceOptions, watch: Watch, method: str
) -> None:
    with ScriptedCamera(answers={method: None}) as camera:
        session = watch(
            replace(options, url=camera.url, connect_timeout_s=1, first_frame_timeout_s=60)
        )
        session.sink.wait_for(lambda: len(session.sink.retries) >= 1)
        session.stop()
    assert session.sink.states[1].detail == "no answer within 1 s"


def test_a_slow_camera_goes_live(clip: Path, options: SourceOptions, watch: Watch) -> None:
    # One picture in 1.5 s; connecting may take less, in however many attempts.
    sdp, play = play_clip(clip, period_s=1.5)
    with ScriptedCamera(sdp=sdp, play=play) as camera:
        slow = replace(
            options, url=camera.url, connect_timeout_s=1, first_frame_timeout_s=60,
            stall_timeout_s=60,
        )  # fmt: skip
        session = watch(slow)
        session.sink.wait_for(lambda: len(session.sink.frames) >= 2)
    assert ("live", "none") in session.sink.summary


@pytest.mark.parametrize("has_parameters", [True, False], ids=["described", "in-band"])
def test_a_late_key_frame_is_waited_for(
    long_gop_clip: Path, options: SourceOptions, watch: Watch, has_parameters: bool
) -> None:
    # 49 pictures before the first key frame: 2.5 s, longer than connecting may take.
    sdp, play = play_clip(long_gop_clip, period_s=0.05, skip_key=True)
    if not has_parameters:
        sdp = sdp.replace("sprop-parameter-sets", "unknown")
    with ScriptedCamera(sdp=sdp, play=play) as camera:
        late = replace(options, url=camera.url, connect_timeout_s=1, first_frame_timeout_s=60)
        session = watch(late)
        session.sink.wait_for(lambda: len(session.sink.frames) >= 1)
    assert ("live", "none") in session.sink.summary
