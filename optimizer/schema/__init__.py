"""The data dictionary: pydantic models of markets and cases."""

from optimizer.schema.base import Quantity
from optimizer.schema.case import Case
from optimizer.schema.market import Market
from optimizer.schema.options import Options

__all__ = ["Case", "Market", "Options", "Quantity"]
