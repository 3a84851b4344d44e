"""The floors of the house: a module imports only lower floors; and no file names a foreign place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "optimizer"

# Module or subpackage of `optimizer` -> floor. Modules of one subpackage may import each other.
FLOORS = {
    "errors": 0, "units": 0, "versions": 0,
    "schema": 1, "instance": 1,
    "io": 2, "library": 2, "economics": 2,
    "check": 3, "load": 3, "levels": 3, "prepare": 3, "calibrate": 3, "formulation": 3,
    "solve": 4, "_worker": 4, "evaluate": 4, "credibility": 4,
    "problem": 5, "continuum": 6,
    "aims": 5, "compile": 5, "diagnose": 5, "evidence": 5, "optimum": 5, "screening": 5, "results": 5, "audit": 5,
    "run": 6,
    "studies": 7, "tracing": 6, "problems": 7, "verify": 7,
    "report": 8,
    "cli": 9, "cli_options": 9, "cli_studies": 9, "cli_report": 9, "__init__": 9, "__main__": 9,
}  # fmt: skip

# Who may import whom on the same floor: read downwards, never back.
SAME_FLOOR = {
    ("library", "io"),
    ("calibrate", "prepare"),
    ("levels", "prepare"),
    ("check", "load"),
    ("check", "levels"),
    ("check", "prepare"),
    ("check", "calibrate"),
    ("formulation", "prepare"),
    ("_worker", "solve"),
    ("credibility", "evaluate"),
    ("aims", "compile"),
    ("run", "continuum"),
    ("problem", "aims"),
    ("problem", "compile"),
    ("audit", "aims"),
    ("optimum", "aims"),
    ("diagnose", "aims"),
    ("diagnose", "compile"),
    ("diagnose", "optimum"),
    ("evidence", "results"),
    ("optimum", "screening"),
    ("results", "audit"),
    ("audit", "screening"),
    ("results", "screening"),
    ("cli", "__init__"),
    ("cli", "cli_options"),
    ("cli", "cli_studies"),
    ("cli", "cli_report"),
    ("cli_studies", "cli_options"),
    ("studies", "problems"),
    ("__main__", "cli"),
}

# Subpackage or module -> packages it must never import.
FORBIDDEN = {
    "economics": {"pydantic", "pyomo", "highspy", "pandas", "ruamel", "csv", "json", "yaml", "typer", "rich"},
    "report": {"numpy", "scipy", "pyomo", "highspy"},
}
PYOMO_ALLOWED = {"formulation", "solve", "_worker", "results"}


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
    assert own in FLOORS, f"{own!r} has no floor: add it to FLOORS in tests/test_layers.py (see architecture)"
    for line, name in imports(path):
        other = target(name)
        if other is None or other == own:
            continue
        assert other in FLOORS, f"{other!r} has no floor: add it to FLOORS in tests/test_layers.py"
        allowed = FLOORS[other] < FLOORS[own] or (own, other) in SAME_FLOOR
        assert allowed, f"{path.name}:{line}: {own} (floor {FLOORS[own]}) imports {other} (floor {FLOORS[other]})"


def test_same_floor_pairs_are_on_one_floor_and_form_no_circle() -> None:
    order: TopologicalSorter[str] = TopologicalSorter()
    for one, other in SAME_FLOOR:
        assert FLOORS[one] == FLOORS[other]
        order.add(one, other)
    order.prepare()


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
