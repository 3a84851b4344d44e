"""The live page inside a notebook: a frame that holds the whole page, with no server behind it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.inputs.load import inputs_from_text
from optimizer.model.case_model import case_model_of
from optimizer.page.write import page_html

RIGHTS = "allow-scripts allow-downloads allow-modals"
"""The page may run its own scripts and save files; it sees nothing of the notebook."""


@dataclass(frozen=True)
class PageFrame:
    """A page that a notebook shows."""

    page: str
    """Its whole HTML text."""
    title: str
    height: int

    def _repr_html_(self) -> str:
        """For notebooks: a frame with the page's text in it."""
        return (
            f'<iframe title="{escape(self.title)}" sandbox="{RIGHTS}" '
            f'style="width:100%;height:{self.height}px;border:0" srcdoc="{escape(self.page)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"PageFrame({self.title}: {len(self.page):,} characters)"


@view(Solution, "page")
def explored(solution: Solution, height: int = 900) -> PageFrame:
    """The live page of an answer, opened at its menu."""
    case_model = case_model_of(inputs_from_text(solution.inputs, "inputs"), strict=False)
    return PageFrame(page_html(case_model, solution), solution.title, height)
