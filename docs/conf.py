"""Settings of Sphinx, which makes a site of these pages: `make docs`."""

import re
from importlib.metadata import version as installed

project = "surveil"
version = release = installed("surveil")
author = "the authors of surveil"
html_title = f"surveil {release}"
html_theme = "furo"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]
# No page asks another host for anything: the site works without internet.
html_permalinks_icon = "#"
smartquotes = False
nitpicky = True
suppress_warnings = [
    "misc.highlighting_failure",  # $__timeFilter of Grafana is no SQL
]


def _link_what_is_no_page(_app, _docname, source):
    """Offer Markdown files outside of docs/ as files: they are no pages of the site."""
    source[0] = re.sub(r"\]\((\.\./[\w./-]+\.md)(#[\w-]+)?\)", r"](path:\1)", source[0])


def setup(app):
    """Register the hook; called by Sphinx."""
    app.connect("source-read", _link_what_is_no_page)
