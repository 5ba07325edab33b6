"""What decodes: what was asked for where it works, else the processor, and why is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import av.error
import numpy as np
import pytest
from kit.daemons import MEDIA

from surveil.sources import decoding
from surveil.sources.address import Address
from surveil.sources.capture import CaptureSession
from surveil.sources.decoding import Decoding, choose_decoding
from surveil.sources.options import SourceOptions
from surveil.sources.registry import resolve
from surveil.sources.stream import OpenStream, StreamInfo

CLIP = MEDIA / "lounge.mp4"
OPTIONS = SourceOptions(camera="a", url=f"file:{CLIP}", realtime=False)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Each test asks its devices anew."""
    decoding._try.cache_clear()
    yield
    decoding._try.cache_clear()


Has = Callable[[list[str], bool], None]


@pytest.fixture
def host_has(monkeypatch: pytest.MonkeyPatch) -> Has:
    """Say which decoders PyAV was built with, and whether their devices can be used."""

    def has(built: list[str], are_usable: bool) -> None:
        def try_device(name: str, mode: str, *, hwaccel: Any) -> None:
            if not are_usable:
                raise av.error.ExternalError(1, "no device")

        context = SimpleNamespace(create=try_device)
        monkeypatch.setattr(
            "surveil.sources.decoding.av", SimpleNamespace(CodecContext=context, error=av.error)
        )
        monkeypatch.setattr(decoding, "hwdevices_available", lambda: built)
        monkeypatch.setattr(decoding, "HWAccel", lambda device: device)

    return has


def test_the_processor_is_asked_for_nothing() -> None:
    assert choose_decoding("cpu") == Decoding("cpu")
    assert Decoding().hwaccel() is None


def test_hardware_that_works_is_taken(host_has: Has) -> None:
    host_has(["cuda", "vaapi"], True)
    assert choose_decoding("cuda") == Decoding("cuda")
    assert choose_decoding("vaapi") == Decoding("vaapi")


def test_what_is_not_built_in_or_not_there_is_told(host_has: Has) -> None:
    host_has(["cuda"], False)
    assert choose_decoding("vaapi").lacks == "vaapi: this build of PyAV has no such decoder"
    lacks = choose_decoding("cuda").lacks
    assert lacks == "cuda: the device cannot be used (ExternalError)"


def test_auto_takes_what_is_there_and_lacks_nothing_where_nothing_is(
    host_has: Has, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host_has(["cuda", "vaapi"], True)
    monkeypatch.setattr(decoding, "RENDER_NODE", tmp_path / "none")
    monkeypatch.setattr(decoding, "has_gpu_driver", lambda: False)
    assert choose_decoding("auto") == Decoding("cpu")
    monkeypatch.setattr(decoding, "RENDER_NODE", tmp_path)
    assert choose_decoding("auto") == Decoding("vaapi")
    monkeypatch.setattr(decoding, "has_gpu_driver", lambda: True)
    assert choose_decoding("auto") == Decoding("cuda")


class Sink:
    """Keeps what was said of opened streams."""

    def __init__(self) -> None:
        self.opened_as: list[StreamInfo] = []
        self.frames = 0

    def opened(self, info: StreamInfo) -> None:
        self.opened_as.append(info)

    def put(self, frame: object) -> None:
        self.frames += 1

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **more: None


def capture(options: SourceOptions) -> Sink:
    sink = Sink()
    CaptureSession(options, sink, stopping=threading.Event(), beat=lambda _: None).run()
    return sink


@pytest.mark.parametrize("wanted", ["cuda", "vaapi"])
def test_a_camera_goes_on_without_the_hardware_it_asked_for(wanted: Any) -> None:
    sink = capture(replace(OPTIONS, decoder=wanted))  # of this host: there is none, or it works
    (info,) = sink.opened_as
    assert sink.frames > 0
    assert (info.decoder == wanted) != info.decoder_lacks.startswith(f"{wanted}: ")


def test_hardware_that_gives_no_picture_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(OpenStream):
        """Opens a file and decodes nothing of it where hardware is to do so."""

        def __init__(
            self, address: Address, max_frame_px: int, *, decoding: Decoding, **more: Any
        ) -> None:
            self._is_mute = decoding.device == "cuda"
            told = Decoding("cpu", decoding.lacks)
            super().__init__(address, max_frame_px, decoding=told, **more)

        def pictures(self, *args: Any) -> Iterator[Any]:
            return iter(()) if self._is_mute else super().pictures(*args)

    monkeypatch.setattr("surveil.sources.capture.OpenStream", Mute)
    monkeypatch.setattr("surveil.sources.capture.choose_decoding", lambda _: Decoding("cuda"))
    sink = capture(replace(OPTIONS, decoder="cuda"))
    assert [info.decoder_lacks for info in sink.opened_as] == ["", "cuda: no picture came of it"]
    assert sink.frames > 0


def test_pictures_without_deblocking_are_nearly_the_same() -> None:
    def luma(deblocking: bool) -> list[bytes]:
        address = resolve(OPTIONS)
        with OpenStream(address, OPTIONS.max_frame_px, deblocking=deblocking) as stream:
            pictures = stream.pictures(lambda: None, lambda: None)
            return [bytes(next(pictures).planes[0]) for _ in range(5)]

    smooth, rough = (np.frombuffer(b"".join(luma(one)), np.uint8) for one in (True, False))
    differences = np.abs(smooth.astype(np.int16) - rough)
    assert 0 < differences.mean() < 2
