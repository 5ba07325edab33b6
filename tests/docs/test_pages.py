"""Every command in every page is run, or the page says why it cannot be."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import click
import pytest
import yaml
from kit.daemons import MEDIA, Daemon
from kit.models import write_small_model
from kit.pages import PAGES, Reader, blocks_of, inline_commands, unfenced_commands
from kit.tools import REPOSITORY
from kit.waiting import until
from PIL import Image

from surveil.cli.main import cli
from surveil.domain import Emotion
from surveil.simulate import RtspServer

NOT_RUN = {
    "README.md": 2,
    "deploy/README.md": 1,
    "docs/access.md": 2,
    "docs/install.md": 3,
    "docs/operations.md": 3,
    "docs/scaling.md": 1,
}
"""Blocks of each page that no test runs; the page says why."""

FLEET = {
    "version": 1,
    "data_dir": "var",
    "model": "./cheerful",
    "http": {"port": 0},
    "web": {"port": 0},
    "cameras": {
        "lobby": {"source": "file:clips/entrance.mp4", "loop": True},
        "door": {"source": "file:clips/lounge.mp4", "loop": True},
    },
    "rules": ["rules/*.yaml"],
    "receivers": {"ops": {"log": {}}},
}
RULES = """\
rules:
  - name: crowd-joy
    when: [{share: {emotion: happy, over: 3s}, above: 0.5}]
    notify: [ops]
"""


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a fleet that watched for some seconds, and saw an alert."""
    home = tmp_path_factory.mktemp("past")
    (home / "clips").mkdir()
    for clip in MEDIA.glob("*.mp4"):
        shutil.copy(clip, home / "clips")
    with av.open(str(home / "clips" / "entrance.mp4")) as container:
        container.seek(3_000_000)
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
        Image.fromarray(picture).save(home / "photo.jpg")
    (home / "rules").mkdir()
    (home / "rules" / "first.yaml").write_text(RULES)
    write_small_model(home / "cheerful", always=Emotion.HAPPY)
    daemon = Daemon(home, FLEET)
    try:
        until(
            lambda: daemon.sql("select id from alert where fired_at is not null"), "an alert", 400
        )
        until(lambda: daemon.sql("select 1 from timeline_1m where votes > 3"), "a timeline", 400)
        assert daemon.end(120) == 0
    finally:
        daemon.process.kill()
        daemon.process.wait()
    return home


@pytest.fixture(scope="module")
def cameras() -> Iterator[RtspServer]:
    clips = sorted(MEDIA.glob("*.mp4"))
    with RtspServer({"stream2": clips[0], "desk": clips[1]}) as server:
        yield server


@pytest.fixture
def reader(past: Path, cameras: RtspServer, tmp_path: Path) -> Reader:
    home = tmp_path / "home"
    shutil.copytree(past, home, ignore=shutil.ignore_patterns("*.sock"))
    kept = ("LANG", "TMPDIR", "UV_CACHE_DIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "COLUMNS": "120",
    }
    stand_ins = {
        "rtsp://10.0.0.5/stream2": cameras.url("stream2"),
        "usb:0": cameras.url("desk"),
        "photo.jpg": str(home / "photo.jpg"),
        "clip.mp4": str(home / "clips" / "entrance.mp4"),
        **{port: str(free_port()) for port in ("8554", "8099", "8808")},
    }
    return Reader(home, environment, stand_ins)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_what_a_page_says_works(page: Path, reader: Reader) -> None:
    reader.follow(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_stand_where_they_are_run(page: Path) -> None:
    assert unfenced_commands(page) == []


def test_what_is_not_run_is_counted_and_says_why() -> None:
    reasons = {
        block.place: block.why_not_run
        for page in PAGES
        for block in blocks_of(page)
        if block.why_not_run is not None
    }
    assert all(reasons.values())
    counted: dict[str, int] = {}
    for place in reasons:
        name = place.partition(":")[0]
        counted[name] = counted.get(name, 0) + 1
    assert counted == NOT_RUN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_within_sentences_exist_with_their_options(page: Path) -> None:
    wrong = [text for text in inline_commands(page) if not _exists(text)]
    assert wrong == []


def _exists(text: str) -> bool:
    """Whether each subcommand and each option of a call is one of surveil's."""
    command: click.Command = cli
    known = {"-h", "--help", "--version"}
    for word in shlex.split(text, comments=True):
        if word.startswith("-") and not word[1:].isdigit():
            name = word.strip("[]").partition("=")[0]
            if name not in known and name != "-":
                return False
        elif isinstance(command, click.Group) and "[" not in word:
            with click.Context(command) as context:
                nexts = [command.get_command(context, one) for one in word.split("|")]
            if None in nexts:
                return isinstance(command, click.Group) and command is not cli
            command = next(one for one in nexts if one is not None)
            known |= {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
    return True


def test_configurations_in_pages_are_yaml() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page) if block.language == "yaml"]
    assert blocks
    for block in blocks:
        yaml.safe_load(block.text)
