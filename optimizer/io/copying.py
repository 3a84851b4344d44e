"""A case with its market copied to a folder, to make one's own."""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
from pathlib import Path

from optimizer.errors import InputError, bad_argument
from optimizer.execution.ending import undivided
from optimizer.io.formats import is_workbook
from optimizer.io.kinds import read_case_document
from optimizer.io.library import case_path, market_path
from optimizer.io.saving import write_atomic


@undivided
def copy_case(name: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Path:
    """Copy a case with its market to ``folder/cases/x.yaml`` and ``folder/models/<market>/``; the copy's path.

    A market that is there already is kept if it is the same.

    Raises:
        InputError: unknown name, or something in the way; nothing has been written then.
    """
    source = case_path(name)
    if is_workbook(source):
        raise bad_argument("name", f"{source} is a workbook", "copy the file itself: it holds the case and its market")
    document = read_case_document(source)
    market = document.data.get("market")
    if not isinstance(market, str):
        cure = "write 'market: ' and the market's name"
        raise InputError([document.finding("case-market", "market", "the case does not name its market", cure)])
    market_folder = market_path(market, source.parent)
    plain = Path(market).name
    if market not in (plain, f"../models/{plain}"):
        message = f"the market is given by the path {market!r}, which the copy would not find"
        raise InputError([document.finding("case-market", "market", message, f"name it {plain!r}")])
    root = Path(folder)
    case_target, market_target = root / "cases" / source.name, root / "models" / plain
    same_market = market_target.is_dir() and same_files(market_folder, market_target)
    for target, clash in ((case_target, True), (market_target, not same_market)):
        if clash and os.path.lexists(target):
            raise bad_argument("dir", f"{target} exists already", "name another folder, or remove it first")
    for parent in (root, root / "cases", root / "models"):
        if parent.exists() and not parent.is_dir():
            raise bad_argument("dir", f"{parent} is a file, not a folder", "name another folder")
    for parent in (case_target.parent, market_target.parent):
        parent.mkdir(parents=True, exist_ok=True)
    if not same_market:
        _copy_folder(market_folder, market_target)
    write_atomic(case_target, source.read_bytes())
    return case_target


def _copy_folder(source: Path, target: Path) -> None:
    """Copy the ordinary files of a folder tree, visible only once complete."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        shutil.copytree(source, temporary, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        os.rename(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def same_files(one: Path, other: Path) -> bool:
    """Whether two folders hold the same visible files with the same content."""

    def names(folder: Path) -> list[Path]:
        found = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        return sorted(p for p in found if not any(part.startswith(".") for part in p.parts))

    files = names(one)
    return files == names(other) and all(filecmp.cmp(one / f, other / f, shallow=False) for f in files)
