"""The experiments behind the paper's figures and tables."""
