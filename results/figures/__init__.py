"""Figures of any run: their look, their panels, and the picture that fits what was run."""
