"""Fork schemes, a module each, and their registry."""
