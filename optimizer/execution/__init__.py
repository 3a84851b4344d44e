"""How work is carried out: where tasks run, what must be whole, and what must end with the process."""
