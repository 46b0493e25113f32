"""The programs that run on the simulated machine, and the traces that drive them."""
