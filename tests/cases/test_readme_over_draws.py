"""What README and answers say of answers over draws and of rivals, worked out anew: minutes of processor time each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optimizer import robust_case
from optimizer.studies.robust_menus import levers_of

ROOT = Path(__file__).resolve().parents[2]
README, ANSWERS = (
    " ".join((ROOT / name).read_text(encoding="utf-8").split()) for name in ("README.md", "docs/answers.md")
)
DRAWS = 100


def millions(value: float, digits: int = 0) -> str:
    return f"{value / 1e6:.{digits}f}"


def written(*phrases: str, page: str = ANSWERS) -> None:
    assert phrases
    missing = [phrase for phrase in phrases if phrase not in page]
    assert not missing, missing


def menu(a: Any, name: str) -> dict[tuple[str, str], str]:
    document = next(one for one in a.menus if one.name == name).document
    return {(plan, lever): level for plan, lever, level in levers_of(document)}


@pytest.mark.full
def test_the_best_on_average() -> None:
    a: Any = robust_case("openai-2025-robust", draws=DRAWS)
    assert a.verdict == "proved"
    aim, fresh, point = a.asked.proven.aim, a.asked.fresh, next(one for one in a.menus if one.name == "point")
    written(
        f"{millions(aim.mean)} M on average over 100 draws, "
        f"{millions(aim.p10)} to {millions(aim.p90)} M in eight of ten",
        f"{millions(fresh.aim.mean)} M on {fresh.draws} fresh draws",
        f"brings {millions(point.proven.aim.mean)} M, but misses",
    )
    written(
        f"{millions(aim.mean)} M on average over 100 draws, "
        f"{millions(aim.p10)} to {millions(aim.p90)} M in eight of ten, and {millions(fresh.aim.mean)} M on 200 fresh",
        page=README,
    )
    assert not point.meets and a.asked.meets
    own = menu(a, "mean")
    assert own["plus", "price"] == "24" and own["free", "reasoning"] == "0/day" and own["free", "frontier"] == "5/5h"
    assert (own["business", "price"], own["enterprise", "price"]) == ("40", "50") and own[
        "go", "price"
    ] == "not offered"
    worst = menu(a, "cvar")
    assert (worst["free", "frontier"], worst["free", "reasoning"], worst["plus", "price"]) == ("2/5h", "1/day", "28")
    refused = a.draws.tried - a.draws.count
    first = max(a.draws.refused.values())
    written(
        f"{refused} of {a.draws.tried} points tried were no draws ({refused / a.draws.tried:.0%})",
        f"{first} of them because",
    )
    written(f"{refused} of {a.draws.tried} points tried were no draws ({refused / a.draws.tried:.0%})", page=README)
    w, x = a.worth, a.experiments
    written(
        f"everything before deciding would be worth {millions(w.perfect)} M",
        *(f"({millions(one.value, 1)} M)" for one in w.numbers[:5]),
        f"Unrelated numbers show {millions(w.null, 1)} M on average, and the largest of as many "
        f"{millions(w.null_most, 1)} M",
    )
    assert [one.above_null for one in w.numbers[:5]] == [True, True, True, False, False]
    named = [ANSWERS.index(f"`{one.name}`") for one in w.numbers[:5]]
    assert named == sorted(named)
    test = x.ranked[0]
    written(
        f"`{test.plan}` {test.lever}: {test.other} beside {test.today}",
        f"{test.visitors:,} visitors an arm",
        f"worth {millions(test.value, 1)} M",
        f"the best of as many unrelated tests shows ({millions(x.null_most, 1)} M)",
    )
    assert not any(one.above_null for one in x.ranked)


@pytest.mark.full
def test_the_least_regret() -> None:
    a: Any = robust_case("openai-2025-regret", draws=DRAWS, risk="regret", fresh=0)
    assert a.verdict == "proved"
    point = next(one for one in a.menus if one.name == "point")
    met = a.asked.proven.conditions[0], point.proven.conditions[0]
    written(
        f"loses at most {millions(a.value)} M",
        f"{millions(a.asked.proven.aim.mean)} M on average",
        f"keeps four fifths of today's share in {met[1]:.0%} of the draws only",
    )
    written(f"loses at most {millions(a.value)} M", page=README)
    assert a.asked.meets and met[0] >= 0.9
    own = menu(a, "regret")
    assert own["plus", "price"] == "20" and own["enterprise", "price"] == "60" and own["go", "price"] == "not offered"


@pytest.mark.full
def test_rivals_who_answer() -> None:
    from optimizer import rivals_case

    r: Any = rivals_case("openai-2025-rivals")
    lone = r.without_reaction
    written(
        f"Contribution {millions(r.value)} M. The menu for rivals who keep their prices promises "
        f"{millions(lone.expected)} M and brings {millions(lone.answer.value)} M once they have answered",
    )
    written(f"Business and Enterprise at 60 bring {millions(r.value)} M", page=README)
    assert r.offers["business"]["price"] == r.offers["enterprise"]["price"] == 60
