"""Fills the templates of pages that stand alone: one HTML file, nothing loaded from outside."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from surveil.errors import ConfigError
from surveil.look import stylesheet
from surveil.training.records import wording


def check_pages() -> None:
    """Refuse to begin work for a page that could not be made.

    Raises:
        ConfigError: jinja2, which is among the extras for training, is not installed.
    """
    if find_spec("jinja2") is None:
        raise ConfigError("the page needs jinja2: install surveil[train]")


def render_page(template: str, **values: Any) -> str:
    """Return a template of ``training/templates`` filled with values, all of them escaped.

    Raises:
        ConfigError: jinja2, which is among the extras for training, is not installed.
    """
    check_pages()
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("surveil.training.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": wording.percent, "number": wording.number}
    return environment.get_template(template).render(stylesheet=stylesheet(), **values)


def page_part(name: str) -> str:
    """Return a file of ``training/templates`` as it is, such as a script to put into a page."""
    from importlib.resources import files

    return (files("surveil.training.report") / "templates" / name).read_text(encoding="utf-8")
