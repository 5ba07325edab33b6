"""What a fleet says of privacy, and what a camera says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.config import ConfigErrors, Fleet, load_fleet
from surveil.config.loading import read_fleet
from surveil.config.rulebook import read_rulebook
from surveil.policy import INDIVIDUAL, LiveView, Policy
from surveil.workers.recording.exceptions import exceptions_of, own_days


def write(folder: Path, text: str) -> Path:
    path = folder / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_camera_says_otherwise_key_by_key(tmp_path: Path) -> None:
    fleet = load_fleet(
        write(
            tmp_path,
            "privacy: {live_view: blurred}\n"
            "cameras:\n"
            "  lobby: {source: 'usb:0'}\n"
            "  desk: {source: 'usb:1', privacy: {live_view: off}}\n"
            "  door: {source: 'usb:2', privacy: {}}\n",
        )
    )
    views = {id_: camera.privacy.live_view for id_, camera in fleet.cameras.items()}
    wanted = {"lobby": LiveView.BLURRED, "desk": LiveView.OFF, "door": LiveView.BLURRED}
    assert views == wanted
    again = Fleet.from_wire(fleet.to_wire())
    assert {id_: camera.privacy.live_view for id_, camera in again.cameras.items()} == wanted


def test_nothing_is_shown_unless_it_is_said(tmp_path: Path) -> None:
    fleet = load_fleet(write(tmp_path, "cameras: {lobby: {source: 'usb:0'}}\n"))
    assert fleet.cameras["lobby"].privacy.live_view is LiveView.OFF


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("privacy: {live_view: blured}\n", "fleet.yaml:1:22: privacy.live_view: unknown value"),
        ("privacy: {live_veiw: off}\n", "unknown key 'live_veiw'"),
        ("privacy: 3\n", "fleet.yaml:1:10: privacy"),
    ],
)
def test_a_mistake_is_told_once_and_where_it_stands(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path, text + "cameras: {a: {source: 'usb:0'}, b: {source: 'usb:1'}}\n")
    with pytest.raises(ConfigErrors) as caught:
        load_fleet(path)
    assert message in str(caught.value.report())
    assert caught.value.count == 1


GROUPS = """
privacy: {mode: aggregate}
cameras: {hall: {source: 'usb:0'}, desk: {source: 'usb:1', privacy: {mode: individual}}}
rules: [{name: r, cameras: [%s], %s}]
"""


POOLED = """
privacy: {mode: aggregate}
cameras:
  hall: {source: 'usb:0', labels: {floor: '1'}}
  desk: {source: 'usb:1', labels: {floor: '1'}, privacy: {mode: individual}}
rules: [{name: r, %s}]
"""


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "by: track, when: [{share: {emotion: sad, over: 30s}, above: 0.5}]",
            "by: track' is about one face",
        ),
        ("when: [{rate: {over: 30s}, above: 3}]", "'rate' counts beginnings of single tracks"),
        (
            "when: [{share: {emotion: sad, over: 30s, min_confidence: 0.5}, above: 0.5}]",
            "'min_confidence' chooses among single faces",
        ),
        (
            "when: [{faces: {over: 30s}, at_least: 1}]",
            "of 5 at least: 'faces' is compared with 5 or more",
        ),
        ("when: [{faces: {over: 30s}, above: 7, clear_below: 4}]", "compared with 5 or more"),
        ("when: [{faces: {over: 30s, emotion: sad}, at_least: 1}]", "compared with 5 or more"),
    ],
)
def test_rules_ask_nothing_of_single_people(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_fleet(write(tmp_path, GROUPS % ("hall", rule)))
    assert message in caught.value.report()
    assert "camera hall tells of groups alone" in caught.value.report()
    assert load_fleet(write(tmp_path, GROUPS % ("desk", rule))).rules
    with pytest.raises(ConfigErrors):
        read_rulebook(write(tmp_path, GROUPS % ("hall", rule)))
    for pool in ("by: site", "by: label, label: floor"):
        if "by: track" in rule:
            continue
        with pytest.raises(ConfigErrors) as caught:  # with another camera, which may tell
            load_fleet(write(tmp_path, POOLED % f"{pool}, {rule}"))
        assert message in caught.value.report()


def test_rules_ask_for_groups(tmp_path: Path) -> None:
    rule = (
        "when: {all: [{share: {emotion: sad, over: 30s}, above: 0.5},"
        " {faces: {over: 30s}, at_least: 5}]}"
    )
    fleet = load_fleet(write(tmp_path, GROUPS % ("hall", rule)))
    policies = {id_: camera.privacy.policy for id_, camera in fleet.cameras.items()}
    assert policies == {"hall": Policy(keeps_tracks=False, min_group=5), "desk": INDIVIDUAL}


def test_groups_are_not_watched_live(tmp_path: Path) -> None:
    text = GROUPS % ("hall", "when: [{faces: {over: 30s}, at_least: 5}]")
    with pytest.raises(ConfigErrors, match="has no live view"):
        load_fleet(write(tmp_path, text.replace("aggregate}", "aggregate, live_view: blurred}")))


@pytest.mark.parametrize("area", ["workplace", "education"])
def test_the_law_is_named_where_it_forbids(tmp_path: Path, area: str) -> None:
    text = (
        f"privacy: {{area: {area}}}\ncameras: {{a: {{source: 'usb:0'}}, b: {{source: 'usb:1'}}}}\n"
    )
    with pytest.raises(ConfigErrors) as caught:
        load_fleet(write(tmp_path, text))
    assert caught.value.exit_code == 2
    assert caught.value.count == 1
    assert "fleet.yaml:1:10: " in caught.value.report()
    assert "Article 5(1)(f) of the EU AI Act" in caught.value.report()


def test_an_exception_names_its_reason_who_approved_it_and_where(tmp_path: Path) -> None:
    text = (
        "cameras:\n  ward: {source: 'usb:0', privacy: {area: workplace, exception:"
        " {kind: medical, approver: Dr Ana, document: DPIA 7}}}\n"
    )
    fleet = load_fleet(write(tmp_path, text))
    assert exceptions_of(Fleet.from_wire(fleet.to_wire())) == {
        "ward": {
            "area": "workplace",
            "kind": "medical",
            "approver": "Dr Ana",
            "document": "DPIA 7",
        }
    }
    for word in ("medical", "Dr Ana", "DPIA 7"):
        with pytest.raises(ConfigErrors):
            load_fleet(write(tmp_path, text.replace(word, "''")))


def test_a_missing_purpose_is_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "cameras: {a: {source: 'usb:0'}}\n")
    (warning,) = read_fleet(path).warnings
    assert "does not say what these cameras are for: a" in warning.message
    said = "cameras: {a: {source: 'usb:0', privacy: {purpose: comfort}}}\n"
    assert read_fleet(write(tmp_path, said)).warnings == ()


def test_the_shorter_retention_counts(tmp_path: Path) -> None:
    text = (
        "retention: {days: 30}\n"
        "cameras:\n"
        "  a: {source: 'usb:0', privacy: {retention: 7d}}\n"
        "  b: {source: 'usb:1', privacy: {retention: 60d}}\n"
        "  c: {source: 'usb:2'}\n"
    )
    fleet = load_fleet(write(tmp_path, text))
    assert own_days(fleet) == {"a": 7}
    assert fleet.cameras["b"].privacy.keeps_days(None) == 60
    with pytest.raises(ConfigErrors):
        load_fleet(write(tmp_path, text.replace("7d", "3h")))
