"""The inner loops of the search by levels: one protocol, in numpy and compiled."""

from optimizer.search.kernels.choice import ChosenKernel, load
from optimizer.search.kernels.kernel import Kernel, numbers_read

__all__ = ["ChosenKernel", "Kernel", "load", "numbers_read"]
