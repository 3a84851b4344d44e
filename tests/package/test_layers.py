"""The floors of the house: a module imports only lower floors; and no file names a foreign place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "optimizer"

# Room or module of `optimizer` -> floor: a file imports only lower floors, or its own room. Imports inside
# functions and under TYPE_CHECKING count like all others.
FLOORS = {
    "errors": 0, "units": 0, "versions": 0, "typing": 0,
    "economics": 1, "schema": 1, "execution": 1,
    "io": 2,
    "inputs": 3,
    "market": 4,
    "model": 5,
    "search": 6, "formulation": 6,
    "solve": 7,
    "optimise": 8,
    "problems": 9, "uncertainty": 9, "horizon": 9, "rivals": 9,
    "answer": 10,
    "studies": 11, "learn": 11,
    "report": 12,
    "page": 13,
    "service": 14,
    "cli": 15, "__init__": 15,
    "__main__": 16,
}  # fmt: skip

# Subpackage or module -> packages it must never import.
FORBIDDEN = {
    "economics": {"pydantic", "pyomo", "highspy", "pandas", "ruamel", "csv", "json", "yaml", "typer", "rich"},
    "report": {"numpy", "scipy", "pyomo", "highspy"},
}
PYOMO_ALLOWED = {"formulation", "solve"}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "_data" not in p.relative_to(PACKAGE).parts)


def home(path: Path) -> str:
    """The module or subpackage of `optimizer` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a file imports, wherever in the file."""
    package = ["optimizer", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def target(name: str) -> str | None:
    """The module or subpackage of `optimizer` that an import reaches; None for other packages."""
    parts = name.split(".")
    if parts[0] != "optimizer":
        return None
    part = parts[1] if len(parts) > 1 else "__init__"
    known = part in FLOORS or (PACKAGE / f"{part}.py").is_file() or (PACKAGE / part).is_dir()
    return part if known else "__init__"


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path: Path) -> None:
    own = home(path)
    assert own in FLOORS, f"{own!r} has no floor: add it to FLOORS here "
    for line, name in imports(path):
        other = target(name)
        if other is None or other == own:
            continue
        assert other in FLOORS, f"{other!r} has no floor: add it to FLOORS here"
        assert FLOORS[other] < FLOORS[own], (
            f"{path.name}:{line}: {own} (floor {FLOORS[own]}) imports {other} (floor {FLOORS[other]})"
        )


def named_modules(text: str) -> Iterator[tuple[int, str]]:
    """Line and name of every module of `optimizer` that a string names; docstrings may tell of any."""
    tree = ast.parse(text)
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    told = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, kinds) and node.body
            and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from ((node.lineno, name) for name in re.findall(r"\boptimizer(?:\.\w+)+", node.value))


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_strings_name_no_higher_floor(path: Path) -> None:
    """What may not be imported may not be imported by its name either."""
    own = home(path)
    for line, name in named_modules(path.read_text(encoding="utf-8")):
        other = name.split(".")[1]
        if other in FLOORS and other != own:
            assert FLOORS[other] < FLOORS[own], f"{path.name}:{line}: {own} names {name}, which stands higher"


def test_the_scan_sees_names_in_strings() -> None:
    lines = (
        '"""Tells of optimizer.cli."""',
        "def f():",
        '    """And of optimizer.report."""',
        'g("optimizer.report.charts")',
    )
    assert list(named_modules("\n".join(lines))) == [(4, "optimizer.report.charts")]


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_forbidden_packages(path: Path) -> None:
    own = home(path)
    for line, name in imports(path):
        top = name.split(".")[0]
        place = f"{path.name}:{line}"
        assert top not in FORBIDDEN.get(own, ()), f"{place}: {own} imports {top}"
        assert top not in ("models", "cases", "tests"), f"{place}: {top} is data, not code"
        if top == "pyomo":
            assert own in PYOMO_ALLOWED, f"{place}: only {sorted(PYOMO_ALLOWED)} touch Pyomo"


def test_economics_reaches_no_files() -> None:
    for path in (PACKAGE / "economics").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "open" not in names, path.name


IGNORED = {".git", "__pycache__", "build", "dist", "results", ".hypothesis"}
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "anaconda" + ".org", "conda" + "-forge/")
MACHINE = ("/wor" + "k/main", "/wor" + "k/shared", "/opt/" + "wheels", "/ro" + "ot/", "file:" + "//", "find" + "-links")


def texts() -> Iterator[tuple[str, str]]:
    """Path and text of every file that belongs to the project."""
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if any(p in IGNORED or p.startswith(".venv") or p.endswith(("_cache", ".egg-info")) for p in parts):
            continue
        if path.is_file():
            yield "/".join(parts), path.read_bytes().decode("utf-8", errors="replace")


def test_no_file_names_a_registry_or_this_machine() -> None:
    wanted = re.compile("|".join(re.escape(word) for word in (*REGISTRIES, *MACHINE)), re.IGNORECASE)
    found = [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for name, text in texts()
        for hit in wanted.finditer(text)
    ]
    assert not found, "\n".join(found)
