"""The items of the On-demand-fork paper: simulated, drawn, and held against what was published."""
