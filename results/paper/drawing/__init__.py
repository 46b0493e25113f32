"""How figures and tables of the paper are drawn: simulated and published side by side."""
