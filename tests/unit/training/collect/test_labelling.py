"""Labels from folders and tables; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.domain import Emotion
from surveil.errors import ConfigError
from surveil.training.collect.labelling import (
    Label,
    PersonFrom,
    label_at,
    labels_of_folders,
    read_labels,
)
from surveil.training.data.class_names import ClassNames
from surveil.training.errors import DataError

SOURCE = Path("site")


def test_class_is_the_first_folder() -> None:
    labels = labels_of_folders(SOURCE, ["Happiness/x/a.jpg", "triste/b.jpg"], PersonFrom())
    assert labels == {
        "Happiness/x/a.jpg": [Label(Emotion.HAPPY)],
        "triste/b.jpg": [Label(Emotion.SAD)],
    }


def test_digits_are_those_of_whom_they_were_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    files = ["0/a.jpg", "4/b.jpg"]
    with pytest.raises(DataError, match=r"the class '0' does not say in whose order.*--digits"):
        labels_of_folders(SOURCE, files, PersonFrom())
    labels = labels_of_folders(SOURCE, files, PersonFrom(), ClassNames("raf-db", frozenset({"0"})))
    assert labels == {"0/a.jpg": [], "4/b.jpg": [Label(Emotion.HAPPY)]}
    assert "in the order of raf-db: 4 happy" in caplog.text


def test_people_may_be_named_by_digits() -> None:
    labels = labels_of_folders(SOURCE, ["3/sad/a.jpg", "sad/3/b.jpg"], PersonFrom("folder"))
    assert [labels[file][0].person for file in labels] == ["3", "3"]


def test_a_table_s_classes_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufefffile;emotion\n\na.jpg;contempt\nb.jpg;Alegría\n", encoding="utf-8")
    names = ClassNames(left_out=frozenset({"contempt"}))
    labels = read_labels(path, SOURCE, ["a.jpg", "b.jpg", "c.jpg"], PersonFrom(), names)
    assert labels == {"a.jpg": [], "b.jpg": [Label(Emotion.HAPPY)]}


def test_person_is_the_other_folder_or_in_the_name() -> None:
    files = ["happy/anna/a.jpg", "bert/sad/b.jpg"]
    labels = labels_of_folders(SOURCE, files, PersonFrom.parse("folder"))
    assert [labels[file][0].person for file in files] == ["anna", "bert"]
    files = ["happy/anna_1.jpg", "happy/42.jpg"]
    labels = labels_of_folders(SOURCE, files, PersonFrom.parse(r"regex:([a-z]+)_\d"))
    assert [labels[file][0].person for file in files] == ["anna", ""]


@pytest.mark.parametrize(
    ("file", "who", "message"),
    [
        ("hapy/a.jpg", "nowhere", r"site/hapy: no taxonomy .*did you mean 'happy'\? Known are"),
        ("a.jpg", "nowhere", r"site/a\.jpg: it is in no folder named after an expression"),
        ("happy/a.jpg", "folder", r"site/happy/a\.jpg: --person-from folder needs"),
        ("anna/bert/a.jpg", "folder", r"site/anna/bert: no taxonomy knows"),
    ],
)
def test_wrong_folders_are_named(file: str, who: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        labels_of_folders(SOURCE, [file], PersonFrom(who))


def table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def test_table_labels_files_and_parts_of_videos(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "file, emotion, person, group, start_s, end_s\n"
        "a.jpg, joy, anna, door, ,\n"
        "v.mp4, neutral, bert, , 2.5,\n"
        "v.mp4, sad, bert, , 0, 1.5\n",
    )
    labels = read_labels(path, SOURCE, ["a.jpg", "v.mp4", "other.jpg"], PersonFrom())
    assert labels["a.jpg"] == [Label(Emotion.HAPPY, "anna", "door")]
    at = [label_at(labels["v.mp4"], t) for t in (0.0, 1.499, 1.5, 2.5, 99.0)]
    assert [label and label.emotion.value for label in at] == [
        "sad", "sad", None, "neutral", "neutral",
    ]  # fmt: skip
    assert label_at(labels["a.jpg"], None) == labels["a.jpg"][0]
    assert "other.jpg" not in labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,emotion\n", r"labels\.csv: column file is missing"),
        ("file,emotion\nb.jpg,sad\n", r"line 2: site/b\.jpg is no photograph or video"),
        (
            "file,emotion\na.jpg,hapy\n",
            "line 2: .* the class 'hapy'; did you mean 'happy'",
        ),
        ("file,emotion,start_s\na.jpg,sad,soon\n", r"line 2: 'soon' is no time in seconds"),
        ("file,emotion,start_s,end_s\na.jpg,sad,2,1\n", "line 2: start_s 2 is not before end_s 1"),
        ("file,emotion\na.jpg,sad\na.jpg,happy\n", r"a\.jpg has two labels at 0 s"),
    ],
)
def test_wrong_table_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_labels(table(tmp_path, text), SOURCE, ["a.jpg"], PersonFrom())


def test_person_column_must_be_there_if_asked_for(tmp_path: Path) -> None:
    path = table(tmp_path, "file,emotion\na.jpg,sad\n")
    with pytest.raises(DataError, match="column person is missing"):
        read_labels(path, SOURCE, ["a.jpg"], PersonFrom.parse("column"))
    with pytest.raises(ConfigError, match="needs --labels"):
        labels_of_folders(SOURCE, ["sad/a.jpg"], PersonFrom.parse("column"))


@pytest.mark.parametrize("text", ["name", "regex:", "regex:(", "regex:abc", ""])
def test_wrong_source_of_names_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="--person-from"):
        PersonFrom.parse(text)
