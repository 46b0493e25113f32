"""From combinations to points that can be simulated."""
