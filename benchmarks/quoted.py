"""Figures that were measured elsewhere or published; shown as quoted, never as ours."""

BEST_REVENUE = {
    7: 1492.173, 8: 994.471, 9: 2560.772, 10: 1351.623, 11: 1736.188, 12: 603.566, 13: 1769.944, 14: 2375.432,
    15: 2281.339, 16: 2997.022, 17: 917.326, 18: 1673.981, 19: 3233.857, 20: 1609.245, 21: 2653.151,
}  # fmt: skip
"""Best known revenue of each seed of family 1, to three decimals."""

FAMILY1_SECONDS = {
    7: ("7.2", "0.84"), 10: ("0.29 (invalid bound)", "0.76"), 11: ("8.5", "5.0"), 12: ("13.0 (invalid bound)", "2.0"),
    14: ("51.7", "0.94"), 15: ("349 (invalid bound)", "0.94"), 16: ("52.9 (invalid bound)", "8.0"),
    17: ("269 (invalid bound)", "2.7"), 18: ("98.9 (invalid bound)", "2.5"), 19: ("-", "6.5"), 20: ("-", "22.6"),
    21: ("-", "35.1"),
}  # fmt: skip
"""Seconds to 1 %, one thread of a 2-core machine: the authors' program, SCIP 10 on a ratio form."""

FAMILY1 = (
    "Quoted: van de Geer and den Boer (Management Science 2022) report for 40 repetitions to 1 % on a six-core laptop "
    "0.5-2 s with two segments, 4-25 s with three, 60 s (10 products) to 1,000 s (50) with four. Their program's bound "
    "lay below a feasible value in 6 of 17 instances tried."
)
FAMILY2 = (
    "Quoted: Haering et al. (OR Spectrum 2024), breakpoint enumeration, one price with 1,000,000 draws in 77 s, 300 "
    "times faster than Marandi and Lurkin (2020). People's traits are drawn here, so these are not their instances."
)
FORMULATIONS = (
    "Quoted (another run, the same family): at 6 plans x 12 levels x 6 segments HiGHS 2.6-3.5 s on this project's "
    "program, Gurobi 13 2.5-5.1 s on Mendez-Diaz's and 0.4-1.0 s on this project's, SCIP 19-25 s."
)
CHOICE = "Quoted (another run): choice-learn 1.3.3 64.5 s against 5.6 s at 6 plans x 12 levels x 6 segments."
FRONTIER = (
    "Quoted (another run): pyaugmecon 2.0.1 found 5 of 6 non-dominated points with 2.4-2.6 solves a point where a warm "
    "epsilon-constraint found 6 of 6 with 1.17."
)
