"""The documentation site: ``make docs`` builds it into ``build/docs``, without a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from write_reference import write_reference  # noqa: E402

from optimizer.versions import own_version  # noqa: E402

project = "Pricing strategy optimizer"
copyright = "its authors, MIT licence"
version = release = own_version()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "**.py"]
myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # generated pages and questions start below a page's first level

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
autodoc_inherit_docstrings = False

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"source_edit_link": None, "navigation_with_keys": True}


def escape_bars(lines: list[str]) -> None:
    """Bars in docstrings are sizes, as in max(|value|, 1), and no substitutions."""
    lines[:] = [line if "``" in line and "|" in line else line.replace("|", r"\|") for line in lines]


def setup(app: Any) -> None:
    """Pages that are made from the code itself are written before anything is read."""
    app.connect("builder-inited", lambda app: write_reference(Path(app.srcdir) / "reference"))
    app.connect("autodoc-process-docstring", lambda *event: escape_bars(event[-1]))
