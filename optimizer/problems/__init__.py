"""Array-level problems that anyone can pose without a market."""

from optimizer.problems.menu import Burst, Condition, MenuProblem, MenuSolution, Ratio

__all__ = ["Burst", "Condition", "MenuProblem", "MenuSolution", "Ratio"]
