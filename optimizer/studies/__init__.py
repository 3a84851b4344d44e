"""Studies: the one path from case to plan, called again with a changed case or limit."""
