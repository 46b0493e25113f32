"""The figures and tables of the paper, a module each."""
