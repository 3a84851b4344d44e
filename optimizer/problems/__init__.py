"""Array-level problems that anyone can pose without a market."""
