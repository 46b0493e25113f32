"""What a kernel does with memory when asked: fill, copy, move, protect, remove, step by step."""
