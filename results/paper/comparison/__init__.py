"""How far the simulation is from what was published, which way round, and why."""
