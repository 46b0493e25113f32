"""Memory and fork: what a fork does to address spaces, and what it costs."""
