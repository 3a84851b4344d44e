"""What readers see: text, JSON and tables. Nothing here computes."""
