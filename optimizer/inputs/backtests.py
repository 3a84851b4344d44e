"""Back-tests from their files, with what they may name checked."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from optimizer.economics.figures import is_figure
from optimizer.errors import Finding, InputError
from optimizer.inputs.changes import before_calibration
from optimizer.inputs.load import Inputs, load_inputs, validate
from optimizer.io.documents import Document
from optimizer.io.library import backtest_path
from optimizer.io.yaml_reader import read_yaml
from optimizer.schema.backtest import RECALIBRATE, Backtest
from optimizer.schema.case import Case, Change


@dataclass(frozen=True)
class LoadedBacktest:
    """A back-test and where it was read."""

    name: str
    asked: Backtest
    document: Document
    path: Path

    @property
    def believed(self) -> dict[str, Change]:
        """What was believed of the market before the event, by path with its prefix."""
        return {RECALIBRATE + p: c for p, c in before_calibration(self.asked.before.changes).items()}

    def inputs(self) -> Inputs:
        """Its market as it was believed to be before. Raises InputError that names the file."""
        asked = self.asked
        case = Case(title=asked.title, question=asked.title, market=asked.market, changes=self.believed)
        try:
            return load_inputs(case, folder=self.path.parent)
        except InputError as error:
            raise InputError([self.blamed(f) for f in error.findings]) from None

    def blamed(self, finding: Finding) -> Finding:
        """A finding without a place, told in the back-test's file."""
        return finding if finding.file else replace(finding, file=self.document.file)


def load_backtest(name_or_path: str | os.PathLike[str]) -> LoadedBacktest:
    """A back-test by shipped name or path, validated. Raises InputError."""
    path = backtest_path(name_or_path)
    document = read_yaml(path)
    asked = validate(Backtest, document)
    if not is_figure(asked.predicted.figure):
        cure = "'optimizer schema figures' lists them"
        message = f"no figure is named {asked.predicted.figure!r}"
        raise InputError([document.finding("backtest-figure", "predicted.figure", message, cure)])
    return LoadedBacktest(path.stem, asked, document, path)
