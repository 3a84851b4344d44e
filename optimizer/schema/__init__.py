"""The data dictionary: pydantic models of markets and cases."""

from optimizer.schema.base import Quantity
from optimizer.schema.case import Case, Change
from optimizer.schema.market import Market
from optimizer.schema.options import Options

__all__ = ["Case", "Change", "Market", "Options", "Quantity"]
