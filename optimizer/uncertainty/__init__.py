"""Deciding over many draws of the uncertain numbers at once, with proofs."""
