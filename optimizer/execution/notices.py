"""Lines that tell why a wait is long, for whoever listens in this process; nobody does unless a program asks for it."""

from __future__ import annotations

from collections.abc import Callable

COMPILING = (
    "compiling the inner loops of long searches, once per installation: up to a minute of a processor "
    "(optimizer warm does it ahead)"
)


class Notices:
    """One line at a time, each told once."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str], None]] = []
        self._told: set[str] = set()

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Tell it every line from now on; returns what ends that."""
        self._listeners.append(listener)
        self._told.clear()
        return lambda: self._listeners.remove(listener)

    def tell(self, line: str) -> None:
        """Tell a line that was not told before."""
        if line in self._told or not self._listeners:
            return
        self._told.add(line)
        for listener in self._listeners:
            listener(line)


notices = Notices()
"""Of this process."""
