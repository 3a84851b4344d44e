"""How work is carried out: what must be whole, and what must end with the process."""
