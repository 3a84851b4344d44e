"""The benchmark's tables, one function each: a title, words, and markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import book as b
from benchmarks import instances, quoted
from benchmarks.book import Book
from benchmarks.frontiers import costs
from benchmarks.instances import Menu
from benchmarks.months import months
from benchmarks.runner import Cell, Contestant
from benchmarks.spread import spread
from benchmarks.studies import CALLS as STUDY_CALLS
from benchmarks.studies import rows as study_rows
from benchmarks.studies import tornado_phases
from benchmarks.table import geometric_mean, percent, seconds, slope, table, times

HEAD = ["instance", "contestant", "seconds", "gap", "value against best", "peak MB", "note"]


def verdict_of(cells: Sequence[Cell], ours: str = b.OURS.name) -> str:
    """Who proved the gap first; a peer that wins is named."""
    done = sorted((c for c in cells if c.done), key=lambda c: c.seconds)
    if not done:
        return "none proves the gap in time"
    first = done[0]
    if first.contestant == ours:
        rest = [c for c in done if c.contestant != ours]
        return f"this project, {times(rest[0].seconds / first.seconds)} ahead of {rest[0].contestant}" if rest else ours
    own = next((c for c in cells if c.contestant == ours), None)
    behind = f" ({times(own.seconds / first.seconds)} faster than this project)" if own and own.done else ""
    return f"**peer wins: {first.contestant}**{behind}"


def row(book: Book, cell: Cell) -> list[str]:
    """One contestant on one instance."""
    if cell.failed:
        return [cell.instance, cell.contestant, "-", "-", "-", memory(cell), cell.failed]
    note = cell.note
    if book.false_bound(cell):
        note = f"{note} **bound below a feasible value**".strip()
    if math.isnan(cell.bound):
        proof = "no proof"
    else:
        proof = percent(cell.gap) if not math.isnan(cell.value) else "no feasible answer"
    if cell.seconds < cell.limit and cell.gap > cell.gap_wanted * 1.01 + 1e-9:
        note = f"{note} stopped early; its claim does not hold at its own answer".strip()
    late = "late" if cell.gap <= cell.gap_wanted else "not closed"
    shown = seconds(cell.seconds) if cell.done or math.isnan(cell.bound) else f"{seconds(cell.seconds)} ({late})"
    return [cell.instance, cell.contestant, shown, proof, against(book, cell), memory(cell), note]


def against(book: Book, cell: Cell) -> str:
    """How far below the best known value."""
    value = book.relative(cell)
    return "-" if math.isnan(value) else "best" if value > -1e-9 else f"{100 * value:.2g} %"


def memory(cell: Cell) -> str:
    return "-" if math.isnan(cell.megabytes) else f"{cell.megabytes:.0f}"


def rows_of(book: Book, cells: Sequence[Cell], ours: str = b.OURS.name) -> list[list[str]]:
    """The rows of an instance and who won."""
    return [*(row(book, c) for c in cells), [cells[0].instance, "**verdict**", verdict_of(cells, ours), "", "", "", ""]]


# markets


def markets(book: Book) -> str:
    """The shipped cases."""
    cases = ["openai-2025-margin", "anthropic-2025-margin", "assistant-startup-margin"]
    more = ["openai-2025-share", "openai-2025-enterprise", "openai-2025-price-war"]
    cases += book.pick([], more[:1], more)
    rows = []
    for case in cases:
        rows += rows_of(book, [book.market(c, case, 1e-4) for c in (b.MARKET_OURS, b.MARKET_WHOLE)])
    return "Shipped cases to a gap of 1e-4, after loading.\n\n" + table(HEAD, rows)


def command(book: Book) -> str:
    """``optimizer run``, from the command to the printed answer."""
    from benchmarks.command import split

    cases = ("openai-2025-margin", "openai-2025-today")
    rows = [[case, *map(seconds, split(case, book.pick(1, 3, 5)))] for case in cases]
    head = ["case", "wall s (median)", "interpreter", "imports", "HiGHS and its process", "ours besides"]
    words = "`optimizer run CASE`, wall seconds. Imports: the sum of all modules' own times."
    return f"{words}\n\n{table(head, rows)}"


def start(book: Book) -> str:
    """What commands cost before they do anything, and the shortest of those that do."""
    from benchmarks.start import rows

    head = ["command", "user s (median)", "wall s (median)", "user s against the first"]
    words = "Whole processes in turns; user seconds count the solver's process, too."
    found = rows(book.pick(3, 7, 15))
    return f"{words}\n\n{table(head, [[what, *map(seconds, took), times(against)] for what, *took, against in found])}"


# menus


def menus(book: Book) -> str:
    """Everybody on menus of growing size."""
    shapes = [(3, 4, 8), (6, 6, 12), (5, 8, 10), (10, 5, 10), (10, 10, 20)]
    shapes += book.pick([], [(30, 6, 40)], [(30, 6, 40), (100, 6, 40)])
    rows, lost = [], set[str]()
    for types, plans, levels in shapes:
        for family in ("alike", "random"):
            sent = instances.menu(types, plans, levels, family, 1)
            tried = [c for c in b.MENU if c.name + family not in lost]
            cells = [book.menu(c, sent, 1e-4) for c in tried]
            lost |= {c.name + family for c, cell in zip(tried, cells, strict=True) if c.proves and not cell.done}
            rows += rows_of(book, cells)
    words = (
        "Random menus (types x plans x levels) with a margin and a compute condition, to a gap of 1e-4; a contestant "
        "that did not close a size is not asked for larger ones. Peers are timed without building their models and "
        "may use all cores."
    )
    return f"{words}\n\n{table(HEAD, rows)}\n\n{quoted.FORMULATIONS}"


GROWING = (b.OURS, b.HIGHS, b.HIGHS_BEST, b.SCIP_LINEAR)


def growth(book: Book) -> str:
    """Seconds as types, plans and levels grow, until each contestant fails."""
    axes = {
        "types": book.pick((10, 30, 100), (10, 30, 100, 300), (10, 30, 100, 300, 1000)),
        "plans": book.pick((2, 4, 6), (2, 4, 6, 8, 10), (2, 4, 6, 8, 10, 15, 20)),
        "levels": book.pick((10, 20, 40), (10, 20, 40, 100), (10, 20, 40, 100, 200)),
    }
    parts = []
    for family in ("alike", "random"):
        for axis, sizes in axes.items():
            rows = [grown(book, c, family, axis, sizes) for c in GROWING]
            parts.append(f"{family} tastes, {axis} grow:\n\n" + table(["contestant", *map(str, sizes), "growth"], rows))
    words = (
        "Seconds to 1e-4 as one size grows, the others at 30 types, 6 plans, 40 levels, with both conditions; a gap in "
        "per cent where time ran out, after which larger sizes are not tried. Growth: k in seconds ~ size^k."
    )
    return words + "\n\n" + "\n\n".join(parts)


def grown(book: Book, contestant: Contestant, family: str, axis: str, sizes: Sequence[int]) -> list[str]:
    """One contestant along one axis."""
    shown, good, took = [contestant.name], [], []
    for size in sizes:
        shape = {"types": 30, "plans": 6, "levels": 40, axis: size}
        sent = instances.menu(shape["types"], shape["plans"], shape["levels"], family, 1)
        cell = book.menu(contestant, sent, 1e-4)
        if not cell.done:
            shown.append(cell.failed or ("no answer" if math.isnan(cell.gap) else f"gap {percent(cell.gap)}"))
            break
        good.append(size)
        took.append(cell.seconds)
        shown.append(seconds(cell.seconds))
    k = slope(good, took)
    return [*shown, *["not tried"] * (len(sizes) + 1 - len(shown)), "-" if math.isnan(k) else f"{k:.1f}"]


def hard(book: Book) -> str:
    """Many types with very different tastes and many plans."""
    shapes = [((100, 10, 100), 1e-3), ((300, 10, 100), 1e-2)]
    shapes += book.pick([], [((1000, 10, 100), 1e-2)], [((1000, 10, 100), 1e-2), ((300, 20, 100), 1e-2)])
    rows = []
    for shape, gap in shapes:
        for family in ("alike", "random"):
            for conditions in (False, True):
                sent = instances.menu(*shape, family, 1, conditions)
                cells = [book.menu(c, sent, gap) for c in (b.OURS, b.ASCENT)]
                rows += [row(book, c) for c in cells]
    words = f"Large menus, seed 1; a gap of 1e-3 asked for at 100 types, 1e-2 beyond; {book.limit:g} s each."
    return f"{words}\n\n{table(HEAD, rows)}"


def choice(book: Book) -> str:
    """Revenue without conditions, plans may be absent: what choice-learn can say; Gurobi inside its free limit."""
    shapes = [(3, 4, 8), (5, 8, 10), (6, 6, 12)] if book.mode != "quick" else [(3, 4, 8), (5, 5, 8)]
    contestants = (b.OURS, b.CHOICE, b.GUROBI_TEXT, b.GUROBI_OURS, b.HIGHS, b.ENUMERATION)
    rows: list[list[str]] = []
    for shape in shapes:
        for seed in book.pick((1,), (1, 2), (1, 2, 3)):
            sent = instances.revenue_only(*shape, seed)
            named = Menu(**{**sent.__dict__, "name": f"{sent.name}, seed {seed}"})
            limit = book.limit if shape != (6, 6, 12) else 120.0
            rows += rows_of(book, [book.menu(c, named, 1e-4, limit) for c in contestants])
    return f"Revenue, no conditions, to 1e-4.\n\n{table(HEAD, rows)}\n\n{quoted.CHOICE}"


# continuous prices


def family1(book: Book) -> str:
    """The published finite-mixture family, seeds 7 to 21."""
    seeds = book.pick((7, 8, 12, 17), tuple(range(7, 22)), tuple(range(7, 22)))
    gaps = (1e-2, 1e-3)
    rows = []
    for seed in seeds:
        sent = instances.mixture(seed)
        book.best[sent.name] = max(book.best.get(sent.name, 0.0), quoted.BEST_REVENUE[seed])
        own = [book.prices(b.PRICES_OURS, sent, gap) for gap in gaps]
        scip = book.prices(b.PRICES_SCIP, sent, 1e-2)
        rivals = [book.prices(c, sent, 1e-2, min(book.limit, 10.0)) for c in (b.PRICES_EVOLUTION, b.PRICES_ASCENT)]
        rows.append(family1_row(book, seed, own, scip, rivals))
    head = [
        "instance", "ours 1 % s", "ours 0.1 % s", "ours value less best known", "ours bounds", "SCIP ratio form 1 % s",
        "SCIP value", "evolution value", "ascent value", "quoted: authors' program s", "quoted: SCIP s",
    ]  # fmt: skip
    return f"{family1_words(book, seeds)}\n\n{table(head, rows)}\n\n{quoted.FAMILY1}\n\n{segment_specific(book)}"


def family1_row(book: Book, seed: int, own: list[Cell], scip: Cell, rivals: list[Cell]) -> list[str]:
    """One seed."""
    authors, other = quoted.FAMILY1_SECONDS.get(seed, ("-", "-"))
    valid = "failed" if own[0].failed else "INVALID" if any(map(book.false_bound, own)) else "valid"
    found = max((c.value for c in own if not math.isnan(c.value)), default=float("nan"))
    miss = found / quoted.BEST_REVENUE[seed] - 1.0
    return [
        own[0].instance, *map(closed, own), "-" if math.isnan(miss) else f"{miss:+.1e}", valid, closed(scip),
        against(book, scip), *(against(book, c) for c in rivals), authors, other,
    ]  # fmt: skip


def closed(cell: Cell) -> str:
    """Seconds, or the gap that was left."""
    if cell.failed:
        return cell.failed[:40]
    return seconds(cell.seconds) if cell.done else f"gap {percent(cell.gap)} at {seconds(cell.seconds)}"


def family1_ratios(book: Book, seeds: Sequence[int]) -> tuple[float, int, float]:
    """SCIP's seconds over ours at 1 % (geometric mean), seeds where SCIP is faster, authors' total over ours (quoted).

    A seed that this project leaves open counts with the time it took; one that SCIP leaves open with its limit.
    """
    pairs = [(book.prices(b.PRICES_OURS, instances.mixture(s), 1e-2), scip_on(book, s)) for s in seeds]
    ratios = [scip.seconds / own.seconds for own, scip in pairs if not own.failed and not scip.failed]
    beaten = sum(scip.done and not (own.done and own.seconds <= scip.seconds) for own, scip in pairs)
    known = [(s, own) for s, (own, _) in zip(seeds, pairs, strict=True) if known_authors(s) and not own.failed]
    total = sum(own.seconds for _, own in known)
    authors = sum(float(quoted.FAMILY1_SECONDS[s][0].split()[0]) for s, _ in known)
    return geometric_mean(ratios), beaten, authors / total if total else float("nan")


def scip_on(book: Book, seed: int) -> Cell:
    return book.prices(b.PRICES_SCIP, instances.mixture(seed), 1e-2)


def family1_words(book: Book, seeds: Sequence[int]) -> str:
    """Totals and ratios over the seeds measured."""
    ours = [cell.seconds for s in seeds if (cell := book.prices(b.PRICES_OURS, instances.mixture(s), 1e-2)).done]
    scip, beaten, authors = family1_ratios(book, seeds)
    return (
        f"Closed at 1 %: {len(ours)} of {len(seeds)} seeds, slowest {seconds(max(ours, default=float('nan')))} s. "
        f"SCIP / ours: {times(scip)} (geometric mean; where SCIP ran out of time its limit counts); SCIP faster on "
        f"{beaten}. Authors' program (quoted, another machine and run) / ours in total: {times(authors)}."
    )


def known_authors(seed: int) -> bool:
    return quoted.FAMILY1_SECONDS.get(seed, ("-", ""))[0] != "-"


def segment_specific(book: Book) -> str:
    """Two segments with their own sensitivities."""
    rows = []
    for delta in book.pick((0.25,), (0.1, 0.25, 0.5), (0.1, 0.25, 0.5)):
        sent = instances.mixture(11, delta)
        contestants = (b.PRICES_OURS, b.PRICES_SCIP, b.PRICES_EVOLUTION, b.PRICES_ASCENT)
        rows += rows_of(book, [book.prices(c, sent, 1e-2) for c in contestants])
    return "Segment-specific sensitivities b (1 - delta), b (1 + delta), 50 products, to 1 %:\n\n" + table(HEAD, rows)


def family2(book: Book) -> str:
    """Parking prices by simulation; growth in the number of draws."""
    draws = book.pick((10, 100), (10, 100, 1000), (10, 100, 1000, 10_000))
    rows, sizes, took = [], [], []
    lost: set[str] = set()
    contestants = (b.PRICES_OURS, b.PRICES_SCIP, b.PRICES_GRID, b.PRICES_EVOLUTION)
    for people in (10, 50):
        for count in draws:
            sent = instances.parking(people, count)
            tried = [c for c in contestants if c.name + str(people) not in lost]
            cells = [book.prices(c, sent, 1e-3) for c in tried]
            lost |= {c.name + str(people) for c, x in zip(tried, cells, strict=True) if c.proves and not x.done}
            rows += rows_of(book, cells)
            if (own := cells[0]).contestant == b.PRICES_OURS.name and own.done:
                sizes.append(people * count)
                took.append(own.seconds)
    k = slope(sizes, took)
    words = f"To a gap of 1e-3. This project's seconds grow as (customers x draws)^{k:.2f}."
    return f"{words}\n\n{table(HEAD, rows)}\n\n{quoted.FAMILY2}"


# frontiers


def frontier(book: Book) -> str:
    """All efficient menus of an enumerable problem, and 21 points of a shipped case."""
    shapes = [(3, 4, 8), *book.pick([], [(6, 5, 10)], [(6, 5, 10), (6, 6, 12)])]
    rows: list[list[str]] = []
    for shape in shapes:
        rows += efficient_rows(book, instances.menu(*shape, "alike", 1, conditions=False))
    head = ["instance", "contestant", "points found", "of", "solves", "solves per point", "seconds", "note"]
    market = market_frontier(book)
    words = "Margin against customers' usage, all efficient menus."
    return f"{words}\n\n{table(head, rows)}\n\n{market}\n\n{quoted.FRONTIER}"


def studied(book: Book) -> str:
    """21 points as a multiple of one bare search, over cases and seeds."""
    found = costs(seeds=book.pick(range(21, 23), range(101, 111), range(101, 111)))
    rows = [[c.name, c.points, c.solves, seconds(c.bare), seconds(c.study), f"{c.ratio:.1f}"] for c in found]
    ratios = sorted(c.ratio for c in found)
    middle = 0.5 * (ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2])
    rows.append([f"median and worst of {len(ratios)}", "", "", "", "", f"{middle:.1f}, {ratios[-1]:.1f}"])
    head = ["instance", "points", "solves", "CPU s, one bare search", "CPU s, the study", "searches' worth"]
    return f"21 proven points against one bare search of the same question.\n\n{table(head, rows)}"


def efficient_rows(book: Book, sent: Menu) -> list[list[str]]:
    """Every contestant on one enumerable problem."""
    truth, found = efficient_found(book, sent)
    if truth.get("failed"):
        return [[sent.name, b.FRONTIER_ALL.name, "-", "-", "-", "-", "-", truth["failed"]]]
    target = np.array(truth["points"])
    rows = [[sent.name, b.FRONTIER_ALL.name, len(target), len(target), "-", "-", seconds(truth["seconds"]), ""]]
    rows += [frontier_row(sent, contestant, raw, target) for contestant, raw in found]
    return [[str(x) for x in line] for line in rows]


def efficient_found(book: Book, sent: Menu) -> tuple[dict[str, Any], list[tuple[Contestant, dict[str, Any]]]]:
    """All efficient points, and what every contestant found of them."""
    arrays, params = b.menu_arrays(sent, False)
    params |= {"sides": ["usage", "margin"], "gap": 1e-6, "everything": True, "budget": 10.0, "walk": False}
    limit = max(book.limit, 60.0)
    truth = book.raw(b.FRONTIER_ALL, sent.name, arrays, params, limit)
    if truth.get("failed"):
        return truth, []
    more, scales = frontier_program(sent)
    peers = [
        (b.FRONTIER_OURS, arrays, params),
        (b.FRONTIER_WALK, arrays, params | {"walk": True}),
        (b.FRONTIER_AUGMECON, arrays | more, params | scales | {"samples": len(truth["points"])}),
        (b.FRONTIER_PYMOO, arrays, params),
    ]
    return truth, [(c, book.raw(c, sent.name, data, job, limit)) for c, data, job in peers]


def frontier_row(sent: Menu, contestant: Contestant, raw: dict[str, Any], target: Any) -> list[Any]:
    """How many of the efficient points one contestant found."""
    if raw.get("failed"):
        return [sent.name, contestant.name, "-", len(target), "-", "-", "-", raw["failed"]]
    points = np.array(raw["points"], dtype=float).reshape(-1, 2)
    size = np.abs(target).max(axis=0)
    near = np.abs(points[:, None, :] - target[None]) <= 1e-5 * size
    found = int(near.all(axis=2).any(axis=0).sum())
    solves = raw.get("solves", 0)
    each = f"{solves / found:.2f}" if found and solves and contestant.proves else "-"
    note = ("" if solves else "by complete enumeration") if contestant.proves else "evaluations, no proof"
    note = note or ("" if raw.get("complete", True) else "stopped by its limit")
    return [sent.name, contestant.name, found, len(target), solves, each, seconds(raw["seconds"]), note]


def frontier_program(sent: Menu) -> tuple[dict[str, Any], dict[str, Any]]:
    """The program with the margin as its aim and usage as a marked row that always holds."""
    from benchmarks.contestants_own import menu_problem
    from optimizer.formulation.program import build
    from optimizer.model.instance import Limit, combine

    problem = menu_problem(sent)
    loose = combine([(1.0, problem.figures["usage"])], 0.0)
    model = build(problem.instance, problem.figures["margin"], (Limit("usage", loose),))
    arrays, scales = b.compiled(model)
    from optimizer.solve.lowering import lower_program

    row_number = lower_program(model).rows["condition"][0]
    scales["x_scale"] = float(model.record.limit_scales[0])
    return arrays | {"p_x_row": np.array(row_number)}, scales


def market_frontier(book: Book) -> str:
    """21 points of a shipped case as a multiple of one solve."""
    rows = []
    for case in ("openai-2025-margin",):
        raw = market_points(book, case)
        if raw.get("failed"):
            rows.append([case, "-", "-", "-", "-", raw["failed"]])
        else:
            ratio = raw["seconds"] / raw["one"]
            rows.append([case, len(raw["points"]), seconds(raw["seconds"]), seconds(raw["one"]), f"{ratio:.1f}", ""])
    head = ["case (margin against market share)", "points", "seconds", "one solve, seconds", "solves' worth", "note"]
    return table(head, rows)


def market_points(book: Book, case: str) -> dict[str, Any]:
    """The raw frontier of a shipped case."""
    job = {"case": case, "x": "market_share", "gap": 1e-4}
    return book.raw(b.FRONTIER_MARKET, case, {}, job, max(book.limit, 60.0))


# targets


def targets(book: Book) -> str:
    """The project's targets with what was measured beside them."""
    rows = [*menu_targets(book), *price_targets(book), *peer_targets(book), *study_targets(book)]
    words = "Menus are of seed 1 alone: how far proofs get over many seeds is told by the suite spread."
    return f"{words}\n\n{table(['target', 'measured', 'met'], rows)}"


def judged(text: str, measured: str, met: bool | None) -> list[str]:
    return [text, measured, "-" if met is None else "yes" if met else "**no**"]


def menu_targets(book: Book) -> list[list[str]]:
    """Sizes of menus."""
    rows = []
    for family in ("alike", "random"):
        sent = instances.menu(30, 6, 40, family, 1)
        long = book.pick(book.limit, 100.0, 300.0)
        own, highs, best = (book.menu(c, sent, 1e-4, long) for c in (b.OURS, b.HIGHS, b.HIGHS_BEST))
        at_least = "" if highs.done else "more than "
        ratio = highs.seconds / own.seconds
        measured = (
            f"{closed(own)} s; HiGHS defaults {closed(highs)}, best settings {closed(best)}: "
            f"{at_least}{times(ratio)}, {times(best.seconds / own.seconds)}"
        )
        rows.append(judged(f"30 x 6 x 40, {family} tastes, both conditions: 1e-4 in 1 s, 100 x HiGHS", measured,
                           own.done and own.seconds < 1.0 and ratio >= 100.0))  # fmt: skip
        sent = instances.menu(100, 10, 100, family, 1)
        cell = book.menu(b.OURS, sent, 1e-3)
        text = f"100 x 10 x 100, {family} tastes, both conditions: 1e-3 in 10 s"
        rows.append(judged(text, closed(cell), cell.done and cell.seconds < 10.0))
        if book.mode != "quick":
            cell = book.menu(b.OURS, instances.menu(1000, 10, 100, family, 1), 1e-2, 60.0)
            text = f"1,000 x 10 x 100, {family} tastes, both conditions: gap at 60 s, aim 1 %"
            rows.append(judged(text, closed(cell), cell.done))
    return rows


def price_targets(book: Book) -> list[list[str]]:
    """The published families."""
    seeds = book.pick((7, 8, 12, 17), tuple(range(7, 22)), tuple(range(7, 22)))
    coarse = [book.prices(b.PRICES_OURS, instances.mixture(s), 1e-2) for s in seeds]
    fine = [book.prices(b.PRICES_OURS, instances.mixture(s), 1e-3) for s in seeds]
    good = sum(c.done and c.seconds < 1.0 for c in coarse)
    sharp = sum(c.done and c.seconds < 10.0 for c in fine)
    wrong = sum(map(book.false_bound, [*coarse, *fine]))
    best = [max(x.value, y.value) for x, y in zip(coarse, fine, strict=True)]
    reach = sum(found >= quoted.BEST_REVENUE[s] * (1 - 1e-5) for s, found in zip(seeds, best, strict=True))
    n = len(seeds)
    rows = [
        judged("family 1: every seed to 1 % in 1 s", f"{good} of {n}", good == n),
        judged("family 1: every seed to 0.1 % in 10 s", f"{sharp} of {n}", sharp == n),
        judged("family 1: no bound below a feasible value", f"{wrong} wrong", wrong == 0 and not coarse[0].failed),
        judged("family 1: best known revenue within 1e-5", f"{reach} of {n}", reach == n),
    ]
    scip, _, authors = family1_ratios(book, seeds)
    text = "family 1: 50 x faster than SCIP's ratio form (geometric mean, 1 %)"
    rows.append(judged(text, times(scip), scip >= 50.0))
    text = "family 1: 1,000 x faster in total than its authors' program (quoted seconds, another run)"
    rows.append(judged(text, times(authors), authors >= 1000.0))
    count = book.pick(100, 1000, 10_000)
    for people in (10, 50):
        cell = book.prices(b.PRICES_OURS, instances.parking(people, count), 1e-3)
        rows.append(judged(f"family 2: {people} people x {count} draws to 1e-3", closed(cell), cell.done))
    return rows


def peer_targets(book: Book) -> list[list[str]]:
    """choice-learn and Gurobi."""
    shape = (5, 5, 8) if book.mode == "quick" else (6, 6, 12)
    sent = instances.revenue_only(*shape, 1)
    named = Menu(**{**sent.__dict__, "name": f"{sent.name}, seed 1"})
    limit = book.limit if book.mode == "quick" else 120.0
    own, rival, text, better = (
        book.menu(c, named, 1e-4, limit) for c in (b.OURS, b.CHOICE, b.GUROBI_TEXT, b.GUROBI_OURS)
    )
    size = "x".join(map(str, shape))
    return [
        judged(f"10 x faster than choice-learn ({size})",
               f"{'' if rival.done else 'more than '}{times(rival.seconds / own.seconds)}",
               None if math.isnan(rival.seconds) else rival.seconds >= 10 * own.seconds),
        judged(f"faster than Gurobi on the textbook program ({size})",
               f"{times(text.seconds / own.seconds)} (on our program {times(better.seconds / own.seconds)})",
               None if text.failed else text.seconds > own.seconds),
    ]  # fmt: skip


def study_targets(book: Book) -> list[list[str]]:
    """The command and the frontiers."""
    from benchmarks.command import split

    wall, _, imports, solver, own = split("openai-2025-margin", book.pick(1, 3, 5))
    rows = [
        judged(
            "`optimizer run openai-2025-margin` under 3 s, at most 1 s of it ours besides imports and HiGHS",
            f"{seconds(wall)} s: imports {seconds(imports)}, HiGHS {seconds(solver)}, ours {seconds(own)}",
            wall < 3.0 and own <= 1.0,
        )
    ]
    raw = market_points(book, "openai-2025-margin")
    ratio = float("nan") if raw.get("failed") else raw["seconds"] / raw["one"]
    shown = raw.get("failed") or f"{ratio:.1f} ({seconds(raw['seconds'])} s)"
    rows.append(judged("21 points of openai-2025-margin within 10 solves' time", shown, ratio <= 10.0))
    sent = instances.menu(3, 4, 8, "alike", 1, conditions=False)
    truth, found = efficient_found(book, sent)
    if found:
        lines = [frontier_row(sent, c, r, np.array(truth["points"])) for c, r in found]
        walk = next(x for x in lines if x[1] == b.FRONTIER_WALK.name)
        text = "; ".join(f"{x[1]}: {x[2]} of {x[3]}, {x[5]} solves a point" for x in lines[:3])
        met = walk[2] == walk[3] and float(walk[5]) <= 1.2
        rows.append(judged("all efficient menus with at most 1.2 solves per point", text, met))
    return rows


def studies(book: Book) -> str:
    """What studies cost, and where the tornado's seconds go."""
    from optimizer.execution.choice import cores

    case, workers = "openai-2025-margin", max(2, cores())
    names = book.pick(["sensitivity"], list(STUDY_CALLS), list(STUDY_CALLS))
    measured = [[*r[:2], *map(seconds, r[2:])] for r in study_rows(case, names, workers)]
    head = ["study", "case", "CPU s, one process", "wall s", f"CPU s, {workers} workers", "wall s "]
    spent = tornado_phases(case)
    whole = sum(spent.values())
    parts = [[phase, seconds(taken), f"{taken / whole:.0%}"] for phase, taken in spent.items()]
    words = "From the interpreter's start; CPU is user and system, workers included."
    return f"{words}\n\n{table(head, measured)}\n\n{table(['phase of the tornado', 'CPU s', 'part'], parts)}"


SUITES: dict[str, tuple[str, Callable[[Book], str]]] = {
    "markets": ("Shipped markets", markets),
    "start": ("Start-up of commands", start),
    "command": ("From the command to the answer", command),
    "studies": ("Studies, and how they share the work", studies),
    "menus": ("Random menus, all contestants", menus),
    "growth": ("How time grows", growth),
    "hard": ("Large menus", hard),
    "choice": ("What choice-learn and Gurobi's free limit can express", choice),
    "family1": ("Published family 1: prices under finite mixtures", family1),
    "family2": ("Published family 2: parking prices", family2),
    "frontier": ("Frontiers", frontier),
    "studied": ("What a frontier costs", studied),
    "targets": ("Targets", targets),
    "spread": ("How far proofs get over many instances", spread),
    "months": ("Paths of menus over months", months),
}
