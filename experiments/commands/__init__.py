"""What each command does: one module a command, its ``main`` returning the exit code."""
