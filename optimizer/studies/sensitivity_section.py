"""The tornado for readers."""

from __future__ import annotations

from collections.abc import Iterable

from optimizer.answer.tornado import Driver, Tornado
from optimizer.studies.sections import (
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    PathName,
    Row,
    Section,
    TextCell,
    TextTable,
    Value,
    say,
    text_table,
    words,
)

SIDES = ("low", "high")
LISTED = 25
"""So many fit a terminal."""
GRADES = {
    "1": "maker's own page or filing",
    "2": "named press",
    "3": "retelling, used as a range",
    "D": "derived by arithmetic",
}


def remarks(d: Driver, thing: str = "menu") -> list[Content]:
    """Why an end has no value, and what it contradicts."""
    told: dict[tuple[str, str], list[str]] = {}
    for key, why in d.missing.items():
        menu, side = key.split("_")
        told.setdefault((side, why), []).append("kept" if menu == "kept" else "optimised anew")
    none = [
        say(f"no value at its {{side}}, {thing} {{menus}}: {{why}}", side=side, menus=" or ".join(menus), why=why)
        for (side, why), menus in told.items()
    ]
    sides: dict[tuple[str, ...], list[str]] = {}
    for side, figures in d.contradicts.items():
        sides.setdefault(figures, []).append(side)
    against = [
        say("at its {ends} it contradicts the reported {figures}", ends=" and ".join(ends), figures=_names(figures))
        for figures, ends in sides.items()
    ]
    return [*none, *against]


def _names(figures: Iterable[str]) -> Content:
    return tuple(FigureName(figure) for figure in figures)


def remark_listing(t: Tornado) -> list[Listing]:
    """Remarks on the numbers that matter most, and on all others that are shown without a value."""
    leading = t.leading()
    shown = [*leading, *(d for d in t.drivers[:LISTED] if d.missing and d not in leading)]
    told = tuple(
        say("{number}: {what}", number=PathName(d.path), what=what) for d in shown for what in remarks(d, t.thing)
    )
    return [Listing(told, title="Ends without a value, and worlds that contradict reported figures")] if told else []


def end_table(t: Tornado) -> TextTable:
    """The objective at every number's ends, the menu kept and optimised anew."""

    def end(d: Driver, menu: str, side: str) -> TextCell:
        mark = "!" if side in d.contradicts and menu == "kept" else ""
        return TextCell(Value(getattr(d, f"{menu}_{side}"), t.unit), mark=mark)

    headings = [words("number"), Heading("low"), Heading("high")]
    headings += [Heading(f"{t.thing} {menu}, at {side}", t.unit) for menu in ("kept", "re-optimised") for side in SIDES]
    rows: list[Row] = [
        (
            TextCell(PathName(d.path), tag="assumed" if d.assumed else ""),
            Value(d.low, d.unit),
            Value(d.high, d.unit),
            *(end(d, menu, side) for menu in ("kept", "best") for side in SIDES),
        )
        for d in t.drivers[:LISTED]
    ]
    title = say("{figure} at each number’s low and high; ! such a world contradicts reported figures",
                figure=FigureName(t.figure))  # fmt: skip
    return text_table(headings, rows, title=title, stand_in=True)


def evidence_table(t: Tornado) -> TextTable:
    """Where the numbers that matter most come from."""
    headings = [
        *(words(name) for name in ("number", "used", "could be")),
        Heading("moves the result by", t.unit),
        words("evidence"),
    ]
    rows: list[Row] = [
        (
            TextCell(PathName(d.path), "strong"),
            Value(d.value, d.unit, NumberForm.STATED),
            say("{low} to {high}", low=Value(d.low, d.unit), high=Value(d.high, d.unit)),
            Value(d.swing(t.base), t.unit),
            _evidence(t, d),
        )
        for d in t.leading()
    ]
    return text_table(headings, rows, title="Where the numbers that matter most come from")


def _evidence(t: Tornado, d: Driver) -> TextCell:
    if d.assumed or d.why not in t.sources:
        return TextCell(d.why, "small", tag="assumed" if d.assumed else "")
    text, url, grade = t.sources[d.why]
    return TextCell(f"{text} (grade {grade}: {GRADES.get(grade, '')})", "small", link=url)


def tornado_section(t: Tornado) -> Section:
    """A tornado for readers."""
    lead = say("{figure} is {base}.", figure=FigureName(t.figure), base=Value(t.base, t.unit))
    none: list[Content] = [] if t.drivers or not t.complete else ["No number of this market has a range."]
    read = (
        f"Bars: where it moves with this {t.thing} when one number is at its low or high; thin bars: with the best "
        f"{t.thing} for that number. * assumed; ! such a world contradicts reported figures."
    )
    return Section(
        title="Which numbers matter most",
        lead=(lead, *none),
        blocks=(
            *((Drawing(caption=read), end_table(t), evidence_table(t)) if t.drivers else ()),
            *remark_listing(t),
            *([] if t.complete else [Note("The study was stopped early: what was done is kept.")]),
        ),
    )
