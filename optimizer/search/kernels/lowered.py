"""The loop of ``levels.lowering`` in one compiled call: bound a box, drop levels, step down, until it is worth no more.

What it does bound by bound is what the Python loop does there and in ``levels.descent``; it comes back for all that
needs more than numbers. Imports numba.
"""

from __future__ import annotations

import numpy as np

from optimizer.search.kernels.asking import Ended, History, Lowered
from optimizer.search.kernels.compiled import Question, _bound, added_up, extremes, loop
from optimizer.search.levels.layout import EPS

PAUSED, STALLED, REMOVED, SMALL = (int(e) for e in (Ended.PAUSED, Ended.STALLED, Ended.REMOVED, Ended.SMALL))


@loop
def lower(  # type: ignore[no-untyped-def]
    tables, priced, conditions, columns, first, center, spans, course, effort, cutoff, value
):
    """Conditions alone first, then bounds by the multipliers and shifts of ``course`` as it moves them.

    ``columns``, ``first``: of the box, plan after plan; ``center``: (J,) reference; ``cutoff``, ``value``: of the
    incumbent. One function of over 60 lines, as pieces of it would pass a dozen arrays to each other.
    """
    plans, types, size = len(center), tables.weight.shape[1], len(columns)
    alone = len(conditions.rows)
    most = alone + max(0, min(effort.at_once, effort.rounds - course.counts[0]))
    columns, first, place = columns.copy(), first.copy(), np.arange(size)
    gone = np.full(size, most, dtype=np.intp)
    history = _history(most, size, course, tables.offset)
    small, large = np.empty((plans, types)), np.empty((plans, types))
    for j in range(plans):
        extremes(tables.weight, columns[first[j] : first[j + 1]], small[j], large[j])
    sums = added_up(small, large)
    taken, ended, closed = 0, STALLED, -np.inf
    while taken < alone or course.counts[0] < effort.rounds:
        single = taken < alone
        if not single and _menus(first) <= effort.box_menus:
            ended = SMALL
            break
        if taken == most:
            ended = PAUSED
            break
        if single:
            _set(history, taken, conditions.rows[taken], conditions.gpus[taken])
        else:
            _set(history, taken, course.rows, course.gpus)
            history.shift[taken] = course.shift
        weights, constant, absolute = _form(priced, history.rows[taken], history.gpus[taken])
        shift = history.shift[taken, : 0 if single else plans]
        question = Question(weights, constant, absolute, columns, first, center, shift, spans)
        total, flat, top, best, at, cut, rest, gradient, truth, fall = _bound(tables, question, sums)
        hopeful = not single and _promising(priced, truth, value, types)
        history.totals[taken] = np.array((total, at, rest, fall, 1.0 if hopeful else 0.0))
        history.flat[taken, : len(flat)], history.top[taken], history.best[taken] = flat, top, best
        history.cut[taken], history.at_best[taken], history.gradient[taken] = cut, truth, gradient
        limit = np.nextafter(0.0, -1.0) if single else cutoff
        taken += 1
        if total <= limit:
            ended = REMOVED
            break
        dropped = -np.inf
        if total - fall <= limit:
            dropped, columns, place, first = _drop(
                tables, columns, place, first, total, flat, top, best, limit, gone, taken - 1, small, large
            )
            if dropped > -np.inf:
                sums = added_up(small, large)
        if single:
            if dropped > -np.inf and priced.ruled:
                ended = PAUSED
                break
            continue
        closed = max(closed, dropped)
        _note(course, total, cut, gradient)
        if _stalled(course, effort, first, types * (1 + len(cut)), cutoff):
            break
        _step(tables.people, priced, course, effort, total - cutoff, course.numbers[2] - cutoff, cut, gradient)
        course.counts[0] += 1
        if (hopeful or (dropped > -np.inf and priced.ruled)) and course.counts[0] < effort.rounds:
            ended = PAUSED
            break
    return Lowered(ended, taken, alone, closed, gone, history)


@loop
def _history(most, size, course, offset):  # type: ignore[no-untyped-def]
    """Room for the bounds of one call."""
    plans, types = course.shift.shape
    figures = len(offset)
    return History(
        np.empty((most, 5)), np.empty((most, size)), np.empty((most, plans)), np.empty((most, plans), dtype=np.intp),
        np.empty((most, figures)), np.empty((most, figures)), np.empty((most, plans, types)),
        np.empty((most, plans, types)), np.empty((most, len(course.rows))), np.empty((most, len(course.gpus))),
    )  # fmt: skip


@loop
def _set(history, number, rows, gpus):  # type: ignore[no-untyped-def]
    history.rows[number], history.gpus[number] = rows, gpus


@loop
def _note(course, total, cut, gradient):  # type: ignore[no-untyped-def]
    """Keep the lowest bound."""
    if total < course.numbers[2]:
        course.numbers[2] = total
        course.best_shift[:], course.best_rows[:], course.best_gpus[:] = course.shift, course.rows, course.gpus
        course.best_cut[:], course.best_gradient[:] = cut, gradient


@loop
def _stalled(course, effort, first, each, cutoff):  # type: ignore[no-untyped-def]
    """Whether the bound did not fall by enough within the patience."""
    number = course.counts[0]
    if number - course.counts[1] < _patience(effort, first, each):
        return False
    course.counts[1] = number
    above = course.numbers[2] - cutoff
    stalled = course.numbers[1] - above < effort.falls_by * above
    if not stalled:
        course.numbers[1] = above
    return stalled


@loop
def _menus(first):  # type: ignore[no-untyped-def]
    menus = 1.0
    for j in range(len(first) - 1):
        menus *= first[j + 1] - first[j]
    return menus


@loop
def _patience(effort, first, each):  # type: ignore[no-untyped-def]
    """Bounds to wait for progress; see ``MenuRun.patience``. ``each``: numbers that a level has."""
    if _menus(first) <= effort.joined_menus:
        return effort.least_patience
    within = int(effort.patience_numbers // max(1, first[-1] * each))
    return max(effort.least_patience, min(effort.patience, within))


@loop
def _form(priced, rows, gpus):  # type: ignore[no-untyped-def]
    """Weights of all figures, constant, and sum of its absolute terms: ``bounds.make_form`` without a chord."""
    limits, blocks = len(rows), len(gpus)
    weights = np.empty(limits + blocks)
    weights[:limits] = rows
    constant, absolute = 0.0, 0.0
    for h in range(blocks):
        cost, price, part = 0.0, gpus[h], 0.0
        for k in range(limits):
            cost += rows[k] * min(priced.burst[k, h], 0.0)
        if np.isinf(priced.room[h]):
            price = min(price, -cost)
        else:
            part = max(0.0, price + cost) * priced.room[h]
        part += price * priced.reserved[h]
        weights[limits + h] = -price
        constant += part
        absolute += abs(part)
    return weights, constant, absolute


@loop
def _drop(  # type: ignore[no-untyped-def]
    tables, columns, place, first, total, flat, top, best, limit, gone, number, small, large
):
    """The largest bound of the levels at most at the limit, -inf where there are none, and what is left of the box.

    ``small`` and ``large`` follow. The best level of a plan has the box's own bound, which is above the limit.
    """
    left = np.empty(len(columns), dtype=np.intp)
    edges = first.copy()
    size, dropped = 0, -np.inf
    for j in range(len(first) - 1):
        begin, rest = size, total - top[j]
        for k in range(first[j], first[j + 1]):
            level = rest + flat[k]
            if level <= limit and columns[k] != best[j]:
                gone[place[k]] = number
                dropped = max(dropped, level)
            else:
                left[size] = k
                size += 1
        edges[j + 1] = size
        if size - begin < first[j + 1] - first[j]:
            extremes(tables.weight, columns[left[begin:size]], small[j], large[j])
    return dropped, columns[left[:size]], place[left[:size]], edges


@loop
def _promising(priced, truth, value, types):  # type: ignore[no-untyped-def]
    """Whether a menu's figures, burst left out, are those of a better incumbent; see ``evaluation.violation``."""
    limits, blocks = len(priced.burst), len(priced.reserved)
    aim, missed = truth[0], 0.0
    for k in range(limits):
        reached = truth[k]
        for h in range(blocks):
            reached += max(0.0, truth[limits + h] - priced.reserved[h]) * priced.burst[k, h]
        if k:
            missed += max(0.0, -reached) / priced.scales[k]
        else:
            aim = reached
    for h in range(blocks):
        over = max(0.0, truth[limits + h] - priced.reserved[h])
        if not np.isinf(priced.room[h]):
            missed += max(0.0, over - priced.room[h]) / priced.scales[limits + h]
    return aim > value and missed <= 64.0 * EPS * (types + 16)


@loop
def _slopes(priced, rows, gpus, cut):  # type: ignore[no-untyped-def]
    """(K + H,) subgradient by the multipliers; see ``multipliers.slopes``, without a chord."""
    limits, blocks = len(rows), len(gpus)
    slope = np.empty(limits - 1 + blocks)
    for k in range(1, limits):
        slope[k - 1] = cut[k]
    for h in range(blocks):
        cost, used = 0.0, 0.0
        for k in range(limits):
            cost += rows[k] * min(priced.burst[k, h], 0.0)
        unlimited = np.isinf(priced.room[h])
        if not unlimited and gpus[h] + cost > 0.0:
            used = priced.room[h]
        for k in range(1, limits):
            slope[k - 1] += min(priced.burst[k, h], 0.0) * used
        own = priced.reserved[h] - cut[limits + h] + used
        if (unlimited and gpus[h] >= -cost and own < 0.0) or (gpus[h] <= 0.0 and own > 0.0):
            own = 0.0
        slope[limits - 1 + h] = own
    for k in range(1, limits):
        if rows[k] <= 0.0 and slope[k - 1] > 0.0:
            slope[k - 1] = 0.0
    return slope


@loop
def _step(people, priced, course, effort, above, lead, cut, gradient):  # type: ignore[no-untyped-def]
    """Where to bound the box next; see ``descent.descend``, with the aim leading."""
    if above > effort.wild * lead:
        course.shift[:], course.rows[:], course.gpus[:] = course.best_shift, course.best_rows, course.best_gpus
        cut, gradient, above = course.best_cut, course.best_gradient, lead
        course.numbers[0] *= effort.shorter
    elif above == lead:
        course.numbers[0] = min(1.0, effort.longer * course.numbers[0])
    slope = _slopes(priced, course.rows, course.gpus, cut)
    everybody, norm = 0.0, 0.0
    for i in range(len(people)):
        everybody += people[i]
        for j in range(len(gradient)):
            norm += gradient[j, i] * gradient[j, i] / people[i]
    _pace(course, effort, slope)
    unit = np.empty(len(slope))
    for m in range(len(slope)):
        scale = priced.scales[1 + m]
        unit[m] = effort.steep * everybody / (scale * scale) * course.pace[0, m]
        norm += slope[m] * slope[m] * unit[m]
    if not norm > 0.0 or not np.isfinite(above):
        return
    length = course.numbers[0] * effort.polyak * above / norm
    limits = len(course.rows) - 1
    for m in range(limits):
        course.rows[1 + m] = max(0.0, course.rows[1 + m] - length * unit[m] * slope[m])
    for h in range(len(course.gpus)):
        course.gpus[h] = max(0.0, course.gpus[h] - length * unit[limits + h] * slope[limits + h])
    for j in range(len(gradient)):
        for i in range(len(people)):
            moved = course.shift[j, i] - length * gradient[j, i] / people[i]
            course.shift[j, i] = np.float64(np.float32(min(max(moved, -1e30), 1e30)))


@loop
def _pace(course, effort, slope):  # type: ignore[no-untyped-def]
    """One more slope; see ``multipliers.paced``."""
    factors, signs = course.pace[0], course.pace[1]
    for m in range(len(slope)):
        sign = np.sign(slope[m])
        if not course.counts[2]:
            factors[m], signs[m] = 1.0, sign
            continue
        turned = sign * signs[m] < 0.0
        faster = min(effort.fastest_pace, effort.pace_grows * factors[m])
        factors[m] = effort.pace_falls * factors[m] if turned else faster
        signs[m] = signs[m] if sign == 0.0 else sign
    course.counts[2] = 1
