"""Finding shipped and local markets and cases, and copying them."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.errors import InputError
from optimizer.io import copying, library, yaml_reader
from optimizer.io.documents import Document


def market(folder: Path, text: str = "title: x\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "market.yaml").write_text(text)
    (folder / "numbers.csv").write_text("path,value\n")
    return folder


def case(path: Path, name: str | None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("title: y\n" + (f"market: {name}\n" if name else ""))
    return path


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shipped"
    market(root / "models" / "acme-2025")
    market(root / "models" / "other")
    (root / "models" / "empty").mkdir()
    for name in ("acme-2025-today", "acme-2025-margin"):
        case(root / "cases" / f"{name}.yaml", "acme-2025")
    monkeypatch.setattr(library, "data_folder", lambda: root)
    return root


def message(caught: pytest.ExceptionInfo[InputError]) -> str:
    return str(caught.value)


def test_lists(shipped: Path) -> None:
    assert library.list_cases() == ["acme-2025-margin", "acme-2025-today"]
    assert library.list_markets() == ["acme-2025", "other"]


TITLES = {  # text -> whether its first lines tell the title
    "title: Most margin\nmarket: a\n": True,
    '# a comment: with a colon\n\n#\ntitle:   Today\'s menu, "2025" (a [b] {c} & *d!) \nmarket: a\n': True,
    "title: Über alles\n# a comment ends the text\n": True,
    "title: last line\n": True,
    "title: a:b #not-a-comment\nmarket: a\n": False,
    "title: plain#text, a:b\nmarket: a\n": True,
    "title: plain # a comment\nmarket: a\n": False,
    "title: goes on\n  in the next line\nmarket: a\n": False,
    "title: goes on\n\n  after a blank line\nmarket: a\n": False,
    "title: then a blank line\n\nmarket: a\n": False,
    "title: no line end": False,
    "title: >-\n  folded\n  text\nmarket: a\n": False,
    "title: |\n  text\nmarket: a\n": False,
    "title: 'in quotes'\nmarket: a\n": False,
    'title: "in \\u0041 quotes"\nmarket: a\n': False,
    "title: null\nmarket: a\n": False,
    "title: True\nmarket: a\n": False,
    "title: true story\nmarket: a\n": True,
    "title: 2025\nmarket: a\n": False,
    "title: .5\nmarket: a\n": False,
    "title: [a, b]\nmarket: a\n": False,
    "title: a\ttab\nmarket: a\n": False,
    "title:\nmarket: a\n": False,
    "market: a\ntitle: second\n": False,
    "'title': quoted key\nmarket: a\n": False,
    "title : space before the colon\nmarket: a\n": False,
    "{title: in a mapping}\n": False,
    "---\ntitle: after a marker\nmarket: a\n": False,
    "question: >-\n  text\n\ntitle: later\n": False,
    "question: 'text\n\n  title: no title'\ntitle: later\n": False,
    "market: a\n": False,
    "title: non\u00a0breaking\nmarket: a\n": False,
}


@pytest.mark.parametrize("text", TITLES)
def test_a_title_is_what_the_whole_file_says(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    whole = yaml_reader.read_yaml(path).data.get("title")
    assert library.case_title(path) == whole
    assert type(library.case_title(path)) is type(whole)
    monkeypatch.setattr(library, "case_document", lambda _: Document({"title": "whole file"}, {}, ""))
    assert (library.case_title(path) != "whole file") is TITLES[text]


@pytest.mark.parametrize("text", ["title: a: b\nmarket: a\n", "title: a:\nmarket: a\n", "title: a\x07\nb: c\n"])
def test_a_title_that_is_no_yaml_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        library.case_title(path)


def test_shipped_titles() -> None:
    names = library.list_cases()
    assert len(names) > 10
    for name in names:
        assert library.case_title(name) == library.case_document(name).data["title"], name


def test_data_folder_holds_models_and_cases() -> None:
    assert (library.data_folder() / "models").is_dir()
    assert (library.data_folder() / "cases").is_dir()


def test_case_by_name_and_by_path(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = case(tmp_path / "mine" / "acme-2025-today.yaml", "other")
    monkeypatch.chdir(mine.parent)
    assert library.case_path("acme-2025-today") == shipped / "cases" / "acme-2025-today.yaml"
    assert library.case_path("acme-2025-today.yaml") == Path("acme-2025-today.yaml")
    assert library.case_path(mine) == mine
    assert library.case_document(mine).data["market"] == "other"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acme-2025-tody", "acme-2025-today"),
        ("cases/acme-2025-today.yaml", "acme-2025-today"),
        ("shipped/cases/acme-2025-marging.yaml", "acme-2025-margin.yaml"),
        ("shipped/cases/acme-2025-margin", "acme-2025-margin"),
        ("shipped", "a file"),
        ("zzzzzz", "optimizer list"),
        ("", "optimizer list"),
        ("a\0b", "optimizer list"),
        ("a\0b.yaml", "optimizer list"),
    ],
)
@pytest.mark.usefixtures("shipped")
def test_unknown_cases(name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        library.case_path(name)
    assert hint in message(caught)


def test_markets_beside_the_case_win(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = tmp_path / "mine" / "cases"
    cases.mkdir(parents=True)
    assert library.market_path("acme-2025", cases) == shipped / "models" / "acme-2025"
    inside = market(cases / "acme-2025")
    assert library.market_path("acme-2025", cases) == inside
    beside = market(tmp_path / "mine" / "models" / "acme-2025")
    assert library.market_path("acme-2025", cases) == beside
    assert library.market_path("../models/acme-2025", cases).resolve() == beside
    monkeypatch.chdir(cases)
    assert library.market_path("acme-2025", Path()).resolve() == beside
    assert library.market_path("acme-2025", "").resolve() == beside


@pytest.mark.parametrize(
    ("name", "hint"),
    [("acme-2024", "acme-2025"), ("empty", ""), ("../models/none", ""), ("", ""), ("a\0", ""), ("..", "")],
)
def test_unknown_markets(shipped: Path, name: str, hint: str) -> None:
    with pytest.raises(InputError, match="no market is named") as caught:
        library.market_path(name, shipped / "cases")
    assert hint in message(caught)


def test_copy_runs_as_is(shipped: Path, tmp_path: Path) -> None:
    copied = copying.copy_case("acme-2025-today", tmp_path / "mine")
    assert copied == tmp_path / "mine" / "cases" / "acme-2025-today.yaml"
    found = library.market_path("acme-2025", copied.parent)
    assert found == tmp_path / "mine" / "models" / "acme-2025"
    assert (found / "numbers.csv").read_text() == "path,value\n"
    assert copying.copy_case("acme-2025-margin", tmp_path / "mine").is_file(), "an unchanged market may be there"
    names = sorted(p.name for p in (tmp_path / "mine").rglob("*") if p.is_file())
    assert names == ["acme-2025-margin.yaml", "acme-2025-today.yaml", "market.yaml", "numbers.csv"]


@pytest.mark.usefixtures("shipped")
def test_copy_never_overwrites(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copying.copy_case("acme-2025-today", target)
    with pytest.raises(InputError, match="exists already"):
        copying.copy_case("acme-2025-today", target)
    (target / "models" / "acme-2025" / "market.yaml").write_text("title: edited\n")
    with pytest.raises(InputError, match="exists already"):
        copying.copy_case("acme-2025-margin", target)
    assert not (target / "cases" / "acme-2025-margin.yaml").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="a file, not a folder"):
        copying.copy_case("acme-2025-margin", tmp_path / "file")


@pytest.mark.parametrize("name", [None, "/somewhere/else", "../elsewhere/acme"])
@pytest.mark.usefixtures("shipped")
def test_copy_refuses_what_would_not_run(tmp_path: Path, name: str | None) -> None:
    market(tmp_path / "elsewhere" / "acme")
    path = case(tmp_path / "cases" / "x.yaml", name)
    with pytest.raises(InputError) as caught:
        copying.copy_case(path, tmp_path / "out")
    assert caught.value.findings[0].field == "market"
    assert not (tmp_path / "out").exists()
