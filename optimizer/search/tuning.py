"""Every number that says how the searches spend their effort, in one place.

None of them touches what is proven: bounds are valid whatever is set, only the time to close the gap changes. Counts of
"numbers" are entries of arrays: of what a step reads, so that one rule serves 30 customer types and 30,000.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """Given to every search; the default is what the benchmarks measure."""

    # menus: what is enumerated
    whole_choices: int = 100_000
    """Choices up to which the whole problem is enumerated."""
    whole_numbers: float = 3e7
    """Less where choices times types and figures are more than these."""
    box_menus: int = 2048
    """Menus of a box that is enumerated."""
    box_numbers: float = 3e5
    """Less where menus times types and figures are more than these."""
    left_menus: int = 2000
    """Menus that the bounds of a box leave over, up to which they are evaluated."""
    left_numbers: float = 1e6
    """Less where menus times plans, types and figures are more than these."""
    chunk_numbers: int = 1 << 18
    """Numbers in one array of an evaluation: fits a second-level cache."""
    surviving_levels: int = 24
    """Levels per plan in the surviving box."""
    recheck_menus: int = 200_000
    """Menus of one part of a certificate that may have to be evaluated when it is rechecked."""

    # menus: incumbents
    first_starts: int = 4
    """Drawn menus that the first coordinate ascent starts from, at every mix level."""
    first_numbers: float = 2e7
    """Fewer starts, and not at every mix level, where the problem has more numbers than a part of these."""
    first_levels: int = 800
    """Levels of a plan, evenly among all, that this ascent looks at."""
    root_starts: int = 8
    """Menus favoured by bounds that ascent starts from at a root; elsewhere one."""
    ascent_every: int = 4
    """Ascent starts once in so many boxes."""
    running_plans: int = 12
    """Plans from which ascent keeps sums over plans from one plan to the next."""
    ascent_numbers: int = 4_000_000
    """Numbers in one array of moves; more starts are taken in halves."""

    polish_boxes: int = 8
    """Boxes after which incumbents are bettered by moves of two plans."""
    polish_levels: int = 8
    """How far each plan moves ..."""
    polish_numbers: float = 5e7
    """... or less, where that would look at more numbers."""
    polish_moves: int = 20
    """Moves of one incumbent."""

    # menus: bounds of one box
    rounds: int = 30
    """Bounds taken of a box before it is cut."""
    root_rounds: int = 64
    """The same for a root."""
    cutting_plane_rounds: int = 8
    """Of those at a root, how many move the reference menu and the multiplier alone."""
    kept_cuts: int = 12
    """Cuts that the multipliers are chosen by, and that a child inherits."""
    inward: float = 0.3
    """How far a multiplier chosen by cuts stays at the best one known."""
    largest_multiplier: float = 1e4
    """In units of the aim's size per size of the limit."""
    falls_by: float = 0.1
    """Part of the distance to the cutoff by which the bound must fall within the patience; else the box is cut."""
    numpy_patience: int = 4
    """Most bounds to wait for that, by numpy."""
    numpy_patience_numbers: int = 16_000_000
    """Fewer where they would read more than so many numbers."""
    compiled_patience: int = 8
    """Most bounds to wait for that, by compiled loops."""
    compiled_patience_numbers: int = 32_000_000
    """Fewer where they would read more than so many numbers."""
    least_patience: int = 2
    """Bounds to wait for in any case, and where sieves may settle the box at once."""
    wild: float = 1.15
    """A step that ends so many times as far above the cutoff as the best one is taken back, the next is shorter."""
    shorter: float = 0.5
    """Factor on the next step after a wild one."""
    longer: float = 1.3
    """Factor on the next step after one that led down."""
    polyak: float = 0.5
    """Part of Polyak's step that is taken."""
    relaxed_plans: int = 12
    """Plans from which a root's shifts come from its linear relaxation ..."""
    relaxed_work: float = 3e7
    """... where a step's equations take at most so many multiplications."""
    relaxed_depth: int = 1
    """So do those of boxes whose plans were merged at most so often."""
    relaxed_rounds: int = 8
    """Bounds taken of such a box."""
    relaxed_steps: int = 50
    """Most steps of the interior-point method."""
    relaxed_tolerance: float = 0.02
    """Part of the distance to the cutoff by which the relaxation may be missed."""
    relaxed_block: int = 48
    """Rows of a block of its equations: what BLAS does in one thread."""
    relaxed_missed: float = 1e-3
    """How far outside shares may miss their sums where it counts as solved."""
    relaxed_narrow: float = 1e-6
    """An interval of outside shares is taken as this part of itself wide at least, so that it has an inside."""
    relaxed_slack: float = 0.1
    """Slack of the first point, in means of what it is the slack of."""
    steep: float = 10.0
    """How far multipliers move against the shifts in one step."""
    pace_grows: float = 1.2
    """Factor on a multiplier's pace while its slope keeps its sign."""
    pace_falls: float = 0.5
    """Factor when the slope turns."""
    fastest_pace: float = 10.0
    """The largest pace."""

    # menus: bounds that know pairs of plans
    pair_sweeps: int = 12
    """Rounds of messages in one bound."""
    pair_rounds: int = 16
    """Bounds of one box."""
    pair_patience: int = 3
    """Bounds to wait for progress."""
    pair_width: float = 3.0
    """Largest over least size of the middle type up to which a box is bounded so."""
    pair_numbers: float = 4e8
    """Squared levels times types of a box up to which it is bounded so."""
    pair_matrix: int = 256
    """Types from which pairs of levels are taken by numpy's matrix product."""
    pair_worse: float = 2.5
    """A box is left to other bounds where the first such bound lies so many times as far above the cutoff."""
    pair_reach: float = 1.0
    """How far a multiplier may move at first in one step, as a part of itself."""
    reach_grows: float = 2.0
    """Factor on that after a step that led down."""
    farthest: float = 4.0
    """The most it grows to."""
    least_reach: float = 0.02
    """Multipliers below this, in units of the aim's size per size of the limit, move as far as one of this size."""

    # menus: sifting, cutting and merging
    sieves: int = 3
    """Bounds of a box that its menus are sifted by."""
    sifted_parts: int = 8_000
    """Most menus, or parts of menus, that may be left over while sifting."""
    sifted_wider: int = 4
    """How many times that many may pass the first sieve before the others are tried."""
    sifted_nodes: int = 2_000_000
    """Parts of menus that the compiled loops look at while sifting."""
    joined_menus: int = 1_000_000
    """Most menus of a box that is sifted in halves."""
    smaller_part: int = 8
    """Of two parts of a box, the smaller one keeps at least one level in so many."""
    share_types: int = 30
    """Types up to which boxes may be cut by the sizes of types ..."""
    share_plans: int = 12
    """... where there are as many plans."""
    share_merged_levels: int = 8_000
    """Levels of merged plans there up to which a box's plans are taken together."""
    confined_plans: int = 12
    """Plans from which boxes are confined to spans of sizes."""
    confined_rounds: int = 4
    """How often a box is confined and relaxed again ..."""
    confined_falls: float = 0.2
    """... while its distance to the cutoff falls by such a part."""
    confined_prices: float = 100.0
    """Prices of a size that are tried: what the bound has to spare by the span's width, times or by up to this ..."""
    confined_tries: int = 12
    """... in so many steps."""
    confined_least: float = 0.02
    """Part of its span that an end must move by."""
    confined_outward: float = 1e-9
    """Part of itself that an end stays further out, for rounding."""
    fitting_rounds: int = 3
    """How often levels that do not fit the spans are looked for, as each that goes makes others not fit."""
    fitting_slack: float = 1e-9
    """Part of a size by which it may miss its span, for rounding."""
    share_narrow: float = 0.02
    """Spans no wider than this part of themselves are not cut."""
    share_least: float = 0.1
    """Part of the bound's error that a type must be to blame for."""
    share_margin: float = 0.5
    """Part of a span's logarithm at either end where it is not cut."""
    merged_levels: int = 600
    """Levels of merged plans up to which a box's plans are taken together."""
    merged_pairs: int = 4_000_000
    """Largest table of allowed pairs of merged levels."""

    # menus: thresholds of a frontier
    stretch_bounds: int = 12
    """Bounds of a stretch that those below it and searches at its thresholds begin with."""
    known_around: int = 2
    """Menus known on either side of a threshold from which a search there begins."""
    offered: int = 4
    """Menus of a batch, at most, that are evaluated one by one for other thresholds."""

    # menus: kernels
    wide_levels: int = 1_000
    """Levels from which a plan has very many: a nest taken together. See ``levels.wide``."""
    wide_tables: int = 3
    """Tables of such plans that are kept for other mix levels."""
    compiled_numbers: int = 75_000_000
    """Numbers read by bounds from which a search takes to compiled loops; loading them costs as much time."""
    sure_bounds: int = 16
    """Bounds that a search takes at least: one whose first bounds will read that many numbers takes to them at once."""
    loading_seconds: float = 1.0
    """Time that must be left under a limit for loading them."""
    counted_levels: int = 2_000
    """Levels of a plan that count for that: numpy reads those of very many once for all mix levels."""
    bound_numbers: int = 500_000
    """A bound counts as reading at least these: of a small one the calls around it take the time."""
    plans_at_once: int = 30_000
    """Numbers of a box up to which numpy bounds all plans in one array operation."""
    shared_numbers: int = 1_500_000
    """Numbers read for one bound from which two threads share the compiled loops; smaller boxes are lowered whole."""
    together: int = 2
    """Boxes that compiled loops lower side by side."""
    lowered_numbers: int = 16_000_000
    """Numbers that they read before they look at the clock."""

    # prices: which branching serves
    corner_types: int = 3
    """Types up to which outside shares are branched on; a box has 2^types corners."""
    corner_plans: int = 6
    """Above so many plans, one type more."""
    shared_corner_types: int = 7
    """Types up to which outside shares are branched on where all share one slope per plan ..."""
    shared_corner_plans: int = 10
    """... and plans are more than these."""
    taylor_plans: int = 2
    """Plans up to which the second-order bound of all types together serves other problems."""

    # prices: by cells
    cell_rounds: int = 12
    """Bounds taken of a box while its shifts are lowered."""
    cell_root_rounds: int = 60
    """The same for the root."""
    least_cells: int = 6
    """Cells per price interval, at least."""
    most_cells: int = 24
    """Cells per price interval, at most."""
    cell_density: float = 3.0
    """Cells per unit of utility."""
    tired: float = 0.8
    """Factor on the next step after one that led neither down nor far up."""
    cell_batch: int = 16
    """Most boxes that are cut at once."""
    cell_numbers: int = 2_000_000
    """Numbers in one array of a batch of boxes."""
    cut_points: int = 33
    """Points of a price interval among which the cut is chosen ..."""
    cut_margin: int = 3
    """... but for so many at either end."""

    # prices: by outside shares
    share_rounds: int = 4
    """Newton steps on the multipliers of a box."""
    temperature: float = 0.1
    """Of the smoothed maximum over a box's corners, in units of the corners' spread."""
    share_batch: int = 24
    """Most boxes that are cut at once."""
    share_numbers: int = 2_000_000
    """Numbers in one array of a batch of boxes."""

    # prices: by second-order bounds
    taylor_batch: int = 32
    """Most boxes that are cut at once."""
    taylor_numbers: int = 500_000
    """Numbers of all types and plans of a batch of boxes."""
    taylor_chunk: int = 32_768
    """Numbers of a chunk of types: intermediate arrays stay in the cache."""

    # prices: incumbents
    revenue_numbers: int = 2_000_000
    """Numbers in one intermediate array of a revenue."""
    trial_steps: int = 4
    """Steps of ascent that tell whether a candidate may lead to a better maximum."""


DEFAULT = Tuning()
