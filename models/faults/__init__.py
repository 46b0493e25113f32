"""Page faults: what is raised, what it does, what it costs, under which rules of sharing."""
