"""How a program runs on a machine: what it is run on, its life, its recording."""
