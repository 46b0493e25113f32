"""The programs, a module or a folder each."""
