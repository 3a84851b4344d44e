"""How results are drawn: a registry of result type -> view, filled where the charts are made.

Results know this file alone. Who draws registers its charts with :func:`view`; who stands on the top floor tells with
:func:`install` what to load for that, so that nothing is imported for drawing before somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

Draw = TypeVar("Draw", bound=Callable[..., Any])
_views: dict[tuple[type, str], Callable[..., Any]] = {}
_loaders: list[Callable[[], object]] = []


def install(loader: Callable[[], object]) -> None:
    """What to call before the first drawing; it registers views."""
    _loaders.append(loader)


def view(of: type, name: str = "") -> Callable[[Draw], Draw]:
    """Register a function of a result as one of its drawings; the one without a name is its ``plot``."""

    def registered(draw: Draw) -> Draw:
        _views[of, name] = draw
        return draw

    return registered


def drawn(result: object, name: str = "", **options: Any) -> Any:
    """A drawing of a result. Raises LookupError where there is none of the name; ModuleNotFoundError without charts."""
    while _loaders:
        _loaders[-1]()
        _loaders.pop()
    for kind in type(result).__mro__:
        if (kind, name) in _views:
            return _views[kind, name](result, **options)
    raise LookupError(f"{type(result).__name__} has no drawing {name!r}")


class Viewed:
    """A result that can be drawn, and shown in a notebook."""

    def plot(self) -> Any:
        """The chart, as an object that is returned and not shown. Needs the ``report`` extra."""
        return drawn(self)

    def _still(self) -> str:
        """The chart as a picture; empty where there is none, or the packages for it are not installed."""
        try:
            return str(drawn(drawn(self), "picture"))
        except (LookupError, ModuleNotFoundError):
            return ""

    def frames(self) -> list[pd.DataFrame]:
        """The tables that a notebook shows."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """For notebooks: the chart as a picture, and the tables."""
        return self._still() + "".join(str(frame.to_html()) for frame in self.frames())
