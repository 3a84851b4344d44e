"""We lead with a menu and rivals answer with prices: the best that can be had so, proven."""
