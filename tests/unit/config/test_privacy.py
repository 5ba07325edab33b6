"""What a fleet says of privacy, and what a camera says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.config import ConfigErrors, Fleet, load_fleet
from surveil.policy import LiveView


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
