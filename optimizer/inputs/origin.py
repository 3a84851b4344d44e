"""Where the market of a Case object is."""

from __future__ import annotations

import os
from pathlib import Path

from optimizer.errors import bad_argument
from optimizer.io.library import local_market, market_path, shipped_market
from optimizer.schema.case import Case


def market_of(case: Case, folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the market that a Case object means, or the workbook that holds it.

    It is looked for beside ``folder``; else it is the market that the case was loaded with (for a copy that names
    another one: beside the file of the first), else a shipped one. A case made by hand or from text, without
    ``folder``, means a shipped market, or one beside the working directory where none of that name is shipped.

    Raises:
        InputError: there is no such market, or a case made by hand names one that is both here and shipped.
    """
    name, origin = case.market, case.origin
    told = None if folder is None else local_market(name, Path(folder))
    if told is not None:
        return told
    if origin.file is not None:
        return origin.place if name == origin.market and origin.place else market_path(name, origin.file.parent)
    if folder is None:
        from optimizer.io.copying import same_files

        here, shipped = local_market(name, Path(os.curdir)), shipped_market(name)
        if here is not None and shipped is not None and not same_files(here, shipped):
            message = f"the market {name!r} is in {here} and among the shipped ones, and the case does not say which"
            raise bad_argument("case", message, f"load the case from its file, or say folder={os.curdir!r}")
    return market_path(name, folder)
