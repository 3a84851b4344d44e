"""A market learned from what a company has: its tables, reduced to small statistics, and what is estimated from them."""
