"""The best menu if rivals answer equals brute force over menus and profiles; its certificates hold."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import rival_games

from optimizer import search
from optimizer.errors import NotTrustedError
from optimizer.model.instance import Instance, zero_figure
from optimizer.optimise.outcome import Settings
from optimizer.rivals import leading
from optimizer.rivals.dominated import always_left, holdings, least_gain
from optimizer.rivals.leading import lead, recheck
from optimizer.rivals.path import walk
from optimizer.search import SearchStatus, Tuning

SAMPLE, ALL = (*range(30), *range(60, 90)), range(400)
SETTINGS = Settings(gap=1e-6, scale=1e-3, cross_check=False)
SEARCHED = Tuning(whole_choices=0, box_menus=4, left_menus=4, root_rounds=6, rounds=3)
"""Nothing is enumerated as a whole: bounds and cuts decide."""


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = search.maximise
    monkeypatch.setattr(leading.search, "maximise", lambda *a, **k: plain(*a, **{"tuning": SEARCHED, **k}))


def check(seed: int) -> tuple[int, int, int]:
    """1 where there is an answer; menus without an answer of the rivals, and with several."""
    game = rival_games.draw(seed)
    truth, none, several = rival_games.brute_force(game)
    path, known = walk(game, SETTINGS)
    found = lead(game, SETTINGS, known if seed % 2 else ())
    size = 1e-9 * max(1.0, abs(truth))
    if truth == -np.inf:
        assert (found.best, found.status) == (None, SearchStatus.INFEASIBLE), seed
        return 0, none, several
    assert found.best is not None and found.status is SearchStatus.CLOSED, seed
    assert found.bound >= truth - size and recheck(game, found.closed) >= truth - size, seed
    assert recheck(game, found.closed) <= found.bound + size, seed
    assert abs(found.best.value - truth) <= 1e-6 * max(abs(truth), 1e-3) + size, (seed, found.best, truth)
    table = rival_games.earned(game, found.best.profile, found.best.choice)
    for k, tie in enumerate(game.ties):
        for other in game.deviations(found.best.profile, k):
            gain = rival_games.earned(game, other, found.best.choice)[k] - table[k]
            assert gain <= 1.01 * tie, (seed, k, other)
    if path.equilibrium is not None:  # whoever leads can have the equilibrium, too
        assert found.best.value >= path.equilibrium.expected - 1e-6 * abs(path.equilibrium.expected) - size, seed
    return 1, none, several


def test_random_games_equal_brute_force(searched: None) -> None:
    told = np.array([check(seed) for seed in SAMPLE])
    assert told[:, 0].sum() > len(SAMPLE) / 2
    assert (told.sum(axis=0) > 0).all(), "no menu without a stable profile, or none with several, was met"


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_all_random_games_equal_brute_force(searched: None, part: int) -> None:
    told = [check(seed)[0] for seed in ALL[part::10]]
    assert sum(told) > len(told) / 2


def duopoly() -> object:
    """One type of 100 people, one plan of ours and one rival, all stocks chosen so that shares are whole.

    Ours at 4 or 8 usd weighs 3 or 1; the rival's at 2 or 6 usd weighs 2 or 1; nothing weighs 1. All are reached.
    """
    people = np.array([[100.0]])
    weight = np.array([[3.0, 1.0]])
    base = Instance(people, (weight,), (weight,))
    aim = replace(zero_figure(base), amounts=(np.array([[4.0, 8.0]]),))
    stocks = [[np.array([2.0]), np.array([1.0])]]
    margins = [[np.array([2.0]), np.array([6.0])]]
    return rival_games.game_of(base, aim, (), np.array([1.0]), stocks, margins, np.array([100.0]))


def test_a_duopoly_by_hand() -> None:
    """Menu 4: all stocks are 6 or 5 -> ours 50 or 60 people, 200 or 240 usd; the rival earns 2 x 33.3 or 6 x 20 = 120.

    Menu 8: all stocks are 4 or 3 -> ours 25 or 33.3 people, 200 or 266.7 usd; the rival earns 2 x 50 or 6 x 33.3 = 200.
    It asks 6 both times, so we ask 8 and earn 266.7.
    """
    game = duopoly()
    margins = [game.margins(game.start, ((k,), 0))[:, 0] for k in (0, 1)]
    np.testing.assert_allclose(margins, [[200 / 3, 120], [100, 200]], rtol=1e-12)
    found = lead(game, SETTINGS)
    assert (found.best.choice, found.best.profile) == (((1,), 0), (1,))
    assert found.best.value == pytest.approx(800 / 3, rel=1e-12)
    assert found.bound == pytest.approx(800 / 3, rel=1e-6)
    path, _ = walk(game, SETTINGS)
    # at a price of 2 both our prices bring 200, so either may be the first; then the rival asks 6, and we 8
    assert path.steps[0].expected == pytest.approx(200) and path.steps[0].answer == (1,)
    assert path.equilibrium.prices == (1,) and path.equilibrium.expected == pytest.approx(800 / 3)


def test_a_rival_that_cannot_move_is_none() -> None:
    game = rival_games.draw(4)  # shape (2, 1, 3)
    assert game.shape[1] == 1 and game.deviations((0, 0, 0), 1) == []
    found = lead(game, SETTINGS)
    assert found.best.value == pytest.approx(rival_games.brute_force(game)[0], rel=1e-6)


def test_stops_keep_a_valid_bound() -> None:
    reached = 0
    for seed in range(12):
        game = rival_games.draw(seed)
        truth = rival_games.brute_force(game)[0]
        late = lead(game, replace(SETTINGS, deadline=time.monotonic() - 10.0))
        assert (late.best, late.status) == (None, SearchStatus.OPEN), seed
        assert truth <= late.bound < np.inf and recheck(game, late.closed) >= truth, seed
        ended = lead(game, replace(SETTINGS, cancelled=lambda: True), walk(game, SETTINGS)[1])
        assert ended.status is SearchStatus.INTERRUPTED and truth - 1e-9 <= ended.bound < np.inf, seed
        if ended.best is not None:
            reached += 1
            assert ended.best.value <= truth + 1e-9, seed
    assert reached > 3


def test_certificates_that_leave_something_out_are_refused() -> None:
    game = rival_games.draw(2)
    found = lead(game, SETTINGS)
    with pytest.raises(NotTrustedError, match="leaves out 1 profile"):
        recheck(game, found.closed[1:])
    choice = found.best.choice
    forged = [
        replace(one, certificate={**one.certificate, "excluded": [[list(choice[0]), choice[1]]]})
        if one.profile == found.best.profile
        else one
        for one in found.closed
    ]
    with pytest.raises(NotTrustedError, match="answer so"):
        recheck(game, forged)


def test_what_a_rival_gains_at_least_is_no_more_than_at_any_menu() -> None:
    proven = 0
    for seed in range(30):
        game = rival_games.draw(seed)
        held = holdings(game.question(game.nearest))
        for profile in game.profiles():
            left = always_left(game, held, profile)
            proven += left is not None
            for k in range(len(game.shape)):
                for other in game.deviations(profile, k):
                    least = least_gain(game, held, profile, other)
                    for choice in rival_games.choices(game)[::5]:
                        table = game.margins(game.start, choice)[:, k]
                        gain = table[game.place(other)] - table[game.place(profile)]
                        assert least <= gain + 1e-9 * (1.0 + abs(gain)), (seed, profile, other, choice)
    assert proven > 20
