"""Array-level problems that anyone can pose without a market."""

from optimizer.problems.menu import Burst, Condition, MenuProblem, MenuSolution, Ratio
from optimizer.problems.price import PriceProblem, PriceSolution

__all__ = ["Burst", "Condition", "MenuProblem", "MenuSolution", "PriceProblem", "PriceSolution", "Ratio"]
