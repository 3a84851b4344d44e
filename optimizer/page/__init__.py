"""The live page: a market's facts and the formulas in one file that answers while a price is dragged."""
