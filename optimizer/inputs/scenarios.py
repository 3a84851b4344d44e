"""Ways the world may turn out: the named ones of a case or a file, and every combination of a grid."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from os import PathLike
from typing import Annotated

from pydantic import BeforeValidator, Field

from optimizer.errors import bad_argument
from optimizer.inputs.changes import as_change
from optimizer.inputs.load import validate
from optimizer.io.yaml_reader import read_yaml
from optimizer.schema.base import Base, as_tuple
from optimizer.schema.case import Case, Change, Scenario


class _ScenarioFile(Base):
    """A file of scenarios for a case."""

    scenarios: dict[str, Scenario] = Field(default_factory=dict)
    grid: dict[str, Annotated[tuple[Change, ...], BeforeValidator(as_tuple)]] = Field(default_factory=dict)


def scenarios_of(case: Case) -> dict[str, Scenario]:
    """Named scenarios, the grid's combinations, and the case as it stands (``as stated``)."""
    return _expanded(case.scenarios, case.grid)


def read_scenarios(path: str | PathLike[str]) -> dict[str, Scenario]:
    """Scenarios from a YAML file with ``scenarios:`` and, where wanted, ``grid:``. Raises InputError."""
    stated = validate(_ScenarioFile, read_yaml(path))
    return _expanded(stated.scenarios, stated.grid)


def _expanded(named: Mapping[str, Scenario], grid: Mapping[str, tuple[Change, ...]]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {"as stated": Scenario(title="as stated", changes={})}
    found.update(named)
    paths = list(grid)
    for combination in itertools.product(*grid.values()) if paths else ():
        changes = dict(zip(paths, combination, strict=True))
        found[", ".join(f"{p} {_told(c)}" for p, c in changes.items())] = Scenario(changes=changes)
    return found


def _told(change: Change) -> str:
    if change.times is not None:
        return f"x{change.times:g}"
    return f"{change.plus:+g}" if change.plus is not None else f"= {change.to:g}"


def read_family(text: str) -> dict[str, dict[str, Change]]:
    """A label and a change for each value of ``PATH=V1,V2,...``. Raises InputError."""
    path, sign, values = text.partition("=")
    if not sign or not values:
        cure = "write PATH=V1,V2,... e.g. pools.main.price=1.7,2.5,3.5"
        raise bad_argument("--family", f"cannot read {text!r}", cure)
    return {f"{path} = {value}": {path: as_change(path, value)} for value in values.split(",")}
