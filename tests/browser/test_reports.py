"""Pages that stand alone can be read: nothing is cut, and no name is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.browsing import WIDTHS, browser, cut, faults, shoot
from kit.tools import REPOSITORY
from playwright.sync_api import Browser

from surveil.training.records.compare import compare
from surveil.training.records.model_record import find_records
from surveil.training.report.compare_page import page

__all__ = ["browser"]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The comparison of all models that come with the repository."""
    path = tmp_path_factory.mktemp("pages") / "compare.html"
    path.write_text(page(compare(*find_records([REPOSITORY / "models"]))), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_the_comparison(comparison: Path, browser: Browser, width: str) -> None:
    with browser.new_context(**WIDTHS[width]) as context:
        seen = context.new_page()
        problems: list[str] = []
        seen.on("console", lambda message: problems.append(message.text))
        seen.goto(comparison.as_uri())
        shoot(seen, f"compare-{width}")
        wide = cut(seen)
        if width == "phone":  # tables are moved within their frames, the page is not
            assert not [name for name in wide if name.startswith("HTML")]
        else:
            assert not wide
            for name in seen.locator("th.model .name").all():
                assert name.evaluate("one => one.getClientRects().length") <= 1
        assert not faults(seen)
        assert not problems


def test_rows_are_chosen_and_sorted(comparison: Path, browser: Browser) -> None:
    with browser.new_context() as context:
        seen = context.new_page()
        seen.goto(comparison.as_uri())
        rows = seen.locator("#figures tbody tr:visible")
        every = rows.count()
        seen.get_by_label("2", exact=True).check()
        assert 0 < rows.count() < every
        seen.locator("#figures thead button").first.click()
        names = seen.locator("#figures tbody tr:visible .name").all_inner_texts()
        assert names == sorted(names)
