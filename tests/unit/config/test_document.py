"""YAML with marks: what is read, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.config import ConfigErrors
from surveil.config.document import MAX_BYTES, Mark, parse_document, read_document


def _problems(text: str | bytes) -> list[str]:
    """Return what is wrong, whether or not the rest can be read."""
    try:
        problems = parse_document(text, "f.yaml").problems
    except ConfigErrors as error:
        problems = error.problems
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("no", "no"),
        ("on", "on"),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("'12'", "12"),
        (".inf", ".inf"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert parse_document(f"a: {text}\n", "f").value == {"a": value}


def test_keys_are_text_as_written() -> None:
    assert parse_document("{12: a, on: b, 01: c, null: d}", "f").value == {
        "12": "a",
        "on": "b",
        "01": "c",
        "null": "d",
    }


def test_marks_count_from_one() -> None:
    document = parse_document("a:\n  - b: 1\n    c: 2\n", "f")
    assert document.marks["a", 0, "c"] == Mark(3, 8)
    assert document.key_marks["a", 0, "c"] == Mark(3, 5)
    assert str(document.problem(("a", 0, "nowhere"), "m")) == "f:2:5: m"


def test_aliases_and_merges() -> None:
    document = parse_document(
        "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b, {z: 4}]}\nthree: *b\n", "f"
    )
    assert document.value["one"] == {"x": 1, "y": 3}
    assert document.value["two"] == {"x": 1, "y": 2, "z": 4}
    assert document.value["three"] == {"x": 1, "y": 2}
    assert document.marks["one", "x"] == Mark(1, 14)


def test_what_a_merged_mapping_merges_counts_as_well() -> None:
    document = parse_document(
        "a: &a {x: 1, y: 2}\nb: &b {<<: *a, y: 3}\nc: {<<: *b, z: 4}\n"
        "d: &d {<<: *d, x: 5}\ne: {<<: [*b, *a], w: 6}\n",
        "f",
    )
    assert document.value["c"] == {"x": 1, "y": 3, "z": 4}
    assert document.value["d"] == {"x": 5}
    assert document.value["e"] == {"x": 1, "y": 3, "w": 6}
    assert not document.problems


def test_merges_cannot_take_for_ever() -> None:
    many = ", ".join(f"k{i}: 1" for i in range(9000))
    text = f"a: &a {{{many}}}\nb: {{<<: [{', '.join(['*a'] * 20_000)}]}}\n"
    assert len(parse_document(text, "f").value["b"]) == 9000
    chain = "".join(f"k{i}: &k{i} {{<<: *k{i - 1}, q{i}: 1}}\n" for i in range(1, 2000))
    (problem,) = _problems(f"k0: &k0 {{}}\n{chain}")
    assert "use fewer aliases" in problem
    hidden = "".join(f"a: &k{i} {{<<: *k{i - 1}}}\n" for i in range(1, 2000))
    assert any("use fewer aliases" in p for p in _problems(f"a: &k0 {{}}\n{hidden}b: *k1999\n"))


def test_duplicate_keys_are_all_reported() -> None:
    assert _problems("a: 1\nb: 2\na: 3\nb: {c: 1, c: 2}\n") == [
        "f.yaml:3:1: 'a' is here twice; first in line 1",
        "f.yaml:4:1: 'b' is here twice; first in line 2",
    ]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: [1, 2", "2:1", "not YAML: "),
        ("a: b: c", "1:5", "not YAML: "),
        ("\ta: 1", "1:1", "not YAML: "),
        ("a: *nope", "1:4", "undefined alias"),
        ("a: 1\n---\nb: 2\n", "2:1", "not YAML: "),
        ("a: !!python/object:os.system x", "1:4", "is not supported"),
        ("a: !secret x", "1:4", "is not supported"),
        ("{[1, 2]: x}", "1:2", "a key must be a word"),
        ("<<: 7", "1:5", "<< needs a mapping"),
        ("a: " + "9" * 5000, "1:4", "is not a number"),
        (b"a: \xff\xfe", "1:1", "not YAML: "),
        ("a: \x00", "1:1", "not YAML: "),
        ('a: {b: "x\\0"}', "1:8", "holds control characters"),
        ('a: ["\\x9b31m"]', "1:5", "holds control characters"),
        ("a: x\u202ey", "1:4", "holds control characters"),
        ('"a\\nb": x', "1:1", r"the key 'a\nb' holds control characters"),
        ('{<<: {"a\\u202eb": x}}', "1:7", r"the key 'a\u202eb' holds control characters"),
        ("", "1:1", "is empty"),
        ("# nothing\n", "1:1", "is empty"),
    ],
)
def test_refused(text: str | bytes, where: str, what: str) -> None:
    if isinstance(text, str) and text.startswith("a: [1"):
        text += "\n"
    (problem,) = _problems(text)
    assert problem.startswith(f"f.yaml:{where}: ")
    assert what in problem


def test_deep_nesting_is_refused() -> None:
    (problem,) = _problems("a: " + "[" * 40 + "]" * 40)
    assert "nested deeper than 32 levels" in problem
    (problem,) = _problems("a: " + "[" * 5000)
    assert "nested deeper than 32 levels" in problem


def test_alias_bomb_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (problem,) = _problems("\n".join(lines))
    assert "too many or too deeply nested values" in problem


def test_alias_to_itself_is_refused() -> None:
    assert any("too deeply" in p or "not YAML" in p for p in _problems("a: &a [*a]"))


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigErrors, match="cannot be read"):
            read_document(path)
    large = tmp_path / "large.yaml"
    large.write_text("#" * (MAX_BYTES + 1), encoding="utf-8")
    with pytest.raises(ConfigErrors, match="larger than 1 MiB"):
        read_document(large)
