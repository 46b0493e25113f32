"""From the sweep of an experiment to combinations of values."""
