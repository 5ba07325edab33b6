"""Pictures for whoever watches: who may, what is hidden on them, and that nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from surveil.domain import EMOTIONS, Box, Detection, Frame
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.live import ReadingsRing
from surveil.live.frames import (
    MOST_WATCHING,
    PATIENCE_S,
    STALE_S,
    LiveCamera,
    LiveViewAwayError,
    LiveViewOffError,
    LiveViews,
)
from surveil.live.pictures import Picture
from surveil.policy import LiveView
from surveil.sources.planar import Colour, PlanarFrame, split
from surveil.sources.ring import FrameRing

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN, LATER_RUN = "01JD0000000000000000000000", "01JD0000000000000000000001"
WIDTH, HEIGHT = 640, 360
STEP_S = 0.1


@dataclass
class Stage:
    """A camera whose capture, inference and clock are in a test's hands."""

    view: LiveView
    frames: FrameRing = field(default_factory=FrameRing.create)
    readings: ReadingsRing = field(default_factory=ReadingsRing.create)
    now: float = 1000.0
    run: str = RUN
    index: int = 0

    def __post_init__(self) -> None:
        self.frames.begin_run(RUN, AT)
        camera = LiveCamera("lobby", self.view, self.frames, self.readings, clock=lambda: self.now)
        self.views = LiveViews({"lobby": self.view, "vault": LiveView.OFF}, [camera])
        self.watch = self.views.watch("lobby")

    def begin(self, run: str) -> None:
        self.run, self.index = run, 0
        self.frames.begin_run(run, AT)

    def capture(self, image: NDArray[np.uint8] | None = None) -> Frame:
        """Let time pass, and a frame be captured."""
        self.now += STEP_S
        self.index += 1
        at = AT + timedelta(seconds=self.now - 1000)
        picture = checkers() if image is None else image
        frame = Frame("lobby", self.run, self.index, at, self.now, picture)
        self.frames.put(frame)
        self.watch.has_news()
        return frame

    def read(self, frame: Frame, *boxes: Box) -> None:
        """Let inference say who is on a frame."""
        faces = tuple(
            FaceReading(
                number + 1,
                Detection(box, 0.9, np.zeros((5, 2), np.float32)),
                (0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1),
                EMOTIONS[3],
            )
            for number, box in enumerate(boxes)
        )
        self.readings.put(FrameReading(frame, faces))

    def picture(self, *, labels: bool = False) -> Picture | None:
        return self.watch.take(labels=labels) if self.watch.has_news() else None


def checkers() -> NDArray[np.uint8]:
    """Return a picture of small black and white fields: where they are blurred they are grey."""
    fields = np.indices((HEIGHT // 8, WIDTH // 8)).sum(axis=0) % 2 * 255
    return np.repeat(np.repeat(fields.astype(np.uint8)[..., None], 3, 2), 8, 0).repeat(8, 1)


def decode(picture: Picture) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.ascontiguousarray(image[..., ::-1], np.uint8)


def is_sharp(image: NDArray[np.uint8], box: Box) -> bool:
    """Return whether any part of a box still shows the fields."""
    x1, y1, x2, y2 = (round(edge) for edge in box.xyxy)
    return bool(image[max(y1, 0) : y2, max(x1, 0) : x2].std() > 40)


@pytest.fixture
def blurred() -> Iterator[Stage]:
    stage = Stage(LiveView.BLURRED)
    yield stage
    close(stage)


@pytest.fixture
def clear() -> Iterator[Stage]:
    stage = Stage(LiveView.CLEAR)
    yield stage
    close(stage)


def close(stage: Stage) -> None:
    stage.watch.close()
    stage.frames.close()
    stage.readings.close()


FACE = Box(200, 100, 264, 180)


def test_a_clear_picture_is_shown_at_once(clear: Stage) -> None:
    frame = clear.capture()
    picture = clear.picture()
    assert picture is not None
    assert (picture.run, picture.index, picture.captured_at) == (RUN, 1, frame.captured_at)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert is_sharp(decode(picture), Box(0, 0, WIDTH, HEIGHT))
    assert clear.picture() is None  # nothing new


def test_a_face_is_blurred_and_the_rest_is_not(blurred: Stage) -> None:
    first, second = blurred.capture(), blurred.capture()
    blurred.read(first, FACE)
    assert blurred.picture() is None  # nobody has read what comes after it
    blurred.read(second, FACE)
    picture = blurred.picture()
    assert picture is not None
    assert (picture.index, picture.is_unread, len(picture.faces)) == (1, False, 1)
    image = decode(picture)
    assert not is_sharp(image, FACE)
    assert is_sharp(image, Box(400, 200, 640, 360))


def test_a_face_that_is_told_with_its_second_sighting_is_hidden_on_its_first(
    blurred: Stage,
) -> None:
    first, second = blurred.capture(), blurred.capture()
    blurred.read(first)
    blurred.read(second, FACE)
    picture = blurred.picture()
    assert picture is not None
    assert picture.index == 1
    assert picture.faces == ()
    assert not is_sharp(decode(picture), FACE)


def test_a_face_that_a_reading_missed_stays_hidden(blurred: Stage) -> None:
    one, two, three = blurred.capture(), blurred.capture(), blurred.capture()
    blurred.read(one, FACE)
    blurred.read(two)
    blurred.read(three)
    picture = blurred.picture()
    assert picture is not None
    assert picture.index == 2
    assert not is_sharp(decode(picture), FACE)


def test_what_nobody_reads_is_blurred_entirely(blurred: Stage) -> None:
    blurred.read(blurred.capture(), FACE)
    blurred.capture()
    assert blurred.picture() is None
    blurred.now += PATIENCE_S
    picture = blurred.picture()
    assert picture is not None
    assert picture.is_unread
    assert picture.faces == ()
    assert not is_sharp(decode(picture), Box(0, 0, WIDTH, HEIGHT))


def test_readings_of_another_run_show_nothing(blurred: Stage) -> None:
    for _ in range(3):
        blurred.read(blurred.capture())
    blurred.picture()
    blurred.begin(LATER_RUN)
    for _ in range(2):
        blurred.capture()
    assert blurred.picture() is None
    blurred.now += PATIENCE_S
    picture = blurred.picture()
    assert picture is not None
    assert (picture.run, picture.is_unread) == (LATER_RUN, True)


def test_a_picture_of_long_ago_is_not_shown(clear: Stage) -> None:
    clear.watch.close()
    clear.capture()
    clear.now += STALE_S + 1
    with clear.views.watch("lobby") as watch:
        assert not watch.has_news()
        assert watch.take() is None


def test_labels_are_drawn_where_they_are_asked_for(clear: Stage) -> None:
    clear.read(clear.capture(), FACE)
    clear.capture()
    plain, drawn = (clear.watch.take(labels=labels) for labels in (False, True))
    assert plain is not None
    assert drawn is not None
    assert plain.faces == drawn.faces
    colours = decode(drawn).reshape(-1, 3).astype(int)
    assert (np.ptp(colours, axis=1) > 100).any()
    assert not (np.ptp(decode(plain).reshape(-1, 3).astype(int), axis=1) > 100).any()


def test_planes_and_wide_pictures_become_small_rgb(clear: Stage) -> None:
    packed = np.full((1440 * 3 // 2, 2560), 128, np.uint8)
    clear.now += 1
    clear.index += 1
    planes = split(packed)
    clear.frames.put(PlanarFrame("lobby", RUN, 1, AT, clear.now, planes, Colour.BT709))
    picture = clear.picture(labels=True)
    assert picture is not None
    assert decode(picture).shape == (720, 1280, 3)


def test_nobody_may_watch_what_is_off_or_elsewhere(clear: Stage) -> None:
    with pytest.raises(LiveViewOffError, match="live_view is off"):
        clear.views.watch("vault")
    with pytest.raises(LiveViewOffError):
        clear.views.watch("nowhere")
    away = LiveViews({"lobby": LiveView.CLEAR})
    with pytest.raises(LiveViewAwayError, match="another"):
        away.watch("lobby")


def test_no_more_than_so_many_watch(clear: Stage) -> None:
    others = [clear.views.watch("lobby") for _ in range(MOST_WATCHING - 1)]
    with pytest.raises(LiveViewAwayError, match="watch already"):
        clear.views.watch("lobby")
    others[0].close()
    others[0].close()
    clear.views.watch("lobby").close()
    for other in others:
        other.close()
    assert clear.views.watching == 1


def test_all_who_watch_see_a_picture_that_is_made_once(clear: Stage) -> None:
    with clear.views.watch("lobby") as other:
        clear.capture()
        assert other.has_news()
        assert other.take() is clear.watch.take()


def test_nothing_is_kept_once_nobody_watches(blurred: Stage) -> None:
    for _ in range(3):
        blurred.read(blurred.capture(), FACE)
    assert blurred.picture() is not None
    blurred.watch.close()
    assert not blurred.watch.has_news()
    blurred.now += STALE_S + 1
    with blurred.views.watch("lobby") as later:
        assert later.take() is None


@settings(max_examples=40)
@given(data=st.data())
def test_no_frame_shows_a_face_that_inference_told_of(data: st.DataObject) -> None:
    """Whatever is read, late or never, in whatever order people look: no known face is sharp."""
    stage = Stage(LiveView.BLURRED)
    frames: list[Frame] = []
    box = Box(250, 120, 330, 220)
    for _ in range(data.draw(st.integers(3, 12))):
        frames.append(stage.capture())
        for frame in frames:
            if data.draw(st.booleans()):
                frames = [one for one in frames if one.index > frame.index]
                stage.read(frame, box)
                break
        stage.now += data.draw(st.sampled_from((0.0, 0.05, 0.5)))
        picture = stage.picture()
        if picture is not None:
            assert not is_sharp(decode(picture), box)
    close(stage)
