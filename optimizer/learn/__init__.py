"""A market learned from what a company has: tables, reduced to statistics, and what is estimated from them."""
