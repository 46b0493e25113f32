"""The kernel of a machine: time and locks for what a scheme does, and the books of its memory."""
