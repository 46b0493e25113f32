"""The readers, one a format."""
