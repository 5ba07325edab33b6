"""The page is for who knows its address, shows pictures one by one, and keeps each answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from kit.models import make_faces

from surveil.cli.dataset import command
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.training.collect.answers import CHOICES, Answers, read_answers
from surveil.training.collect.label_page import LONGEST_PX, LabelServer, order_for
from surveil.training.collect.labelling import Label, PersonFrom, labels_from


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    faces = make_faces(14, "test")
    for at, frame in enumerate(faces.frames):
        cv2.imwrite(str(folder / f"{at}.png"), frame)
    return folder


@pytest.fixture
def server(source: Path) -> Iterator[LabelServer]:
    files = sorted(path.name for path in source.iterdir())
    with LabelServer(source, files, "ann", Answers(source.parent / "answers", "ann")) as page:
        thread = threading.Thread(target=page.serve_forever)
        thread.start()
        yield page
        page.shutdown()
        thread.join()


def ask(server: LabelServer, what: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    path = what if what.startswith("/") else f"/{server.token}/{what}"
    content = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, content, headers)
    reply = connection.getresponse()
    result = reply.status, reply.read()
    connection.close()
    return result


def test_a_person_labels_all_pictures_and_takes_one_back(server: LabelServer) -> None:
    state = json.loads(ask(server, "next")[1])
    assert (state["left"], state["done"]) == (14, 0)
    while state["picture"] is not None:
        assert ask(server, f"picture/{state['picture']}")[1].startswith(b"\xff\xd8")
        answer = {"picture": state["picture"], "answer": CHOICES[state["picture"] % 8]}
        state = json.loads(ask(server, "answer", answer)[1])
    assert (state["left"], state["done"]) == (0, 14)
    assert len(read_answers(server.answers.path)) == 14
    assert json.loads(ask(server, "undo", {})[1])["left"] == 1


def test_the_page_names_no_file_and_loads_nothing_from_elsewhere(server: LabelServer) -> None:
    status, page = ask(server, "")
    assert status == 200
    assert json.dumps(CHOICES).encode() in page
    for word in (b"NONCE", b"http:", b"https:", b".png"):
        assert word not in page


@pytest.mark.parametrize(
    ("what", "headers"),
    [
        ("/", {}), ("/wrong/next", {}), ("/../ours/0.png", {}), ("picture/-1", {}),
        ("picture/14", {}), ("picture/../0.png", {}), ("next", {"Host": "evil.example"}),
    ],
)  # fmt: skip
def test_whoever_does_not_know_the_address_gets_nothing(
    server: LabelServer, what: str, headers: dict[str, str]
) -> None:
    assert ask(server, what, **headers)[0] == 404


@pytest.mark.parametrize(
    "body",
    [{}, [], {"picture": 0, "answer": "joyful"}, {"picture": 99, "answer": "sad"},
     {"picture": -1, "answer": "sad"}, {"picture": 0, "answer": "x" * 2000}],
)  # fmt: skip
def test_wrong_answers_are_refused_and_not_kept(server: LabelServer, body: Any) -> None:
    assert ask(server, "answer", body)[0] == 400
    assert len(server.answers) == 0


def test_large_pictures_are_shown_smaller(source: Path, server: LabelServer) -> None:
    large = np.zeros((2000, 1000, 3), np.uint8)
    cv2.imwrite(str(source / server.files[0]), large)
    drawn = cv2.imdecode(np.frombuffer(ask(server, "picture/0")[1], np.uint8), 1)
    assert drawn is not None
    assert drawn.shape == (LONGEST_PX, LONGEST_PX // 2, 3)


def test_two_people_see_other_orders_the_same_each_time() -> None:
    files = [f"{at}.png" for at in range(30)]
    assert order_for("ann", files) == order_for("ann", files[::-1])
    assert order_for("ann", files) != order_for("bob", files)
    assert sorted(order_for("ann", files)) == sorted(files)


def test_what_two_people_agree_on_becomes_labels(source: Path) -> None:
    answers = source.parent / "answers"
    agree = ["agree", str(source), "--answers", str(answers)]
    ann, bob = Answers(answers, "ann"), Answers(answers, "bob")
    for at in range(14):
        ann.add(f"{at}.png", EMOTIONS[at % 7].value)
        if at < 12:
            bob.add(f"{at}.png", EMOTIONS[at % 7].value if at else "unclear")
    said = CliRunner().invoke(command, agree, catch_exceptions=False).output
    assert "12 of 14 pictures labelled by ann and bob" in said
    assert "the same answer for 11 (91.7%)" in said
    assert "Cohen's kappa 0.90 (95%: 0.72 to 1.00), almost perfect" in said
    assert (answers / "labels.csv").read_text().count("\n") == 12
    files = sorted(path.name for path in source.iterdir())
    labels = labels_from(source, answers / "labels.csv", PersonFrom())(files)
    assert labels["8.png"] == [Label(EMOTIONS[1])]
    assert len(labels) == 11
    Answers(answers, "eve").add("0.png", "sad")
    with pytest.raises(ConfigError, match="there are those of ann, bob, eve"):
        CliRunner().invoke(command, agree, catch_exceptions=False)
    wrong = ["agree", str(source), "--answers", str(answers), "--by", "eve", "--by", "nil"]
    Answers(answers, "nil").add("1.png", "sad")
    with pytest.raises(ConfigError, match="no picture in common"):
        CliRunner().invoke(command, wrong, catch_exceptions=False)
