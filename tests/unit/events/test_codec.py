"""The wire format: exact, and never a crash on what others wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.events.codec import EventFormatError, decode, encode
from surveil.events.fields import storable
from surveil.names import CAMERA_ID

AT = datetime(2025, 1, 31, 12, tzinfo=UTC)
RUN = "01JDZZZZZZZZZZZZZZZZZZZZZZ"

counts = st.integers(0, 2**31 - 1)
fractions = st.floats(0, 1)
instants = st.timedeltas(timedelta(days=-9000), timedelta(days=60_000)).map(lambda t: AT + t)
printable = st.text(st.characters(exclude_categories=["C"]), max_size=50)
cameras = st.from_regex(CAMERA_ID, fullmatch=True)
runs = st.integers(0, 2**128 - 1).map(lambda n: str(ULID.from_int(n)))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x1, x2 = sorted([draw(fractions), draw(fractions)])
    y1, y2 = sorted([draw(fractions), draw(fractions)])
    return Box(x1, y1, x2, y2)


@st.composite
def votes(draw: st.DrawFn, track_id: int) -> TrackVote:
    weights = draw(st.lists(st.floats(0.001, 1), min_size=7, max_size=7))
    scores = tuple(weight / sum(weights) for weight in weights)
    emotion = draw(st.sampled_from(EMOTIONS))
    return TrackVote(
        track_id=track_id,
        frames=draw(st.integers(1, 1000)),
        box=draw(boxes()),
        score=draw(fractions),
        face_px=draw(st.integers(0, 10_000)),
        emotion=emotion,
        confidence=scores[EMOTIONS.index(emotion)],
        scores=scores,
    )


@st.composite
def frame_counts(draw: st.DrawFn) -> FrameCounts:
    analysed = draw(counts)
    names = ("captured", "sampled", "stale", "busy", "decode")
    others = {name: draw(counts) for name in names}
    return FrameCounts(analysed=analysed, gated=draw(st.integers(0, analysed)), **others)


@st.composite
def interval_events(draw: st.DrawFn) -> IntervalEvent:
    from_at = draw(instants)
    ids = draw(st.sets(st.integers(1, 2**31 - 1), max_size=4))
    return IntervalEvent(
        camera=draw(cameras),
        run=draw(runs),
        seq=draw(st.integers(1, 2**53)),
        from_at=from_at,
        to_at=from_at + draw(st.timedeltas(timedelta(microseconds=1), timedelta(hours=1))),
        frames=draw(frame_counts()),
        tracks=tuple(draw(votes(track_id)) for track_id in ids),
        model=draw(printable),
        token=draw(counts),
    )


camera_events = st.builds(
    CameraEvent,
    camera=cameras,
    run=runs,
    seq=st.integers(1, 2**53),
    at=instants,
    state=st.sampled_from(CameraState),
    reason=st.sampled_from(Reason),
    detail=printable,
    attributes=st.dictionaries(printable, printable, max_size=3),
    token=counts,
)


@given(interval_events() | camera_events)
def test_decode_gives_back_what_encode_took(event: IntervalEvent | CameraEvent) -> None:
    entry = encode(event)
    assert decode(entry) == event
    assert decode({k.encode(): v.encode() for k, v in entry.items()}) == event


def interval() -> IntervalEvent:
    scores = (0.01, 0.02, 0.03, 0.83, 0.04, 0.05, 0.02)
    vote = TrackVote(7, 5, Box(0.1, 0.2, 0.3, 0.4), 0.998, 84, Emotion.HAPPY, 0.83, scores)
    frames = FrameCounts(captured=25, sampled=5, analysed=4, gated=3, stale=1)
    end = AT + timedelta(seconds=1)
    return IntervalEvent("lobby", RUN, 42, AT, end, frames, (vote,), "emotion-resnet18@9f31c2")


def test_interval_has_the_documented_shape() -> None:
    entry = encode(interval())
    assert (entry["v"], entry["type"]) == ("1", "interval")
    assert json.loads(entry["data"]) == {
        "camera": "lobby",
        "run": RUN,
        "seq": 42,
        "from_at": "2025-01-31T12:00:00.000000Z",
        "to_at": "2025-01-31T12:00:01.000000Z",
        "frames": {
            "captured": 25,
            "sampled": 5,
            "analysed": 4,
            "gated": 3,
            "dropped": {"stale": 1, "busy": 0, "decode": 0},
        },
        "tracks": [
            {
                "track_id": 7,
                "frames": 5,
                "box": [0.1, 0.2, 0.3, 0.4],
                "score": 0.998,
                "face_px": 84,
                "emotion": "happy",
                "confidence": 0.83,
                "scores": {
                    "angry": 0.01,
                    "disgust": 0.02,
                    "fear": 0.03,
                    "happy": 0.83,
                    "sad": 0.04,
                    "surprise": 0.05,
                    "neutral": 0.02,
                },
            }
        ],
        "model": "emotion-resnet18@9f31c2",
    }


def test_unknown_keys_of_a_later_release_are_ignored() -> None:
    entry = encode(interval())
    body = json.loads(entry["data"]) | {"purpose": "demo"}
    assert decode(entry | {"data": json.dumps(body)}) == interval()


BAD_VALUES: list[tuple[list[str | int], Any]] = [
    (["camera"], ""),
    (["camera"], "x" * 129),
    (["camera"], "nul\0"),
    (["camera"], "\x9b31mred"),
    (["camera"], "lobby\n2026 forged line"),
    (["camera"], "\u202eybbol"),
    (["camera"], "Lobby"),
    (["camera"], "/etc/lobby"),
    (["camera"], "lobby\n"),
    (["run"], "not a ulid"),
    (["run"], RUN.lower()),
    (["seq"], 0),
    (["seq"], 1.0),
    (["seq"], True),
    (["seq"], 2**60),
    (["from_at"], "2025-01-31T12:00:01Z"),
    (["from_at"], "2025-01-31T12:00:00"),
    (["from_at"], "2025-01-31T12:00:00+01:00"),
    (["from_at"], "0001-01-31T12:00:00Z"),
    (["to_at"], "2025-01-31T14:00:00Z"),
    (["frames"], []),
    (["frames", "captured"], -1),
    (["frames", "dropped", "busy"], 2**31),
    (["tracks"], {}),
    (["tracks"], [{}] * 1001),
    (["tracks", 0, "box"], [0, 0, 1]),
    (["tracks", 0, "box"], [0.5, 0, 0.4, 1]),
    (["tracks", 0, "box"], [0, 0, 1, 1.01]),
    (["tracks", 0, "score"], float("nan")),
    (["tracks", 0, "score"], 10**400),
    (["tracks", 0, "emotion"], "bored"),
    (["tracks", 0, "confidence"], "0.5"),
    (["tracks", 0, "scores", "angry"], 0.9),
    (["tracks", 0, "scores"], {"angry": 1.0}),
    (["tracks", 0, "track_id"], 0),
    (["model"], None),
]


@pytest.mark.parametrize(("path", "value"), BAD_VALUES)
def test_values_out_of_bounds_are_refused(path: list[str | int], value: Any) -> None:
    entry = encode(interval())
    body = json.loads(entry["data"])
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(EventFormatError):
        decode(entry | {"data": json.dumps(body)})


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"v": "2", "type": "interval", "data": "{}"},
        {"v": "1", "type": "weather", "data": "{}"},
        {"v": "1", "type": "interval", "data": "[1]"},
        {"v": "1", "type": "interval", "data": "{"},
        {"v": "1", "type": "interval", "data": "{}"},
        {"v": "1", "type": "camera", "data": "[" * 100_000},
        {"v": "1", "type": "camera", "data": "1" * 5000},
        {"v": "1", "type": "camera", "data": " " * 600_000},
        {b"v": b"1", b"type": b"camera", b"data": b"\xff"},
        {b"\xff": b"1"},
    ],
)
def test_no_event_is_refused_not_a_crash(entry: dict[Any, Any]) -> None:
    with pytest.raises(EventFormatError):
        decode(entry)


@given(st.dictionaries(st.sampled_from([b"v", b"type", b"data"]), st.binary(max_size=50)))
def test_any_bytes_are_refused_not_a_crash(entry: dict[bytes, bytes]) -> None:
    with pytest.raises(EventFormatError):
        decode(entry)


def test_two_votes_of_one_track_are_refused() -> None:
    entry = encode(interval())
    body = json.loads(entry["data"])
    body["tracks"] *= 2
    with pytest.raises(EventFormatError, match="votes twice"):
        decode(entry | {"data": json.dumps(body)})


def test_text_for_people_is_made_storable() -> None:
    assert storable("a\0b\x1bc\ud800") == "a b c "
    assert len(storable("x" * 5000)) == 1000


def test_event_of_before_there_was_a_gate_has_no_gated_frames() -> None:
    entry = encode(interval())
    body = json.loads(entry["data"])
    del body["frames"]["gated"]
    event = decode(entry | {"data": json.dumps(body)})
    assert isinstance(event, IntervalEvent)
    assert (event.frames.analysed, event.frames.gated) == (4, 0)


@pytest.mark.parametrize("gated", [-1, 6])
def test_gated_frames_that_are_no_part_of_the_analysed_are_refused(gated: int) -> None:
    entry = encode(interval())
    body = json.loads(entry["data"])
    body["frames"] |= {"analysed": 5, "gated": gated}
    with pytest.raises(EventFormatError):
        decode(entry | {"data": json.dumps(body)})
