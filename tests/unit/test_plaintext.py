"""What others wrote is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.plaintext import escape, is_plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lobby", "lobby"),
        ("Zürich 東京 🙂 שלום", "Zürich 東京 🙂 שלום"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u2028b", "a\\u2028b"),
        ("nul\0", "nul\\x00"),
        ("\ud800", "\\ud800"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert escape(text) == shown
    assert is_plain(text) == (text == shown)


def test_lines_are_kept_where_they_are_meant() -> None:
    assert escape("a\tb\nc\r\x9b", keep_lines=True) == "a\tb\nc\\r\\x9b"


@given(st.text(st.characters()))
def test_nothing_of_the_control_categories_is_left(text: str) -> None:
    shown = escape(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert escape(shown) == shown
