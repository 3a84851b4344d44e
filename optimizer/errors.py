"""Every error the package raises on purpose, and the findings that explain it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing wrong (or doubtful) in an input, in words a user can act on."""

    code: str
    """Short stable identifier, e.g. ``unit-unknown``."""
    severity: str
    """``error`` blocks the run; ``warning`` is shown and does not."""
    file: str
    """The file as the user named it; empty where the input did not come from a file."""
    line: int | None
    """1-based line in the file, or None."""
    field: str
    """Dotted path of the field, e.g. ``plans.plus.price.value``."""
    message: str
    """The cause."""
    cure: str
    """What to do about it."""

    def __str__(self) -> str:
        place = self.file or "input"
        if self.line is not None:
            place += f":{self.line}"
        field = f" {self.field}:" if self.field else ""
        cure = f" ({self.cure})" if self.cure else ""
        return f"{place}:{field} {self.message}{cure}"

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class OptimizerError(Exception):
    """Base of all errors raised by this package on purpose."""


class InputError(OptimizerError):
    """A case, market or argument is wrong; carries all findings at once."""

    def __init__(self, findings: Sequence[Finding]):
        self.findings = tuple(findings)
        super().__init__("\n".join(str(f) for f in self.findings))

    def __reduce__(self) -> tuple[type[InputError], tuple[Sequence[Finding]], dict[str, Any]]:
        return type(self), (self.findings,), self.__dict__  # pickled by what it was made of, not by its message


class InfeasibleError(OptimizerError):
    """No menu meets all conditions, and this is proven; carries the diagnosis."""

    def __init__(self, message: str, diagnosis: Any = None):
        self.diagnosis = diagnosis
        super().__init__(message)


class SolverError(OptimizerError):
    """The solver crashed, was stopped without an answer, or gave one that cannot be used."""


class NotTrustedError(OptimizerError):
    """The independent evaluation disagrees with the solver; no number is shown."""


def bad_argument(field: str, message: str, cure: str = "") -> InputError:
    """An InputError for a wrong argument of a Python call or of the command line."""
    return InputError([Finding("argument", "error", "", None, field, message, cure)])
