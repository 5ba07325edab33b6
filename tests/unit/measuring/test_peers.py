"""Other systems are installed apart, and what keeps one from being measured is told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from surveil.errors import ConfigError
from surveil.measuring import peers
from surveil.measuring.peers import PEERS, NotMeasuredError, Peer, prepare, running

FRAMES = [np.zeros((4, 6, 3), np.uint8)] * 2
COUNTING = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
from timing import serve
frames = np.load(sys.argv[1])
assert frames.shape == (2, 4, 6, 3)
serve(frames, lambda frame: 3, {{"numpy": np.__version__}})
"""


def test_every_peer_has_its_program() -> None:
    for peer in PEERS:
        assert (peers.PROGRAMS / peer.program).is_file()


def test_without_uv_there_are_no_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="uv"):
        prepare(PEERS[0], lambda line: None)


def test_rounds_are_run_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting.py").write_text(COUNTING.format(folder=str(peers.PROGRAMS)))
    monkeypatch.setattr(peers, "PROGRAMS", tmp_path)
    with running(Peer("counting", "counting.py"), Path(sys.executable), FRAMES) as run:
        for _ in range(2):
            lap, faces = run()
            assert (lap.units, faces) == (2, 6)
            assert lap.wall_s >= 0


def test_last_words_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing.py").write_text("raise OSError('no weights at hand')")
    monkeypatch.setattr(peers, "PROGRAMS", tmp_path)
    failing = Peer("failing", "failing.py")
    with (
        pytest.raises(NotMeasuredError, match="no weights at hand"),
        running(failing, Path(sys.executable), FRAMES),
    ):
        pass
