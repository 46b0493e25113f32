"""Redis: an event loop that answers clients and forks to save snapshots."""
